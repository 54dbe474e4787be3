//! Callers who ask for more than their share: they are told to wait, and others do not notice.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Raw, Reply, Server, await_until, new_app};

/// A request with this key whose body announces this length, and does not come.
async fn silent(server: &Server, key: &str, length: usize) -> Raw {
    let mut connection = Raw::connect(server.address).await;
    let head = format!(
        "POST /api/v1/app HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.write(head).await;
    connection
}

/// Waits until the call is refused because there is too much of something.
async fn refused(call: impl AsyncFn() -> Reply) -> serde_json::Value {
    await_until("a refusal", async || {
        let reply = call().await;
        let is_late = reply.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0);
        (reply.status == 429 && is_late).then(|| reply.must(429))
    })
    .await
}

async fn get(client: &Client) -> Reply {
    client.get("/api/v1/app").await
}

#[tokio::test]
async fn one_key_cannot_take_all_places() {
    let server = Server::builder().set("limits.requests", "8").start().await;
    let (_, greedy) = server.new_key(json!({"scope": "environment"})).await;
    let mut silence = Vec::new();
    for _ in 0..8 {
        silence.push(silent(&server, &greedy, 10).await);
    }
    let client = server.client().with_key(&greedy);
    let told = refused(async || get(&client).await).await;
    assert_eq!(told["code"], "overloaded");
    get(&server.client()).await.must(200);
    drop(silence);
    await_until("places to be free again", async || (get(&client).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn bodies_have_a_ceiling_all_together() {
    const ANNOUNCED: usize = 64 * 1024;
    let server = Server::builder().set("server.body_memory", "2MiB").start().await;
    let mut silence = Vec::new();
    for _ in 0..2 * 1024 * 1024 / ANNOUNCED {
        silence.push(silent(&server, crate::support::KEY, ANNOUNCED).await);
    }
    let client = server.client();
    let post = async || client.post("/api/v1/app", json!({"name": "x"})).await;
    assert_eq!(refused(post).await["code"], "overloaded");
    get(&client).await.must(200);
    drop(silence);
    await_until("memory to be free again", async || (post().await.status == 201).then_some(())).await;
}

#[tokio::test]
async fn an_application_publishes_as_fast_as_it_may() {
    let server = Server::builder().set("limits.app_messages_per_second", "1").start().await;
    let client = server.client();
    let (fast, slow) = (new_app(&client, "fast").await, new_app(&client, "slow").await);
    let publish =
        async |app: &str| client.post(&format!("{app}/msg"), json!({"eventType": "t", "payload": {}})).await;
    let told = refused(async || publish(&fast).await).await;
    assert_eq!(told["code"], "rate_limited");
    publish(&slow).await.must(202);
    server.clock.advance(Duration::from_secs(1));
    publish(&fast).await.must(202);
}
