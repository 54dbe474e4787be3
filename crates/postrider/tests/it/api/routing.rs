//! Which endpoints get a message.

use serde_json::{Value, json};

use crate::support::{Scene, publish};

#[tokio::test]
async fn event_types_and_channels_select_endpoints() {
    let scene = Scene::new().await;
    for (path, fields) in [
        ("/type-a", json!({"eventTypes": ["a"]})),
        ("/channel-x", json!({"channels": ["x"]})),
        ("/both", json!({"eventTypes": ["a", "b"], "channels": ["x", "y"]})),
        ("/shut", json!({"disabled": true})),
    ] {
        scene.add_endpoint(path, fields).await;
    }
    for (event_type, channels, expected) in [
        ("a", json!(null), &["/hook", "/type-a"][..]),
        ("b", json!([]), &["/hook"]),
        ("a", json!(["x"]), &["/hook", "/type-a", "/channel-x", "/both"]),
        ("b", json!(["z", "y"]), &["/hook", "/both"]),
        ("c", json!(["x"]), &["/hook", "/channel-x"]),
    ] {
        let before = scene.receiver.count();
        let message = message(event_type, &channels);
        let id = scene.publish_this(message.clone()).await;
        let page = scene.client.get(&format!("{}/msg/{id}/endpoint", scene.app)).await.must(200);
        assert_eq!(page["data"].as_array().unwrap().len(), expected.len(), "{message}");
        scene.receiver.wait_until("all deliveries", |all| all.len() >= before + expected.len()).await;
        let mut got: Vec<_> =
            scene.receiver.requests()[before..].iter().map(|request| request.path.clone()).collect();
        got.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(got, expected, "{message}");
    }
}

#[tokio::test]
async fn a_new_endpoint_gets_what_is_published_after_it() {
    let scene = Scene::new().await;
    scene.publish(1).await;
    scene.receiver.wait("/hook", 1).await;
    scene.add_endpoint("/late", json!({})).await;
    let message = scene.publish(2).await;
    let late = scene.receiver.wait("/late", 1).await;
    assert_eq!(late[0].header("webhook-id"), message);
}

#[tokio::test]
async fn applications_get_only_their_own_messages() {
    let scene = Scene::new().await;
    let other = crate::support::new_app(&scene.client, "other").await;
    crate::support::new_endpoint(&scene.client, &other, &scene.receiver.url("/other"), json!({})).await;
    publish(&scene.client, &other, message("t", &json!(null))).await;
    scene.receiver.wait("/other", 1).await;
    scene.publish(1).await;
    scene.receiver.wait("/hook", 1).await;
    assert_eq!(scene.receiver.count(), 2);
}

fn message(event_type: &str, channels: &Value) -> Value {
    json!({"eventType": event_type, "channels": channels, "payload": {"n": 1}})
}
