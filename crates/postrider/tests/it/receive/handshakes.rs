//! Providers that ask before they send.

use http::Method;
use postrider_core::time::{Clock as _, SystemClock};
use serde_json::json;

use super::{SECRET, Scene, send};
use crate::support::hmac_hex;

#[tokio::test]
async fn a_challenge_is_answered_and_is_no_event() {
    let scene = Scene::new("slack", json!({"secret": SECRET})).await;
    let body =
        r#"{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#;
    let at = SystemClock::default().now().as_seconds().to_string();
    let signature = format!("v0={}", hmac_hex(SECRET, &format!("v0:{at}:{body}")));
    let headers = [("x-slack-request-timestamp", at.as_str()), ("x-slack-signature", signature.as_str())];
    let reply = scene.send(&headers, body).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"), "{reply}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(scene.receptions().await.len(), 0);
}

#[tokio::test]
async fn a_verify_token_opens_the_door_and_a_wrong_one_does_not() {
    let scene = Scene::new("meta", json!({"secret": SECRET, "verifyToken": "sesame"})).await;
    for (token, status, body) in [("sesame", 200, "1158201444"), ("simsim", 403, "")] {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
        let address = format!("{}?{query}", scene.source.address);
        let reply = scene.client.without_key().ask(Method::GET, &address).send().await;
        assert_eq!(reply.status, status, "{reply}");
        assert!(!body.is_empty() && reply.text() == body || status == 403, "{reply}");
    }
    let shown = scene.client.get(&scene.source.path).await.must(200).to_string();
    assert!(!shown.contains("sesame") && !shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn a_secret_is_learned_once_and_nothing_is_taken_before() {
    let scene = Scene::new("asana", json!({})).await;
    let body = r#"{"events":[]}"#;
    let early = scene.send(&[("x-hook-signature", &hmac_hex("learned", body))], body).await;
    assert!(early.status >= 400, "nothing can be checked yet: {early}");
    let reply = scene.send(&[("x-hook-secret", "learned")], "{}").await;
    assert_eq!((reply.status, reply.header("x-hook-secret")), (200, "learned"), "{reply}");
    let usurper = scene.send(&[("x-hook-secret", "another")], "{}").await;
    assert_ne!(usurper.header("x-hook-secret"), "another", "{usurper}");

    let event = r#"{"events":[{"action":"changed","resource":{"resource_type":"task","gid":"7"}}]}"#;
    assert!(scene.send(&[("x-hook-signature", &hmac_hex("another", event))], event).await.status >= 400);
    scene.send(&[("x-hook-signature", &hmac_hex("learned", event))], event).await.must(200);
    scene.receiver.wait("/hook", 1).await;
    let seen = scene.receptions().await;
    assert_eq!(
        (seen.len(), &seen[0]["verdict"], &seen[0]["eventType"]),
        (1, &json!("verified"), &json!("task.changed"))
    );
    // What was learned outlives a change that says nothing of it.
    let body = json!({"name": "renamed", "type": "asana", "config": {}});
    scene.client.put(&scene.source.path, body).await.must(200);
    let event = event.replace('7', "8");
    send(&scene.client, &scene.source.address, &[("x-hook-signature", &hmac_hex("learned", &event))], &event)
        .await
        .must(200);
}
