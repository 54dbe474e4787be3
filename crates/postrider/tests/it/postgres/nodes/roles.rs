//! Nodes that only serve the API, and nodes that only send.

use serde_json::json;

use super::{all_arrived_from, node, nodes, report};
use crate::support::{Client, Database, Receiver, await_until, new_app, new_endpoint, publish, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_accepts_and_another_sends() {
    let Some(database) = Database::fresh() else { return };
    let receiver = Receiver::start().await;
    let api = node(&database, &["--roles", "api"]).await;
    let app = new_app(&api.client(), "one").await;
    new_endpoint(&api.client(), &app, &receiver.url("/hook"), json!({})).await;
    for n in 0..10 {
        publish(&api.client(), &app, json!({"eventType": "t", "payload": {"n": n}})).await;
    }
    let told = report(&api).await.unwrap();
    assert_eq!((&told["roles"], &told["lag"]), (&json!(["api"]), &json!(null)), "{told}");
    assert_eq!(told["cluster"]["partitions"]["owned"], 0, "{told}");
    assert_eq!(receiver.count(), 0, "nobody sends");

    let dispatch = node(&database, &["--roles", "dispatch"]).await;
    receiver.wait("/hook", 10).await;
    publish(&api.client(), &app, json!({"eventType": "t", "payload": {"n": 10}})).await;
    receiver.wait("/hook", 11).await;
    assert_eq!(all_arrived_from(&[api, dispatch]).await, [0, 11]);
}

#[tokio::test]
async fn a_node_without_the_api_says_so() {
    let Some(database) = Database::fresh() else { return };
    let dispatch = node(&database, &["--roles", "dispatch"]).await;
    let client = dispatch.client();
    for path in ["/livez", "/healthz", "/readyz", "/metrics"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    for path in ["/api/v1/app", "/openapi.json", "/"] {
        let refused = client.get(path).await.must(404);
        assert!(refused["detail"].as_str().unwrap().contains("node.roles"), "{refused}");
    }
    // Whoever holds the data directory can still make a key there.
    let operator = Client::of_socket(dispatch.data.path().join("control.sock"));
    operator.get("/api/v1/key").await.must(200);
}

#[tokio::test]
async fn a_command_beside_the_nodes_takes_no_endpoints() {
    let Some(database) = Database::fresh() else { return };
    let nodes = nodes(&database, 1).await;
    let data = tempfile::tempdir().unwrap();
    let url = database.place().url();
    let password = database.place().password().unwrap_or_else(|| "unused".to_owned());
    let (password, seal_key) =
        (format!("store.password={password}"), format!("seal_key={}", super::SEAL_KEY));
    let command = ["key", "list", "--database", &url, "--set", &password, "--set", &seal_key];
    run(data.path(), &command).await.ok();
    assert!(!nodes[0].log().contains("leaving endpoints"), "{}", nodes[0].log());
    await_until("the command's entry to be gone", async || {
        let told = report(&nodes[0]).await?;
        let live = told["cluster"]["nodes"].as_array()?.iter().filter(|node| node["fenced"] == false).count();
        (live == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn roles_that_make_no_sense_are_refused() {
    let data = tempfile::tempdir().unwrap();
    for (roles, told) in [
        ("api,dispach", "did you mean dispatch?"),
        ("", "is empty"),
        ("api", "must be api and dispatch with SQLite"),
    ] {
        let refused = run(data.path(), &["serve", "--listen", "127.0.0.1:0", "--roles", roles]).await;
        assert_eq!(refused.code, Some(78), "{refused:?}");
        assert!(refused.stderr.contains("node.roles") && refused.stderr.contains(told), "{refused:?}");
    }
}
