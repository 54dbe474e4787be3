//! `postrider explain`: guesses, and what is missing beside the secret.

use serde_json::Value;

use super::Tool;

async fn explain(headers: &[&str], more: &[&str], code: i32) -> Vec<Value> {
    let mut arguments = vec!["explain", "--body", "-", "--output", "json"];
    for header in headers {
        arguments.extend(["--header", *header]);
    }
    arguments.extend(more);
    let told = Tool::fed(&arguments, b"{\"action\":\"opened\"}").await.json(code);
    told.as_array().unwrap().clone()
}

#[tokio::test]
async fn the_provider_of_the_headers_comes_first() {
    let signature = format!("X-Hub-Signature-256: sha256={}", "0".repeat(64));
    let guesses = explain(&["X-GitHub-Event: issues", &signature], &[], 0).await;
    assert_eq!(guesses[0]["preset"], "github", "{guesses:?}");
    assert_eq!(guesses[0]["lacks"], Value::Null);
    assert!(guesses[0]["secret"].as_str().unwrap().len() > 10, "says which secret: {guesses:?}");
    assert!(guesses[0]["command"].as_str().unwrap().starts_with("postrider verify --preset github "));
}

#[tokio::test]
async fn what_is_missing_beside_the_secret_is_named() {
    let signature = format!("X-Slack-Signature: v0={}", "0".repeat(64));
    let guesses = explain(&[&signature], &[], 0).await;
    let slack = guesses.iter().find(|guess| guess["preset"] == "slack").unwrap();
    assert!(slack["lacks"].as_str().unwrap().contains("x-slack-request-timestamp"), "{slack}");
}

#[tokio::test]
async fn an_old_request_is_to_be_checked_as_of_its_own_time() {
    let signature = format!("Stripe-Signature: t=1614265330,v1={}", "0".repeat(64));
    let guesses = explain(&[&signature], &["--at", "1700000000"], 0).await;
    assert_eq!(guesses[0]["preset"], "stripe", "{guesses:?}");
    assert_eq!(guesses[0]["lacks"], Value::Null);
    assert!(guesses[0]["command"].as_str().unwrap().contains("--at 1614265330"), "{guesses:?}");
}

#[tokio::test]
async fn nobody_is_guessed_from_nothing() {
    assert_eq!(explain(&["Content-Type: application/json"], &[], 1).await.len(), 0);
    let told = Tool::fed(&["explain", "--body", "-"], b"").await;
    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""));
    assert!(told.stderr.contains("no provider"), "{told:?}");
}
