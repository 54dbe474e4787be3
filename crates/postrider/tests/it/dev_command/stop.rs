//! A stop in good order, with a receiver that takes its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Binary, Gate, KEY, Receiver, await_until, new_app, new_endpoint, publish};

#[tokio::test]
async fn sigterm_lets_a_slow_receiver_finish_and_exits_in_time() {
    let gate = Gate::shut();
    let receiver = Receiver::start().await;
    receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let mut server = Binary::serve().await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({})).await;
    let message = publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;

    server.terminate();
    let began = Instant::now();
    await_until("the server to accept nothing more", async || {
        client.ask(http::Method::GET, "/readyz").try_send().await.is_err().then_some(())
    })
    .await;
    gate.open();
    assert_eq!(server.ended(Duration::from_secs(25)).await, Some(0));
    assert!(began.elapsed() < Duration::from_secs(25));
    let data = server.kill();

    let server = Binary::start(&["serve"], &[], data).await;
    let page = server.client().get(&format!("{app}/attempt/msg/{message}")).await.must(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "recorded before the end, and not sent again");
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn sigterm_does_not_wait_for_ever() {
    let receiver = Receiver::start().await;
    receiver.script("/hook", [Answer::status(200).when(&Gate::shut())]);
    let data = Arc::new(tempfile::tempdir().unwrap());
    let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8", "--set", "server.shutdown_grace=2s"];
    let mut server = Binary::start(&arguments, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data).await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({"timeoutSeconds": 60})).await;
    publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;
    server.terminate();
    assert_eq!(server.ended(Duration::from_secs(10)).await, Some(0));
    // It was under way, so it is sent again.
    let data = server.kill();
    let _server = Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &[], data).await;
    let requests = receiver.wait("/hook", 2).await;
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
}
