//! Several nodes start at once on an empty database.

use std::collections::HashSet;

use super::{node_with, until_shared};
use crate::support::{Client, Database, await_until};

const NODES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_at_once_make_one_environment_and_one_key() {
    let Some(database) = Database::fresh() else { return };
    let starting = std::array::from_fn::<_, NODES, _>(|_| node_with(&database, &[], &[]));
    let nodes = futures_util::future::join_all(starting).await;
    until_shared(&nodes).await;

    let printed = |text: String| text.lines().find_map(|line| line.strip_prefix("key: ").map(str::to_owned));
    let keys: Vec<String> = nodes.iter().filter_map(|node| printed(node.stdout())).collect();
    assert_eq!(keys.len(), 1, "one start makes the key");
    let mut environments = HashSet::new();
    for node in &nodes {
        let operator = Client::of_socket(node.data.path().join("control.sock"));
        let listed = operator.get("/api/v1/environment").await.must(200);
        let ids = listed["data"].as_array().unwrap().iter().map(|environment| environment["id"].to_string());
        environments.extend(ids);
        let client = Client::of(node.address).with_key(&keys[0]);
        await_until("the key to be known", async || {
            (client.get("/api/v1/app").await.status == 200).then_some(())
        })
        .await;
    }
    assert_eq!(environments.len(), 1, "{environments:?}");
}
