//! Endpoints are shared among the nodes, and what is published at any of them arrives once.

use serde_json::json;

use super::{all_arrived_from, nodes, times};
use crate::support::{Database, Receiver, new_app, new_endpoint, publish};

const ENDPOINTS: usize = 30;
const MESSAGES: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_send_each_to_their_own_endpoints_and_everything_once() {
    let Some(database) = Database::fresh() else { return };
    let (nodes, receiver) = (nodes(&database, 3).await, Receiver::start().await);
    let app = new_app(&nodes[0].client(), "one").await;
    for endpoint in 0..ENDPOINTS {
        // Made at one node, and known at the others.
        let client = nodes[endpoint % 3].client();
        new_endpoint(&client, &app, &receiver.url(&format!("/{endpoint}")), json!({})).await;
    }
    // A node that has not heard of all endpoints yet accepts for those that it knows.
    super::changes::known_everywhere(&nodes, &app, &receiver, ENDPOINTS).await;
    let before = receiver.count();
    for n in 0..MESSAGES {
        let client = nodes[n as usize % 3].client();
        publish(&client, &app, json!({"eventType": "t", "payload": {"n": n}})).await;
    }
    let all = ENDPOINTS * MESSAGES as usize;
    receiver.wait_until("all deliveries", |requests| requests.len() >= before + all).await;
    let requests = receiver.requests();
    assert!(times(&requests).values().all(|times| *times == 1), "something came twice");
    for (node, arrived) in all_arrived_from(&nodes).await.into_iter().enumerate() {
        assert!(arrived > 0, "node {node} sent nothing");
    }
}
