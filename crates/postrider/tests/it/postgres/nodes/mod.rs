//! Several nodes: real processes that share one database.
//!
//! [`sharing`]: endpoints are shared, and what is published anywhere arrives once; [`changes`] made at one node hold at
//! the others; [`takeover`] from nodes that die or stop; [`order`] and rates while nodes come and go; [`rolling`], a
//! restart of all of them; [`roles`]; [`report`], what they say of themselves; [`start`], several at once.

mod changes;
mod order;
mod report;
mod roles;
mod rolling;
mod sharing;
mod start;
mod takeover;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::support::{Binary, Client, Database, KEY, Received, await_until};

/// All nodes need the same.
const SEAL_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The longest that endpoints of a node that died may wait for another.
const TAKEOVER_MAX: Duration = Duration::from_secs(10);
/// Parts of the endpoints.
const PARTITIONS: u64 = 1_024;

/// A new node, with these arguments besides. It is ready, and may own nothing yet.
async fn node(database: &Database, arguments: &[&str]) -> Binary {
    node_with(database, arguments, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)]).await
}

/// The same with these variables.
async fn node_with(database: &Database, arguments: &[&str], more: &[(&str, &str)]) -> Binary {
    let variables = database.place().variables();
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.push(("POSTRIDER_SEAL_KEY", SEAL_KEY));
    variables.extend(more);
    let serve = ["serve", "--set", "egress.allow=127.0.0.0/8"];
    let data = Arc::new(tempfile::tempdir().unwrap());
    Binary::start(&[&serve[..], arguments].concat(), &variables, data).await
}

/// So many nodes that share the endpoints.
async fn nodes(database: &Database, count: usize) -> Vec<Binary> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(node(database, &[]).await);
    }
    until_shared(&nodes).await;
    nodes
}

/// What a node says of itself; `None` while it does not answer.
async fn report(node: &Binary) -> Option<Value> {
    let asked = node.client().without_key();
    let reply = asked.ask(Method::GET, "/readyz?verbose").try_send().await.ok()?;
    (reply.status == 200).then(|| reply.json())
}

/// Waits until exactly these nodes own all endpoints, and each what it should.
async fn until_shared(nodes: &[Binary]) {
    await_until("the nodes to share the endpoints", async || {
        let mut owned = 0;
        for node in nodes {
            let report = report(node).await?;
            let parts = &report["cluster"]["partitions"];
            let is_settled = parts["owned"] == parts["wanted"] && parts["leaving"] == 0;
            if !is_settled || parts["owned"] == 0 {
                return None;
            }
            owned += parts["owned"].as_u64().unwrap();
        }
        (owned == PARTITIONS).then_some(())
    })
    .await;
}

/// Deliveries that a node has made.
async fn arrived_from(node: &Binary) -> u64 {
    let metrics = Client::of(node.address).get("/metrics").await.text();
    let line =
        metrics.lines().find_map(|line| line.strip_prefix("postrider_attempts_total{result=\"arrived\"} "));
    line.map_or(0, |count| count.trim().parse::<f64>().unwrap() as u64)
}

/// Of `nodes`, the one that has sent more than in `before`: the owner of the only endpoint that anything was sent to.
async fn owner(nodes: &[Binary], before: &[u64]) -> usize {
    await_until("a node to have sent", async || {
        for (index, node) in nodes.iter().enumerate() {
            if arrived_from(node).await > before[index] {
                return Some(index);
            }
        }
        None
    })
    .await
}

async fn all_arrived_from(nodes: &[Binary]) -> Vec<u64> {
    let mut counts = Vec::new();
    for node in nodes {
        counts.push(arrived_from(node).await);
    }
    counts
}

/// How often each message came to each path.
fn times(requests: &[Received]) -> HashMap<(String, String), usize> {
    let mut times = HashMap::new();
    for request in requests {
        *times.entry((request.header("webhook-id").to_owned(), request.path.clone())).or_default() += 1;
    }
    times
}
