//! Messages of an application, sent to one of its endpoints again.

use serde_json::{Value, json};

use super::{TASKS, ended};
use crate::support::{Answer, Gate, Scene, new_endpoint};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";

async fn begun(scene: &Scene, endpoint: &str, what: &str, more: Value) -> Value {
    let mut body = json!({"since": LONG_AGO});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("{}/endpoint/{endpoint}/{what}", scene.app);
    let task = scene.client.post(&path, body).await.must(202);
    ended(&scene.client, &format!("{TASKS}/{}", task["id"].as_str().unwrap())).await
}

#[tokio::test]
async fn what_went_there_is_sent_again_as_far_as_it_is_selected() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(404), Answer::status(200)]);
    let mut messages = Vec::new();
    for (kind, tags, channels) in
        [("a", json!(["x"]), json!([])), ("b", json!([]), json!(["c"])), ("a", json!([]), json!([]))]
    {
        let body = json!({"eventType": kind, "payload": {}, "tags": tags, "channels": channels});
        let message = scene.publish_this(body).await;
        scene.attempts(&message, 1).await;
        messages.push(message);
    }
    scene.status(&messages[2], 0).await;
    for (filter, expected) in [
        (json!({"statusCodeClass": 500}), &[0][..]),
        (json!({"status": 2}), &[1]),
        (json!({"statusCodeClass": 400}), &[]),
        (json!({"statusCodeClass": 200}), &[0, 1, 2]),
        (json!({"eventTypes": ["a"]}), &[0, 2]),
        (json!({"tag": "x"}), &[0]),
        (json!({"channel": "c"}), &[1]),
        (json!({"eventTypes": ["none"]}), &[]),
        (json!({"until": "2020-01-02T00:00:00Z"}), &[]),
        (json!({}), &[0, 1, 2]),
    ] {
        let before = scene.receiver.count();
        let task = begun(&scene, &scene.endpoint_id, "bulk-replay", filter.clone()).await;
        assert_eq!((&task["status"], &task["task"]), (&json!("finished"), &json!("endpoint.bulk-replay")));
        assert_eq!(
            (&task["data"]["matched"], &task["data"]["affected"]),
            (&json!(expected.len()), &json!(expected.len())),
            "{filter} {task}"
        );
        let came = scene.receiver.wait("/hook", before + expected.len()).await;
        let mut ids: Vec<_> =
            came[before..].iter().map(|request| request.header("webhook-id").to_owned()).collect();
        let mut wanted: Vec<_> = expected.iter().map(|index| messages[*index].clone()).collect();
        ids.sort();
        wanted.sort();
        assert_eq!(ids, wanted, "{filter}: with their ids");
        for index in expected {
            scene.status(&messages[*index], 0).await;
        }
    }
}

#[tokio::test]
async fn what_never_went_there_is_sent_and_nothing_else() {
    let scene = Scene::new().await;
    let mut expected = Vec::new();
    for (index, kind) in ["a", "b", "a"].into_iter().enumerate() {
        let message = scene.publish_this(json!({"eventType": kind, "payload": {"n": index}})).await;
        scene.status(&message, 0).await;
        if kind == "a" {
            expected.push(message);
        }
    }
    let late =
        new_endpoint(&scene.client, &scene.app, &scene.receiver.url("/late"), json!({"filterTypes": ["a"]}))
            .await;
    let fresh = scene.publish_this(json!({"eventType": "a", "payload": {}})).await;
    scene.receiver.wait("/late", 1).await;
    let task = begun(&scene, &late, "replay-missing", json!({})).await;
    assert_eq!((&task["task"], &task["data"]["affected"]), (&json!("endpoint.replay"), &json!(2)), "{task}");
    let came = scene.receiver.wait("/late", 3).await;
    assert_eq!(came[0].header("webhook-id"), fresh);
    let mut ids: Vec<_> = came[1..].iter().map(|request| request.header("webhook-id").to_owned()).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    let task = begun(&scene, &late, "replay-missing", json!({})).await;
    assert_eq!(task["data"]["matched"], 0, "nothing is missing any more: {task}");
}

#[tokio::test]
async fn an_order_goes_on_as_if_nothing_was_replayed() {
    let scene = Scene::endpoint(json!({"ordering": "fifo", "retrySchedule": [0]})).await;
    let first = scene.publish(1).await;
    scene.status(&first, 0).await;
    let gate = Gate::shut();
    scene.receiver.script("/hook", [Answer::status(200).when(&gate), Answer::status(200)]);
    let (second, third) = (scene.publish(2).await, scene.publish(3).await);
    scene.receiver.wait("/hook", 2).await;
    // The second is under way and the third waits behind it: the first may go, and neither of them changes its place.
    let task = begun(&scene, &scene.endpoint_id, "bulk-replay", json!({})).await;
    assert_eq!((&task["data"]["matched"], &task["data"]["affected"]), (&json!(3), &json!(1)), "{task}");
    assert_eq!(task["data"]["skipped"], json!({"underWay": 2}));
    gate.open();
    for message in [&first, &second, &third] {
        scene.status(message, 0).await;
    }
    let came = scene.receiver.wait("/hook", 4).await;
    let ordered: Vec<_> =
        came.iter().map(|request| request.header("webhook-id")).filter(|id| **id != *first).collect();
    assert_eq!(ordered, [&second, &third]);
}

#[tokio::test]
async fn to_an_endpoint_that_is_gone_nothing_goes() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    let task = begun(&scene, &scene.endpoint_id, "recover", json!({})).await;
    assert_eq!((&task["status"], &task["data"]["matched"]), (&json!("finished"), &json!(0)));
    scene.client.delete(&scene.endpoint).await.must(204);
    let path = format!("{}/bulk-replay", scene.endpoint);
    scene.client.post(&path, json!({"since": LONG_AGO})).await.must(404);
}
