//! A server is killed and another one takes its place, with the same database and an empty data directory.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Binary, Client, Database, KEY, Receiver, await_until, new_app, new_endpoint};

const PUBLISHERS: usize = 4;
const LIVES: usize = 3;
/// How many are acknowledged before a server is killed.
const ACKNOWLEDGED_PER_LIFE: usize = 60;
const SEAL_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Ids of acknowledged messages. Clones share them.
type Acknowledged = Arc<Mutex<HashSet<String>>>;

/// A server whose data directory is new.
async fn start(database: &Database) -> Binary {
    let variables = database.place().variables();
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.extend([("POSTRIDER_BOOTSTRAP_KEY", KEY), ("POSTRIDER_SEAL_KEY", SEAL_KEY)]);
    let data = Arc::new(tempfile::tempdir().unwrap());
    Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &variables, data).await
}

/// Publishes until the server is gone.
async fn publish_until_the_end(client: Client, path: String, acknowledged: Acknowledged) {
    let body = json!({"eventType": "t", "payload": {"a": 1}});
    while let Ok(reply) = client.ask(Method::POST, &path).json(&body).try_send().await {
        if reply.status == 202 {
            let id = reply.json()["id"].as_str().unwrap().to_owned();
            acknowledged.lock().unwrap().insert(id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_arrives_though_each_server_is_killed() {
    let Some(database) = Database::fresh() else { return };
    let receiver = Receiver::start().await;
    let mut server = start(&database).await;
    let app = new_app(&server.client(), "one").await;
    new_endpoint(&server.client(), &app, &receiver.url("/hook"), json!({})).await;
    let acknowledged = Acknowledged::default();
    for life in 1..=LIVES {
        let mut publishers = JoinSet::new();
        for _ in 0..PUBLISHERS {
            let (client, path) = (server.client(), format!("{app}/msg"));
            publishers.spawn(publish_until_the_end(client, path, Arc::clone(&acknowledged)));
        }
        await_until("messages to be acknowledged", async || {
            (acknowledged.lock().unwrap().len() >= life * ACKNOWLEDGED_PER_LIFE).then_some(())
        })
        .await;
        server.kill();
        publishers.join_all().await;
        server = start(&database).await;
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    receiver
        .wait_until("all that was acknowledged", |requests| {
            let came: HashSet<_> = requests.iter().map(|request| request.header("webhook-id")).collect();
            acknowledged.iter().all(|id| came.contains(id.as_str()))
        })
        .await;
    // The last server still accepts, and knows what the first was told.
    let client = server.client();
    client.get(&app).await.must(200);
}
