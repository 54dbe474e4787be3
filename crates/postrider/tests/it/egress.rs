//! The door out: whatever an endpoint says, nothing is dialled that the operator has not opened.
//!
//! What is checked is connections, not answers: a listener on loopback counts who comes, and none may. [`literal`]
//! tries every known bypass at every door; [`dynamic`] changes what is behind a name or an answer.

mod dynamic;
mod literal;
mod urls;

use serde_json::{Value, json};

use crate::support::{Client, await_until};

/// Waits until the endpoint has `count` attempts, and gives them, oldest first.
async fn attempts_at(client: &Client, app: &str, endpoint: &str, count: usize) -> Vec<Value> {
    let path = format!("{app}/attempt/endpoint/{endpoint}?limit=250");
    await_until(&format!("{count} attempts at {endpoint}"), async || {
        let page = client.get(&path).await.must(200);
        let mut attempts = page["data"].as_array().unwrap().clone();
        attempts.reverse();
        (attempts.len() >= count).then_some(attempts)
    })
    .await
}

/// The egress rules ended this attempt before anything was dialled.
#[track_caller]
fn assert_blocked(attempt: &Value) {
    assert_eq!(
        (&attempt["responseStatusCode"], &attempt["failure"]["class"]),
        (&json!(0), &json!("blocked")),
        "{attempt}"
    );
    assert!(attempt["remoteAddress"].is_null(), "{attempt}");
}
