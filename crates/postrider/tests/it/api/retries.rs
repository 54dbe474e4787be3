//! What an answer means for the next attempt.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Scene, await_until};

#[tokio::test]
async fn a_receiver_can_ask_for_time() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 0, 0]})).await;
    let answers = [
        Answer::status(503).header("retry-after", "1"),
        Answer::status(429).header("retry-after", "nonsense"),
    ];
    scene.receiver.script("/hook", answers.into_iter().chain([Answer::status(200)]));
    let message = scene.publish(1).await;
    let requests = scene.receiver.wait("/hook", 3).await;
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1), "the number is honoured");
    assert!(requests[2].at - requests[1].at < Duration::from_secs(5), "nonsense is ignored");
    scene.status(&message, 0).await;
}

#[tokio::test]
async fn an_attempt_ends_at_its_deadline() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0], "timeoutSeconds": 1})).await;
    scene.receiver.script("/hook", [Answer::status(200).after(Duration::from_secs(60))]);
    let began = Instant::now();
    let message = scene.publish(1).await;
    scene.status(&message, 2).await;
    assert!(
        (Duration::from_secs(1)..Duration::from_secs(15)).contains(&began.elapsed()),
        "{:?}",
        began.elapsed()
    );
    let attempt = &scene.attempts(&message, 1).await[0];
    assert_eq!(
        (&attempt["failure"]["class"], &attempt["responseStatusCode"]),
        (&json!("timeout"), &json!(0))
    );
}

#[tokio::test]
async fn gone_disables_the_endpoint_and_its_owner_can_enable_it() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 0]})).await;
    scene.receiver.script("/hook", [Answer::status(410), Answer::status(200)]);
    scene.publish(1).await;
    await_until("the endpoint to be disabled", async || {
        let endpoint = scene.client.get(&scene.endpoint).await.must(200);
        (endpoint["disabled"] == true && endpoint["disabledReason"] == "gone").then_some(())
    })
    .await;
    scene.client.patch(&scene.endpoint, json!({"disabled": false})).await.must(200);
    let next = scene.publish(2).await;
    scene.status(&next, 0).await;
}

#[tokio::test]
async fn redirects_are_failures_and_not_followed() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    let elsewhere = scene.receiver.url("/elsewhere");
    scene.receiver.script("/hook", [Answer::status(302).header("location", elsewhere)]);
    let message = scene.publish(1).await;
    scene.status(&message, 2).await;
    assert_eq!(scene.attempts(&message, 1).await[0]["responseStatusCode"], 302);
    assert_eq!(scene.receiver.at("/elsewhere").len(), 0);
}
