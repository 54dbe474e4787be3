//! A second signal, for whoever cannot wait.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Binary, Gate, Receiver, await_until, new_app, new_endpoint, publish};

/// A server that has a delivery under way, which the receiver answers when the gate is open.
async fn busy() -> (Binary, Receiver, Gate) {
    let gate = Gate::shut();
    let receiver = Receiver::start().await;
    receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let server = Binary::serve().await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({"timeoutSeconds": 60})).await;
    publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;
    (server, receiver, gate)
}

#[tokio::test]
async fn a_second_sigterm_ends_it_at_once_and_the_next_start_delivers() {
    let (mut server, receiver, gate) = busy().await;
    server.terminate();
    await_until("the server to accept nothing more", async || {
        let client = server.client();
        client.ask(http::Method::GET, "/readyz").try_send().await.is_err().then_some(())
    })
    .await;
    // The delivery is still under way, so nothing but insisting ends it. The first of these may be too soon after the
    // signal above to be told from an echo of it.
    await_until("the server to be told twice", async || {
        server.terminate();
        server.log().contains("stopping at once").then_some(())
    })
    .await;
    assert_eq!(server.ended(Duration::from_secs(5)).await, Some(130), "as docs/cli.md says");

    let data = server.kill();
    gate.open();
    let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8"];
    let _server = Binary::start(&arguments, &[], Arc::clone(&data)).await;
    let requests = receiver.wait("/hook", 2).await;
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
}

#[tokio::test]
async fn an_echo_of_the_first_signal_is_not_a_second_one() {
    let (mut server, receiver, gate) = busy().await;
    server.terminate();
    server.terminate();
    await_until("the server to stop", async || server.log().contains("stopping").then_some(())).await;
    gate.open();
    assert_eq!(server.ended(Duration::from_secs(25)).await, Some(0), "{}", server.log());
    assert_eq!(receiver.count(), 1);
}
