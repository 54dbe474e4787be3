//! Environments and their settings.

use serde_json::json;

use crate::support::{Answer, Scene, Server};

const SETTINGS: &str = "/api/v1/environment/settings";

#[tokio::test]
async fn settings_are_read_and_patched_one_by_one() {
    let server = Server::start().await;
    let client = server.client();
    let before = client.get(SETTINGS).await.must(200);
    for (field, value) in [
        ("signatureHeaders", json!("both")),
        ("unknownEventTypes", json!("refuse")),
        ("retentionDays", json!(7)),
        ("retrySchedule", json!([0, 1, 2])),
        ("httpsOnly", json!(true)),
    ] {
        assert_ne!(before[field], value, "{field}: the test changes nothing");
        let mut expected = client.get(SETTINGS).await.must(200);
        expected[field] = value.clone();
        assert_eq!(client.patch(SETTINGS, json!({field: value})).await.must(200), expected, "{field}");
        assert_eq!(client.get(SETTINGS).await.must(200), expected, "{field}");
    }
    for (field, value) in [
        ("retentionDays", json!(0)),
        ("retentionDays", json!(3_651)),
        ("retrySchedule", json!([])),
        ("signatureHeaders", json!("other")),
    ] {
        let refused = client.patch(SETTINGS, json!({field: value})).await.must(422);
        assert_eq!(refused["detail"][0]["loc"][1], field, "{refused}");
    }
}

#[tokio::test]
async fn endpoints_must_be_https_where_the_environment_says_so() {
    let scene = Scene::new().await;
    scene.client.patch(SETTINGS, json!({"httpsOnly": true})).await.must(200);
    let body = json!({"url": "http://127.0.0.1:1099/"});
    let refused = scene.client.post(&format!("{}/endpoint", scene.app), body).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "url"]));
}

#[tokio::test]
async fn the_closest_retry_schedule_counts() {
    let scene = Scene::new().await;
    scene.receiver.script("/hook", [Answer::status(500)]);
    scene.client.patch(SETTINGS, json!({"retrySchedule": [0]})).await.must(200);
    let by_environment = scene.publish(1).await;
    scene.status(&by_environment, 2).await;
    let body = json!({"name": "t", "description": "T", "retrySchedule": [0, 0]});
    scene.client.post("/api/v1/event-type", body).await.must(201);
    let by_event_type = scene.publish(2).await;
    scene.status(&by_event_type, 2).await;
    scene.client.patch(&scene.endpoint, json!({"retrySchedule": [0, 0, 0]})).await.must(200);
    let by_endpoint = scene.publish(3).await;
    scene.status(&by_endpoint, 2).await;
    for (message, expected) in [(by_environment, 1), (by_event_type, 2), (by_endpoint, 3)] {
        assert_eq!(scene.attempts(&message, expected).await.len(), expected);
    }
}

#[tokio::test]
async fn environments_are_walled_off_from_each_other() {
    let server = Server::start().await;
    let made = server.operator().post("/api/v1/environment", json!({"name": "staging"})).await.must(201);
    let listed = server.operator().get("/api/v1/environment").await.must(200);
    let names: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["default", "staging"]);
    let (_, token) = server.new_key(json!({"scope": "environment", "environment": made["id"]})).await;
    let (first, second) = (server.client(), server.client().with_key(&token));
    for client in [&first, &second] {
        client.post("/api/v1/app", json!({"name": "Same", "uid": "same"})).await.must(201);
        client.post("/api/v1/event-type", json!({"name": "t", "description": "T"})).await.must(201);
    }
    first.delete("/api/v1/app/same").await.must(204);
    second.get("/api/v1/app/same").await.must(200);
}
