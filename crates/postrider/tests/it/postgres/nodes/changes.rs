//! What is changed at one node holds at the others, within the time of a beat.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::nodes;
use crate::support::{
    Binary, Client, Database, Received, Receiver, await_until, new_app, new_endpoint, publish,
};

/// The longest that a change may take.
const CHANGE_MAX: Duration = Duration::from_secs(1);
/// A message that has not come by then was not sent.
const SENT_WITHIN: Duration = Duration::from_millis(400);

/// Publishes at every node until a message from each has come to as many paths as there are endpoints.
pub(super) async fn known_everywhere(nodes: &[Binary], app: &str, receiver: &Receiver, endpoints: usize) {
    for node in nodes {
        until(&node.client(), app, receiver, |came| came.len() == endpoints).await;
    }
}

/// Publishes at a node until `holds` of what came of one message, and gives how long that took.
async fn until(
    client: &Client,
    app: &str,
    receiver: &Receiver,
    holds: impl Fn(&[Received]) -> bool,
) -> Duration {
    let began = Instant::now();
    await_until("a change to hold", async || {
        let asked = began.elapsed();
        let id = publish(client, app, json!({"eventType": "t", "payload": {}})).await;
        let end = Instant::now() + SENT_WITHIN;
        loop {
            let requests = receiver.requests();
            let came: Vec<_> =
                requests.into_iter().filter(|request| request.header("webhook-id") == id).collect();
            if holds(&came) && (!came.is_empty() || Instant::now() >= end) {
                return Some(asked);
            }
            if Instant::now() >= end {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_that_are_changed_at_one_node_are_changed_at_all() {
    let Some(database) = Database::fresh() else { return };
    let (nodes, receiver) = (nodes(&database, 3).await, Receiver::start().await);
    let app = new_app(&nodes[0].client(), "one").await;
    let endpoint = new_endpoint(&nodes[0].client(), &app, &receiver.url("/0"), json!({})).await;
    let path = format!("{app}/endpoint/{endpoint}");
    known_everywhere(&nodes, &app, &receiver, 1).await;
    let at = |node: usize| nodes[node % 3].client();
    let holds_everywhere = async |what: &str, holds: &dyn Fn(&[Received]) -> bool| {
        for node in &nodes {
            let took = until(&node.client(), &app, &receiver, holds).await;
            println!("{what}: {took:?}");
            assert!(took <= CHANGE_MAX, "{what} took {took:?}");
        }
    };

    // Whichever node owns it: each makes a change once.
    for node in 0..3 {
        let (url, to) = (format!("/changed-{node}"), receiver.url(&format!("/changed-{node}")));
        at(node).patch(&path, json!({"url": to})).await.must(200);
        holds_everywhere("a URL", &|came| came.len() == 1 && came[0].path == url).await;

        at(node).patch(&path, json!({"disabled": true})).await.must(200);
        holds_everywhere("disabling", &<[Received]>::is_empty).await;
        at(node + 1).patch(&path, json!({"disabled": false})).await.must(200);
        holds_everywhere("enabling", &|came| came.len() == 1).await;

        let rotated = at(node).post(&format!("{path}/secret/rotate"), json!({})).await.must(200);
        let secret = rotated["key"].as_str().unwrap();
        holds_everywhere("a secret", &|came| came.len() == 1 && came[0].verified_by(secret).is_ok()).await;
    }
    at(1).delete(&path).await.must(204);
    holds_everywhere("deleting", &<[Received]>::is_empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_event_types_and_environments_that_are_changed_at_one_node_are_changed_at_all() {
    let Some(database) = Database::fresh() else { return };
    let nodes = nodes(&database, 3).await;
    let app = new_app(&nodes[0].client(), "one").await;
    let operator = |node: usize| Client::of_socket(nodes[node].data.path().join("control.sock"));
    let environments = operator(0).get("/api/v1/environment").await.must(200);
    let environment = environments["data"][0]["id"].as_str().unwrap().to_owned();

    // Each node has seen the key as unknown, then as known, and must then see it as revoked.
    let key = json!({"name": "short", "scope": "environment", "environment": environment});
    let made = operator(1).post("/api/v1/key", key).await.must(201);
    let token = made["token"].as_str().unwrap();
    let answers = async |node: &Binary| node.client().with_key(token).get(&app).await.status;
    for node in &nodes {
        await_until("a key to be known", async || (answers(node).await == 200).then_some(())).await;
    }
    operator(1).delete(&format!("/api/v1/key/{}", made["id"].as_str().unwrap())).await;
    within("a revoked key is refused", &nodes, async |node| answers(node).await == 401).await;

    let strict = json!({"unknownEventTypes": "refuse"});
    nodes[2].client().patch("/api/v1/environment/settings", strict).await.must(200);
    let message: Value = json!({"eventType": "order.paid", "payload": {}});
    let publishes =
        async |node: &Binary| node.client().post(&format!("{app}/msg"), message.clone()).await.status;
    within("unknown types are refused", &nodes, async |node| publishes(node).await == 422).await;
    let made = json!({"name": "order.paid", "description": "Paid."});
    nodes[1].client().post("/api/v1/event-type", made).await.must(201);
    within("a new type is known", &nodes, async |node| publishes(node).await == 202).await;
}

/// Looks at every node until `holds`, which must not take longer than a change may.
async fn within(what: &str, nodes: &[Binary], holds: impl AsyncFn(&Binary) -> bool) {
    let began = Instant::now();
    for node in nodes {
        await_until(what, async || holds(node).await.then_some(())).await;
        let took = began.elapsed();
        println!("{what}: {took:?}");
        assert!(took <= CHANGE_MAX, "{what} took {took:?}");
    }
}
