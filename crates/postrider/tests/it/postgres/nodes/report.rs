//! What nodes say of themselves and of each other.

use serde_json::{Value, json};

use super::{node, nodes, report};
use crate::support::{Client, Database, Server, await_until, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_tells_who_is_there_and_who_has_what() {
    let Some(database) = Database::fresh() else { return };
    let nodes = nodes(&database, 2).await;
    await_until("both to know what both have", async || {
        for node in &nodes {
            let told = report(node).await?;
            let all: u64 = told["cluster"]["nodes"]
                .as_array()?
                .iter()
                .filter_map(|node| node["partitions"].as_u64())
                .sum();
            if all != super::PARTITIONS {
                return None;
            }
        }
        Some(())
    })
    .await;
    let told = report(&nodes[1]).await.unwrap();
    assert_eq!(told["ready"], true, "{told}");
    assert_eq!(told["roles"], json!(["api", "dispatch"]), "{told}");
    assert_eq!(told["database"]["engine"], "postgres", "{told}");
    assert!(!told["database"]["durability"].is_null(), "{told}");
    assert_eq!(told["lag"]["unsettled"], 0, "{told}");
    let cluster = &told["cluster"];
    assert_eq!((&cluster["inLease"], &cluster["listening"]), (&json!(true), &json!(true)), "{told}");
    assert!(cluster["lastBeatSecondsAgo"].as_f64().unwrap() < 5.0, "{told}");
    let listed = cluster["nodes"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{told}");
    let me = listed.iter().find(|node| node["number"] == cluster["node"]).unwrap();
    assert_eq!(me["roles"], json!(["api", "dispatch"]), "{told}");

    let metrics = Client::of(nodes[1].address).get("/metrics").await.text();
    assert!(metrics.contains("\npostrider_cluster_nodes 2\n"), "{metrics}");
    let owned = cluster["partitions"]["owned"].as_u64().unwrap();
    assert!(metrics.contains(&format!("\npostrider_cluster_partitions_owned {owned}\n")), "{metrics}");

    let findings = run(nodes[0].data.path(), &["doctor", "--output", "json"]).await.stdout;
    let findings: Value = serde_json::from_str(&findings).unwrap();
    let finding = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "nodes").unwrap();
    assert_eq!(finding["verdict"], "ok", "{finding}");
    assert!(finding["detail"].as_str().unwrap().contains("(this one)"), "{finding}");
}

#[tokio::test]
async fn only_those_who_may_read_the_metrics_may_look_inside() {
    let Some(database) = Database::fresh() else { return };
    let node = node(&database, &["--set", "metrics.token=hush"]).await;
    let client = Client::of(node.address);
    assert_eq!(client.get("/readyz").await.text(), "ok\n");
    for client in [client.clone(), client.with_key("wrong")] {
        let refused = client.get("/readyz?verbose").await;
        assert_eq!(refused.status, 401, "{refused}");
        assert!(refused.text().contains("metrics.token"), "{refused}");
    }
    client.with_key("hush").get("/readyz?verbose").await.must(200);
    let operator = Client::of_socket(node.data.path().join("control.sock"));
    operator.get("/readyz?verbose").await.must(200);
}

#[tokio::test]
async fn a_server_that_is_alone_has_no_cluster_to_tell_of() {
    let server = Server::start().await;
    let told = server.client().get("/readyz?verbose").await.must(200);
    assert_eq!((&told["ready"], &told["cluster"]), (&json!(true), &json!(null)), "{told}");
    assert_eq!(told["checks"][1], json!({"name": "store", "trouble": null}), "{told}");
    let metrics = server.client().get("/metrics").await.text();
    assert!(metrics.contains("postrider_dispatch_held"), "{metrics}");
}
