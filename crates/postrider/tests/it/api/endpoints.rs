//! Endpoints.

use serde_json::json;

use crate::support::{Scene, Server, new_app};

#[tokio::test]
async fn an_endpoint_lives_from_create_to_delete() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    let body = json!({"url": "http://127.0.0.1:1099/hook", "uid": "main", "description": "Theirs", "throttleRate": 7,
        "eventTypes": ["a", "b"], "channels": ["x"], "metadata": {"k": "v"}, "timeoutSeconds": 30, "ordering": "fifo",
        "retrySchedule": [1, 2]});
    let made = client.post(&format!("{app}/endpoint"), body.clone()).await.must(201);
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("ep_"), "{id}");
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(made[field], *value, "{field}");
    }
    assert_eq!(made["filterTypes"], json!(["a", "b"]), "both names of the filter are answered");
    assert_eq!((&made["disabled"], &made["disabledReason"]), (&json!(false), &json!(null)));
    assert_eq!(made["secret"], json!(null), "the signing key has an operation of its own");
    for name in [id, "main"] {
        assert_eq!(client.get(&format!("{app}/endpoint/{name}")).await.must(200), made, "by {name}");
    }
    client.delete(&format!("{app}/endpoint/main")).await.must(204);
    client.get(&format!("{app}/endpoint/{id}")).await.must(404);
    client.post(&format!("{app}/endpoint"), body).await.must(201);
}

#[tokio::test]
async fn the_filter_may_be_called_by_either_name() {
    let scene = Scene::new().await;
    for name in ["filterTypes", "eventTypes"] {
        let patched = scene.client.patch(&scene.endpoint, json!({name: ["a"]})).await.must(200);
        assert_eq!(patched["eventTypes"], json!(["a"]), "{name}");
        // An empty list and null both mean no filter.
        for none in [json!([]), json!(null)] {
            let body = json!({name: none});
            let patched = scene.client.patch(&scene.endpoint, body.clone()).await.must(200);
            assert_eq!(patched["eventTypes"], json!(null), "{body}");
            scene.client.patch(&scene.endpoint, json!({name: ["a"]})).await.must(200);
        }
    }
}

#[tokio::test]
async fn patch_tells_absent_from_null() {
    let fields = json!({"uid": "main", "throttleRate": 7, "channels": ["x"], "timeoutSeconds": 30,
        "retrySchedule": [1], "description": "Theirs"});
    let scene = Scene::endpoint(fields.clone()).await;
    let made = scene.client.get(&scene.endpoint).await.must(200);
    let mut same = scene.client.patch(&scene.endpoint, json!({})).await.must(200);
    same["updatedAt"] = made["updatedAt"].clone();
    assert_eq!(same, made);
    for field in ["uid", "throttleRate", "channels", "timeoutSeconds", "retrySchedule"] {
        let patched = scene.client.patch(&scene.endpoint, json!({field: null})).await.must(200);
        assert_eq!(patched[field], json!(null), "{field}");
        for other in ["uid", "throttleRate", "channels", "timeoutSeconds", "retrySchedule", "description"] {
            if other != field {
                assert_eq!(patched[other], fields[other], "{other} after {field}");
            }
        }
        scene.client.patch(&scene.endpoint, json!({field: fields[field]})).await.must(200);
    }
}

#[tokio::test]
async fn upsert_makes_by_uid_and_keeps_the_key_and_the_headers() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    let path = format!("{app}/endpoint/main");
    let body = json!({"url": "http://127.0.0.1:1099/1", "description": "First", "channels": ["x"]});
    let made = client.put(&path, body).await.must(201);
    assert_eq!(made["uid"], "main");
    let secret = client.get(&format!("{path}/secret")).await.must(200);
    client.put(&format!("{path}/headers"), json!({"headers": {"x-one": "1"}})).await.must(204);

    let replaced = client.put(&path, json!({"url": "http://127.0.0.1:1099/2"})).await.must(200);
    assert_eq!((&replaced["id"], &replaced["uid"]), (&made["id"], &made["uid"]));
    assert_eq!((&replaced["description"], &replaced["channels"]), (&json!(""), &json!(null)));
    assert_eq!(client.get(&format!("{path}/secret")).await.must(200), secret);
    let headers = client.get(&format!("{path}/headers")).await.must(200);
    assert_eq!(headers["headers"], json!({"x-one": "1"}));
    client
        .put(
            &format!("{app}/endpoint/ep_000000000000000000000000000"),
            json!({"url": "http://127.0.0.1:1099/"}),
        )
        .await
        .must(404);
}

#[tokio::test]
async fn a_disabled_endpoint_gets_nothing_new_until_it_is_enabled() {
    let scene = Scene::new().await;
    let disabled = scene.client.patch(&scene.endpoint, json!({"disabled": true})).await.must(200);
    assert_eq!((&disabled["disabled"], &disabled["disabledReason"]), (&json!(true), &json!("asked")));
    let missed = scene.publish(1).await;
    let enabled = scene.client.patch(&scene.endpoint, json!({"disabled": false})).await.must(200);
    assert_eq!(enabled["disabledReason"], json!(null));
    let got = scene.publish(2).await;
    let requests = scene.receiver.wait("/hook", 1).await;
    assert_eq!(requests[0].header("webhook-id"), got);
    let page = scene.client.get(&format!("{}/msg/{missed}/endpoint", scene.app)).await.must(200);
    assert_eq!(page["data"], json!([]));
}

#[tokio::test]
async fn a_changed_url_counts_from_the_next_attempt() {
    let scene = Scene::new().await;
    scene.publish(1).await;
    scene.receiver.wait("/hook", 1).await;
    scene.client.patch(&scene.endpoint, json!({"url": scene.receiver.url("/moved")})).await.must(200);
    scene.publish(2).await;
    scene.receiver.wait("/moved", 1).await;
    assert_eq!(scene.receiver.at("/hook").len(), 1);
}
