//! What a person sends again: resend, recover, an example; and what a person gives up.

use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::json;

use crate::support::{Answer, Scene, await_until};

#[tokio::test]
async fn resend_sends_the_same_again_as_a_manual_attempt() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    let path = format!("{}/msg/{message}/endpoint/{}/resend", scene.app, scene.endpoint_id);
    assert_eq!(scene.client.post(&path, json!({})).await.must(202), json!({}));
    let requests = scene.receiver.wait("/hook", 2).await;
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[1].header("webhook-id"), message);
    let attempts = scene.attempts(&message, 2).await;
    assert_eq!((&attempts[0]["triggerType"], &attempts[1]["triggerType"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn resend_reaches_an_endpoint_that_did_not_get_the_message() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    let late = scene.add_endpoint("/late", json!({})).await;
    let path = format!("{}/msg/{message}/endpoint/{late}/resend", scene.app);
    scene.client.post(&path, json!({})).await.must(202);
    assert_eq!(scene.receiver.wait("/late", 1).await[0].header("webhook-id"), message);
}

#[tokio::test]
async fn recover_sends_what_failed_since_a_time() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    scene.receiver.script("/hook", [Answer::status(500)]);
    let old = scene.publish(1).await;
    scene.status(&old, 2).await;
    scene.server.clock.advance(Duration::from_secs(60));
    let since = scene.server.clock.now();
    scene.server.clock.advance(Duration::from_secs(1));
    let (first, second) = (scene.publish(2).await, scene.publish(3).await);
    for message in [&first, &second] {
        scene.status(message, 2).await;
    }
    scene.receiver.script("/hook", [Answer::status(200)]);
    let fine = scene.publish(4).await;
    scene.status(&fine, 0).await;
    scene.server.clock.advance(Duration::from_secs(1));

    let started =
        scene.client.post(&format!("{}/recover", scene.endpoint), json!({"since": since.to_string()})).await;
    let started = started.must(202);
    assert_eq!((&started["task"], &started["status"]), (&json!("endpoint.recover"), &json!("running")));
    assert!(started["id"].as_str().unwrap().starts_with("qtask_"));
    for message in [&first, &second] {
        scene.status(message, 0).await;
        assert_eq!(scene.attempts(message, 2).await.len(), 2);
    }
    scene.status(&old, 2).await;
    assert_eq!(scene.attempts(&fine, 1).await.len(), 1);
    for body in [json!({"since": "2200-01-01T00:00:00Z"}), json!({"since": "then"}), json!({})] {
        scene.client.post(&format!("{}/recover", scene.endpoint), body).await.must(422);
    }
}

#[tokio::test]
async fn an_example_goes_to_one_endpoint_alone() {
    let scene = Scene::endpoint(json!({"eventTypes": ["other"]})).await;
    scene.add_endpoint("/second", json!({})).await;
    let schemas = json!({"1": {"examples": [{"n": 1}]}, "2": {"examples": [{"n": 2}, {"n": 3}]}});
    let body = json!({"name": "t", "description": "T", "schemas": schemas});
    scene.client.post("/api/v1/event-type", body).await.must(201);
    let path = format!("{}/send-example", scene.endpoint);
    for (body, expected) in [
        (json!({"eventType": "t"}), json!({"n": 2})),
        (json!({"eventType": "t", "exampleIndex": 1}), json!({"n": 3})),
        (json!({"eventType": "t", "payload": {"mine": true}}), json!({"mine": true})),
    ] {
        let before = scene.receiver.count();
        let made = scene.client.post(&path, body).await.must(202);
        let request = &scene.receiver.wait("/hook", before + 1).await[before];
        assert_eq!((request.json(), request.header("webhook-id")), (expected, made["id"].as_str().unwrap()));
        assert_eq!(scene.attempts(made["id"].as_str().unwrap(), 1).await[0]["triggerType"], 1);
    }
    assert_eq!(scene.receiver.at("/second").len(), 0);
    let refused = scene.client.post(&path, json!({"eventType": "t", "exampleIndex": 9})).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "exampleIndex"]));
}

#[tokio::test]
async fn a_skipped_delivery_lets_the_next_one_go() {
    let scene = Scene::endpoint(json!({"ordering": "fifo", "retrySchedule": [0, 3600]})).await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(200)]);
    let stuck = scene.publish(1).await;
    scene.attempts(&stuck, 1).await;
    let next = scene.publish(2).await;
    let path = format!("{}/msg/{stuck}/endpoint/{}/skip", scene.app, scene.endpoint_id);
    let skipped = scene.client.post(&path, json!({})).await;
    assert!((200..300).contains(&skipped.status), "{skipped}");
    let requests = scene.receiver.wait("/hook", 2).await;
    assert_eq!(requests[1].header("webhook-id"), next);
    scene.status(&stuck, 4).await;
    scene.client.post(&path, json!({})).await.must(404);
}

#[tokio::test]
async fn deleting_an_endpoint_cancels_what_waits_for_it() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 1]})).await;
    let second = scene.add_endpoint("/second", json!({})).await;
    scene.receiver.script("/hook", [Answer::status(500)]);
    let message = scene.publish(1).await;
    scene.attempts(&message, 2).await;
    scene.client.delete(&scene.endpoint).await.must(204);
    scene.server.clock.advance(Duration::from_secs(10));
    scene.publish(2).await;
    scene.receiver.wait("/second", 2).await;
    assert_eq!(scene.receiver.at("/hook").len(), 1, "nothing more was sent to it");
    await_until("the other endpoint's attempts", async || {
        let path = format!("{}/attempt/endpoint/{second}", scene.app);
        let page = scene.client.get(&path).await.must(200);
        (page["data"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
}
