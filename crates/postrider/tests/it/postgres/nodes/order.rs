//! Order and rates of an endpoint hold while it moves from node to node.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use super::{node, nodes, until_shared};
use crate::support::{Binary, Database, Received, Receiver, alone, await_until, new_app, new_endpoint};

/// Attempts a second of the throttled endpoint.
const RATE: u32 = 20;
/// Beyond the rate: what an owner may send at once when it begins, and a second that is cut by the window.
const BURST: usize = 4;

/// Publishes one after another at all nodes in turn, and remembers what was acknowledged.
struct Publisher {
    app: String,
    next: u64,
    acknowledged: Vec<u64>,
}

impl Publisher {
    /// So many more; a node that does not answer is passed over, and its number is not used again.
    async fn publish(&mut self, nodes: &[Binary], count: usize) {
        let enough = self.acknowledged.len() + count;
        while self.acknowledged.len() < enough {
            let client = nodes[self.next as usize % nodes.len()].client();
            let body = json!({"eventType": "t", "payload": {"n": self.next}});
            let asked = client.ask(Method::POST, &format!("{}/msg", self.app)).json(&body).try_send().await;
            if asked.is_ok_and(|reply| reply.status == 202) {
                self.acknowledged.push(self.next);
            }
            self.next += 1;
        }
    }
}

fn numbers(requests: &[Received]) -> Vec<u64> {
    requests.iter().map(|request| request.json()["n"].as_u64().unwrap()).collect()
}

/// The most requests within any second.
fn busiest_second(requests: &[Received]) -> usize {
    let times: Vec<Instant> = requests.iter().map(|request| request.at).collect();
    let within = |from: &Instant| {
        times.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(1)).count()
    };
    times.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_and_rate_hold_while_nodes_are_killed_leave_and_join() {
    let Some(database) = Database::fresh() else { return };
    let _alone = alone().await;
    let (mut nodes, receiver) = (nodes(&database, 3).await, Receiver::start().await);
    let app = new_app(&nodes[0].client(), "one").await;
    let endpoint = async |path: &str, fields: Value| {
        new_endpoint(&nodes[0].client(), &app, &receiver.url(path), fields).await
    };
    for ordered in 0..6 {
        endpoint(&format!("/ordered-{ordered}"), json!({"ordering": "fifo"})).await;
    }
    for throttled in 0..6 {
        endpoint(&format!("/throttled-{throttled}"), json!({"throttleRate": RATE})).await;
    }
    let mut publisher = Publisher { app: app.clone(), next: 0, acknowledged: Vec::new() };
    super::changes::known_everywhere(&nodes, &app, &receiver, 12).await;
    let earlier = receiver.count();

    publisher.publish(&nodes, 60).await;
    // Everyone is killed, leaves or joins once, so every endpoint moves.
    nodes.remove(0).kill();
    publisher.publish(&nodes, 60).await;
    nodes.push(node(&database, &[]).await);
    publisher.publish(&nodes, 60).await;
    let mut leaving = nodes.remove(0);
    leaving.terminate();
    publisher.publish(&nodes, 60).await;
    assert_eq!(leaving.ended(Duration::from_secs(30)).await, Some(0));
    nodes.push(node(&database, &[]).await);
    publisher.publish(&nodes, 60).await;
    until_shared(&nodes).await;

    let came = |requests: &[Received], path: &str| -> Vec<Received> {
        requests[earlier..].iter().filter(|request| request.path == path).cloned().collect()
    };
    for path in (0..6).flat_map(|n| [format!("/ordered-{n}"), format!("/throttled-{n}")]) {
        await_until(&format!("all at {path}"), async || {
            let numbers = numbers(&came(&receiver.requests(), &path));
            publisher.acknowledged.iter().all(|n| numbers.contains(n)).then_some(())
        })
        .await;
        let requests = came(&receiver.requests(), &path);
        if path.starts_with("/ordered") {
            let numbers = numbers(&requests);
            assert!(numbers.is_sorted(), "{path}: {numbers:?}");
        } else {
            let most = busiest_second(&requests);
            println!("{path}: {most} in a second");
            assert!(most <= RATE as usize + BURST, "{path}: {most} in a second");
        }
    }
}
