//! The audit log: who, what, and what it was before.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::{Value, json};

use crate::support::{Client, Server, await_until, new_app, new_endpoint};

async fn listed(client: &Client, query: &str) -> Vec<Value> {
    let listed = client.get(&format!("/api/v1/audit-log?{query}")).await.must(200);
    listed["data"].as_array().unwrap().clone()
}

fn changes(entry: &Value) -> Vec<String> {
    let changed = entry["changes"].as_array().unwrap().iter();
    changed.map(|one| format!("{} {} {}", one["field"].as_str().unwrap(), one["old"], one["new"])).collect()
}

#[tokio::test]
async fn changed_settings_are_shown_and_secrets_are_not() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "own").await;
    let headers = json!({"headers": {"authorization": "Bearer one"}});
    let endpoint = new_endpoint(&client, &app, "http://127.0.0.1:1099/a", headers).await;
    let path = format!("{app}/endpoint/{endpoint}");
    let newest = async || listed(&client, "limit=1").await.remove(0);
    for (path, body, expected) in [
        (
            &path,
            json!({"url": "http://127.0.0.1:1099/b", "disabled": true}),
            vec![r#"url "http://127.0.0.1:1099/a" "http://127.0.0.1:1099/b""#, "disabled false true"],
        ),
        (&path, json!({"description": ""}), vec![]),
        (
            &format!("{path}/headers"),
            json!({"headers": {"authorization": "Bearer two"}}),
            vec!["headers null null"],
        ),
        (
            &app,
            json!({"name": "other", "metadata": {"a": "b"}}),
            vec![r#"name "own" "other""#, r#"metadata {} {"a":"b"}"#],
        ),
        (&"/api/v1/environment/settings".to_owned(), json!({"retentionDays": 7}), vec!["retentionDays 90 7"]),
    ] {
        let reply = client.patch(path, body).await;
        assert!((200..300).contains(&reply.status), "{reply}");
        assert_eq!(changes(&newest().await), expected);
    }
    let whole = client.get("/api/v1/audit-log").await;
    assert!(!whole.text().contains("Bearer") && !whole.text().contains("whsec_"), "{whole}");

    client.post("/api/v1/event-type", json!({"name": "t", "description": "old"})).await.must(201);
    let schemas = json!({"1": {"title": "x".repeat(600)}});
    client.patch("/api/v1/event-type/t", json!({"description": "new", "schemas": schemas})).await.must(200);
    assert_eq!(changes(&newest().await), [r#"description "old" "new""#, "schemas null null"]);

    let source = json!({"name": "s", "type": "generic-webhook", "uid": "s"});
    client.post("/ingest/api/v1/source", source).await.must(201);
    let config = json!({"preset": "github", "secret": "it is secret"});
    let source = json!({"name": "s2", "type": "generic-webhook", "config": config});
    client.put("/ingest/api/v1/source/s", source).await.must(200);
    let told = changes(&newest().await);
    assert!(
        told.contains(&r#"name "s" "s2""#.to_owned()) && told.contains(&"config.secret null null".to_owned()),
        "{told:?}"
    );
}

#[tokio::test]
async fn acts_are_found_by_who_and_what_and_when() {
    let server = Server::start().await;
    let (client, operator) = (server.client(), server.operator());
    let app = new_app(&client, "own").await;
    let id = app.rsplit('/').next().unwrap();
    let (key, token) = server.new_key(json!({"scope": "app", "app": id})).await;
    let customer = client.with_key(&token);
    server.clock.advance(Duration::from_secs(60));
    let since = server.clock.now().to_string();
    // Lists tell times apart by the ticks of ids, which are some milliseconds.
    server.clock.advance(Duration::from_secs(1));
    let endpoint = new_endpoint(&customer, &app, "http://127.0.0.1:1099/", json!({})).await;
    customer.delete(&format!("{app}/endpoint/{endpoint}")).await.must(204);

    let entry = listed(&client, "limit=1").await.remove(0);
    assert_eq!(entry["actor"], json!({"kind": "key", "id": key, "name": "made by a test"}));
    assert_eq!(entry["address"], "127.0.0.1");
    let targets = json!([{"noun": "app", "id": id}, {"noun": "endpoint", "id": endpoint}]);
    assert_eq!(entry["targets"], targets);
    let actions = async |client: &Client, query: String| {
        let found = listed(client, &query).await;
        found.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (client, query, expected) in [
        (
            &client,
            String::new(),
            vec!["endpoint.delete", "endpoint.create", "key.create", "application.create"],
        ),
        (&client, format!("actor={key}"), vec!["endpoint.delete", "endpoint.create"]),
        (&client, "action=endpoint.create".to_owned(), vec!["endpoint.create"]),
        (&client, format!("target={key}"), vec!["key.create"]),
        (&client, format!("since={since}"), vec!["endpoint.delete", "endpoint.create"]),
        (&client, format!("until={since}"), vec!["key.create", "application.create"]),
        (&operator, "limit=1".to_owned(), vec!["endpoint.delete"]),
    ] {
        assert_eq!(actions(client, query.clone()).await, expected, "{query}");
    }
    customer.get("/api/v1/audit-log").await.must(403);

    let other = operator.post("/api/v1/environment", json!({"name": "other"})).await.must(201);
    let (_, token) = server.new_key(json!({"scope": "environment", "environment": other["id"]})).await;
    let stranger = client.with_key(&token);
    assert_eq!(actions(&stranger, String::new()).await, ["key.create"], "that which made its own key");
    let own = entry["environment"].as_str().unwrap();
    assert!(listed(&stranger, &format!("environment={own}")).await.is_empty());
    assert_eq!(actions(&operator, format!("environment={own}&limit=1")).await, ["endpoint.delete"]);
}

#[tokio::test]
async fn entries_go_when_their_time_is_over() {
    let server = Server::start().await;
    new_app(&server.client(), "old").await;
    let clock = Arc::clone(&server.clock);
    clock.advance(Duration::from_secs(400 * 24 * 3_600 - 3_600));
    let kept = new_app(&server.client(), "new").await.rsplit('/').next().unwrap().to_owned();
    let data = server.stop().await;
    clock.advance(Duration::from_secs(7_200));
    let server = Server::builder().clock(clock).data(data).start().await;
    let left = await_until("the old entry to go", async || {
        let left = listed(&server.client(), "").await;
        (left.len() == 1).then_some(left)
    })
    .await;
    assert_eq!(left[0]["targets"][0]["id"], kept.as_str(), "the new one stays");
}
