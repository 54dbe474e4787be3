//! API keys.

use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::json;

use crate::support::{KEY, Server, new_app};

#[tokio::test]
async fn a_key_works_until_it_is_revoked() {
    let server = Server::start().await;
    let (id, token) = server.new_key(json!({"scope": "environment"})).await;
    let client = server.client().with_key(&token);
    let who = client.get("/api/v1/auth/whoami").await.must(200);
    assert_eq!(who["scope"], "environment");
    client.get("/api/v1/app").await.must(200);

    let listed = server.operator().get("/api/v1/key").await;
    assert!(
        !listed.text().contains(&token) && !listed.text().contains(KEY),
        "tokens are told once: {listed}"
    );
    server.operator().delete(&format!("/api/v1/key/{id}")).await.must(204);
    let refused = client.get("/api/v1/app").await.must(401);
    assert_eq!(refused["code"], "authentication_failed");
}

#[tokio::test]
async fn a_key_works_until_it_expires() {
    let server = Server::start().await;
    let at = server.clock.now().after(Duration::from_secs(3600)).to_string();
    let (_, token) = server.new_key(json!({"scope": "environment", "expiresAt": at})).await;
    let client = server.client().with_key(&token);
    client.get("/api/v1/app").await.must(200);
    server.clock.advance(Duration::from_secs(3600));
    client.get("/api/v1/app").await.must(401);
}

#[tokio::test]
async fn a_key_of_an_application_reaches_that_alone() {
    let server = Server::start().await;
    let client = server.client();
    let (own, other) = (new_app(&client, "own").await, new_app(&client, "other").await);
    let app = own.rsplit('/').next().unwrap();
    let (_, token) = server.new_key(json!({"scope": "app", "app": app})).await;
    let tenant = client.with_key(&token);
    tenant.get(&own).await.must(200);
    tenant.post(&format!("{own}/endpoint"), json!({"url": "http://127.0.0.1:1099/"})).await.must(201);
    tenant.get(&other).await.must(404);
    assert_eq!(tenant.get("/api/v1/app").await.must(403)["code"], "insufficient access");
    assert_eq!(tenant.delete(&own).await.must(403)["code"], "insufficient access");
}
