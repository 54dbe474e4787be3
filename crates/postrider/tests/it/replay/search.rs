//! What a search finds, sent again.

use serde_json::{Value, json};

use super::{TASKS, ended};
use crate::support::{Answer, Client, Gate, KEY, Scene, await_until, new_app, new_endpoint, publish};
use crate::tools::{Tool, command};

const REPLAY: &str = "/api/v1/delivery/replay";

async fn begun(client: &Client, query: &str) -> Value {
    let task = client.post(REPLAY, json!({"q": query})).await.must(202);
    ended(client, &format!("{TASKS}/{}", task["id"].as_str().unwrap())).await
}

async fn foreseen(client: &Client, query: &str) -> Value {
    client.post(REPLAY, json!({"q": query, "dryRun": true})).await.must(200)
}

/// How many deliveries a query means.
async fn count(client: &Client, query: &str) -> usize {
    let encoded = percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC);
    let page = client.get(&format!("/api/v1/delivery?limit=250&q={encoded}")).await.must(200);
    page["data"].as_array().unwrap().len()
}

/// Two failed messages of an application and one of another; one that arrived.
async fn stock() -> (Scene, String) {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    let other = new_app(&scene.client, "other").await;
    let fields = json!({"retrySchedule": [0]});
    new_endpoint(&scene.client, &other, &scene.receiver.url("/other"), fields).await;
    scene.receiver.script("/other", [Answer::status(503)]);
    publish(&scene.client, &other, json!({"eventType": "t", "payload": {"n": 0}})).await;
    scene.receiver.script("/hook", [Answer::status(503)]);
    for n in 1..3 {
        let message = scene.publish(n).await;
        scene.status(&message, 2).await;
    }
    scene.receiver.script("/hook", [Answer::status(200)]);
    let arrived = scene.publish(3).await;
    scene.status(&arrived, 0).await;
    await_until("the other application's delivery to fail", async || {
        (count(&scene.client, "status:failed").await == 3).then_some(())
    })
    .await;
    (scene, other)
}

#[tokio::test]
async fn what_is_found_is_sent_again_once_across_applications() {
    let (scene, _) = stock().await;
    // What is sent again fails again, and then it is found again, but not by this task.
    scene.receiver.script("/hook", [Answer::status(500)]);
    let before = scene.receiver.count();
    let task = begun(&scene.client, "status:failed code:503 since:1h").await;
    assert_eq!((&task["status"], &task["task"]), (&json!("finished"), &json!("endpoint.bulk-replay")));
    let data = &task["data"];
    assert_eq!((&data["matched"], &data["affected"]), (&json!(3), &json!(3)), "{task}");
    assert_eq!((&data["q"], &data["walked"]), (&json!("status:failed code:503 since:1h"), &json!(1.0)));
    assert_eq!((data.get("sourceId"), &data["skipped"]), (None, &json!({})));
    await_until("all to have failed again", async || {
        (count(&scene.client, "status:failed").await == 3).then_some(())
    })
    .await;
    assert_eq!(scene.receiver.count(), before + 3, "nothing twice");
    assert_eq!(count(&scene.client, "code:500 trigger:manual").await, 2);

    let task = begun(&scene.client, "status:delivered since:1h").await;
    assert_eq!(task["data"]["affected"], json!(1), "what arrived goes too when it is asked for");
    let task = begun(&scene.client, "type:nothing").await;
    assert_eq!((&task["status"], &task["data"]["matched"]), (&json!("finished"), &json!(0)), "{task}");
}

#[tokio::test]
async fn a_key_of_an_application_replays_its_own() {
    let (scene, other) = stock().await;
    let id = other.rsplit('/').next().unwrap();
    let key = scene.server.new_key(json!({"scope": "app", "app": id})).await.1;
    let own = scene.client.with_key(&key);
    let task = begun(&own, "status:failed").await;
    assert_eq!((&task["data"]["matched"], &task["data"]["affected"]), (&json!(1), &json!(1)), "{task}");
    // The environment's tasks are none of its business.
    let wide = scene.client.post(REPLAY, json!({"q": "status:failed"})).await.must(202);
    own.get(&format!("{TASKS}/{}", wide["id"].as_str().unwrap())).await.must(404);
}

#[tokio::test]
async fn it_tells_before_what_it_would_come_to() {
    let (scene, _) = stock().await;
    let gate = Gate::shut();
    scene.receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let before = scene.receiver.at("/hook").len();
    let held = scene.publish(4).await;
    let gone = scene.publish_this(json!({"eventType": "gone", "payload": {}})).await;
    scene.receiver.wait("/hook", before + 2).await;
    scene.client.delete(&format!("{}/msg/{gone}/content", scene.app)).await.must(204);
    let told = foreseen(&scene.client, "since:1h").await;
    assert_eq!((&told["matched"], &told["complete"]), (&json!(6), &json!(true)), "{told}");
    assert_eq!(told["skipped"]["underWay"], json!(1), "{told}");
    assert_eq!(told["skipped"]["noPayload"], json!(1), "{told}");
    assert_eq!(told["wouldSend"], json!(4), "{told}");
    assert_eq!(scene.receiver.at("/hook").len(), before + 2, "nothing was sent");
    let tasks = scene.client.get(TASKS).await.must(200);
    assert_eq!(tasks["data"], json!([]));
    gate.open();
    scene.status(&held, 0).await;
}

#[tokio::test]
async fn what_is_no_query_or_means_everything_is_refused() {
    let scene = Scene::new().await;
    for (query, said) in [
        ("", "must say which deliveries are meant"),
        ("   ", "must say which deliveries are meant"),
        ("staus:failed", "did you mean `status`?"),
        ("app:nobody", "names an application or a source that is not there"),
        ("until:2001-01-01 since:2002-01-01", "must mean a time that has begun"),
    ] {
        let told = scene.client.post(REPLAY, json!({"q": query})).await.must(422);
        assert_eq!(told["detail"][0]["loc"], json!(["body", "q"]), "{query}: {told}");
        assert!(told["detail"][0]["msg"].as_str().unwrap().contains(said), "{query}: {told}");
    }
    assert_eq!(foreseen(&scene.client, "app:nobody").await["matched"], json!(0));
    let told = scene.client.post(REPLAY, json!({"q": "since:1h", "dryrun": true})).await.must(422);
    assert_eq!(
        told["detail"][0]["loc"],
        json!(["body", "dryrun"]),
        "a dry run must not be a real one by a typo"
    );
}

#[tokio::test]
async fn the_command_counts_and_follows() {
    let (scene, _) = stock().await;
    let server = format!("http://{}", scene.server.address);
    let ask = async |more: &[&str]| {
        let mut asked = command();
        asked.env("POSTRIDER_KEY", KEY).args(["replay", "--server", &server, "--query"]).args(more);
        Tool::of(asked, b"").await
    };
    let told = ask(&["status:failed since:2h", "--dry-run"]).await.ends(0);
    assert_eq!(told, "3 deliveries match, 3 would be sent again\n");
    let told = ask(&["status:failed since:2h"]).await.ends(0);
    assert!(told.ends_with("finished, 3 matching, 3 sent again\n"), "{told}");
    let told = ask(&["staus:failed"]).await;
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("did you mean status"), "{told:?}");
}
