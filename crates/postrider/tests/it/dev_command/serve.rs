//! `postrider serve`: keys, and the shut door to loopback.

use std::sync::Arc;

use serde_json::json;

use crate::support::{
    Binary, Client, KEY, Receiver, await_until, free_port, new_app, new_endpoint, publish, run,
};

#[tokio::test]
async fn serve_keeps_loopback_shut() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let receiver = Receiver::start().await;
    let variables = [("POSTRIDER_BOOTSTRAP_KEY", KEY)];
    let server = Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &variables, data).await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    let fields = json!({"uid": "main", "retrySchedule": [0]});
    new_endpoint(&client, &app, &receiver.url("/hook"), fields).await;
    let data = server.kill();

    // The endpoint was allowed when it was made; now it no longer is.
    let server = Binary::start(&["serve"], &variables, data).await;
    let client = server.client();
    let message = publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    let attempt = await_until("the attempt", async || {
        let page = client.get(&format!("{app}/attempt/msg/{message}")).await.must(200);
        page["data"][0].as_object().cloned()
    })
    .await;
    assert_eq!(
        (&attempt["failure"]["class"], &attempt["responseStatusCode"]),
        (&json!("blocked"), &json!(0))
    );
    let body = json!({"url": receiver.url("/new")});
    let refused = client.post(&format!("{app}/endpoint"), body).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "url"]));
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn the_first_start_prints_a_key_once_and_takes_one_from_the_environment() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let server = Binary::start(&["serve"], &[], Arc::clone(&data)).await;
    let key = await_until("the key", async || {
        server.stdout().lines().find_map(|line| Some(line.strip_prefix("key: ")?.to_owned()))
    })
    .await;
    Client::of(server.address).with_key(&key).get("/api/v1/app").await.must(200);
    server.client().get("/api/v1/app").await.must(401);
    server.kill();
    let server = Binary::start(&["serve"], &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data).await;
    for token in [key.as_str(), KEY] {
        Client::of(server.address).with_key(token).get("/api/v1/app").await.must(200);
    }
    assert_eq!(server.stdout(), "", "nothing to tell");
}

#[tokio::test]
async fn a_data_directory_has_one_server() {
    let server = Binary::serve().await;
    let address = format!("127.0.0.1:{}", free_port());
    let second = run(server.data.path(), &["serve", "--listen", &address]).await;
    assert_eq!(second.code, Some(75), "{second:?}");
    assert!(second.stderr.contains("another process is using it"), "{second:?}");
    server.client().get("/api/v1/app").await.must(200);
}

/// A volume that somebody else made is often open to all. What is in it is not.
#[tokio::test]
async fn what_the_server_writes_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = Binary::serve().await;
    new_app(&server.client(), "one").await;
    let files: Vec<_> = std::fs::read_dir(server.data.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.iter().any(|file| file.file_name() == "postrider.db-wal"), "{files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", file.path().display());
    }
}
