//! The signature panel with what providers send.

use http::Method;

use super::{newest, open, send};
use crate::support::Client;
use crate::tools::Tool;

/// What the panel says of the newest request.
async fn told(client: &Client, preset: &str, secret: &str) -> String {
    let number = newest(client, "a").await;
    let fields = [("request", number.as_str()), ("preset", preset), ("secret", secret)];
    send(client, "/bin/a/-/verify", &fields).await.text()
}

#[tokio::test]
async fn githubs_own_example_verifies() {
    let (_server, client) = open().await;
    client
        .ask(Method::POST, "/bin/a")
        .header("content-type", "text/plain")
        .header("x-github-event", "ping")
        .header(
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        )
        .body("Hello, World!")
        .send()
        .await
        .must(200);
    let right = told(&client, "github", "It's a Secret to Everybody").await;
    assert!(right.contains("</span>verified</span>") && right.contains("<strong>ping</strong>"), "{right}");
    let wrong = told(&client, "github", "It's no secret").await;
    assert!(wrong.contains("</span>failed</span>") && wrong.contains("</span>wrong</span>"), "{wrong}");
    let other = told(&client, "slack", "It's a Secret to Everybody").await;
    assert!(
        other.contains("</span>failed</span>") && other.contains("x-slack-"),
        "it says what is missing: {other}"
    );
    assert!(told(&client, "nobody", "x").await.contains("there is no such preset"));
}

#[tokio::test]
async fn what_trigger_sends_for_stripe_verifies_also_much_later() {
    let (server, client) = open().await;
    let to = format!("http://{}/bin/a", server.address);
    Tool::run(&["trigger", "stripe", "invoice.paid", "--to", &to, "--secret", "whsec_test"]).await.ends(0);
    server.clock.advance(std::time::Duration::from_secs(86_400));
    let right = told(&client, "stripe", "whsec_test").await;
    assert!(right.contains("</span>verified</span>") && right.contains("invoice.paid"), "{right}");
}

#[tokio::test]
async fn a_body_that_was_cut_is_not_checked() {
    let server = crate::support::Server::builder().open_bins().set("bins.body", "1KiB").start().await;
    let client = server.client().without_key();
    client.ask(Method::POST, "/bin/a").body("x".repeat(2_000)).send().await.must(200);
    assert!(told(&client, "github", "x").await.contains("the body was cut"));
}
