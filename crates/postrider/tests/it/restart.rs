//! A stop in good order and a start: nothing is lost, nothing is sent twice, nothing secret is in the files.

use std::path::Path;
use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::json;

use crate::support::{Answer, DataDir, Gate, Raw, Receiver, Scene, Server};

#[tokio::test]
async fn what_was_waiting_arrives_after_a_restart() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 3600]})).await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(200)]);
    let retried = scene.publish(1).await;
    scene.attempts(&retried, 1).await;
    let at = scene.server.clock.now().after(Duration::from_secs(3600)).to_string();
    let scheduled = scene.publish_this(json!({"eventType": "t", "payload": {"n": 2}, "deliverAt": at})).await;
    let done = scene.publish(3).await;
    scene.status(&done, 0).await;
    let Scene { server, receiver, app, .. } = scene;
    let clock = server.clock.clone();
    let data = server.stop().await;

    clock.advance(Duration::from_secs(2 * 3600));
    let server = Server::builder().data(data).clock(clock).start().await;
    let requests = receiver.wait("/hook", 4).await;
    let ids: Vec<_> = requests[2..].iter().map(|request| request.header("webhook-id")).collect();
    assert!(ids.contains(&retried.as_str()) && ids.contains(&scheduled.as_str()), "{ids:?}");
    let fresh =
        crate::support::publish(&server.client(), &app, json!({"eventType": "t", "payload": {}})).await;
    let requests = receiver.wait("/hook", 5).await;
    assert_eq!(
        (requests.len(), requests[4].header("webhook-id")),
        (5, fresh.as_str()),
        "what was done stays done"
    );
}

#[tokio::test]
async fn what_was_in_memory_and_not_begun_is_given_back() {
    // One slow delivery fills the lane's whole concurrency; the others are held behind it.
    let gate = Gate::shut();
    let server = Server::builder()
        .set("dispatch.endpoint_concurrency", "1")
        .set("dispatch.concurrency", "1")
        .start()
        .await;
    let scene = Scene::with(server, json!({"throttleRate": 1})).await;
    scene.receiver.script("/hook", [Answer::status(200).when(&gate), Answer::status(200)]);
    let mut messages = Vec::new();
    for n in 0..5 {
        messages.push(scene.publish(n).await);
    }
    scene.receiver.wait("/hook", 1).await;
    let Scene { server, receiver, client, endpoint, .. } = scene;
    client.patch(&endpoint, json!({"throttleRate": null})).await.must(200);
    let stopping = tokio::spawn(server.stop());
    gate.open();
    let data = stopping.await.unwrap();
    let sent = receiver.count();

    let _server = Server::builder().data(data).start().await;
    receiver.wait("/hook", 5).await;
    let requests = receiver.at("/hook");
    let mut ids: Vec<_> = requests.iter().map(|request| request.header("webhook-id").to_owned()).collect();
    ids.sort();
    messages.sort();
    assert_eq!(ids, messages, "each once; {sent} before the restart");
}

#[tokio::test]
async fn what_the_last_answer_brings_is_recorded_before_the_end() {
    // A 410 disables its endpoint, and a success hands over the next of an order: both come after the stop has begun.
    for (answer, disabled) in [(410, true), (200, false)] {
        let gate = Gate::shut();
        let scene = Scene::endpoint(json!({"ordering": "fifo"})).await;
        scene.receiver.script("/hook", [Answer::status(answer).when(&gate)]);
        scene.publish(1).await;
        scene.publish(2).await;
        scene.receiver.wait("/hook", 1).await;
        let Scene { server, endpoint, receiver, .. } = scene;
        let data = stop_and(server, || gate.open()).await;
        assert_eq!((receiver.count(), held(&data)), (1, 0), "after a stop in good order nothing is held");
        let server = Server::builder().data(data).start().await;
        assert_eq!(server.client().get(&endpoint).await.must(200)["disabled"], disabled);
    }
}

/// Stops the server, and does `meanwhile` when it is stopping.
async fn stop_and(server: Server, meanwhile: impl FnOnce()) -> DataDir {
    let mut idle = Raw::connect(server.address).await;
    let stopping = tokio::spawn(server.stop());
    // The connections end first.
    idle.read_to_end().await;
    meanwhile();
    stopping.await.unwrap()
}

/// Deliveries that are recorded as in the hands of a process.
fn held(data: &DataDir) -> i64 {
    let database = rusqlite::Connection::open(data.path().join("postrider.db")).unwrap();
    database.query_row("SELECT count(*) FROM delivery WHERE state = 1", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn deliveries_of_a_receiver_that_was_down_arrive_when_it_is_back() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 60, 60]})).await;
    let Scene { server, receiver, client, app, .. } = scene;
    let address = receiver.address;
    drop(receiver);
    let message = crate::support::publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    crate::support::await_until("the failure", async || {
        let page = client.get(&format!("{app}/attempt/msg/{message}")).await.must(200);
        (page["data"][0]["failure"]["class"] == "connect").then_some(())
    })
    .await;
    let clock = server.clock.clone();
    let data = server.stop().await;
    let receiver = Receiver::start_at(address).await;
    clock.advance(Duration::from_secs(120));
    let _server = Server::builder().data(data).clock(clock).start().await;
    assert_eq!(receiver.wait("/hook", 1).await[0].header("webhook-id"), message);
}

const HEADER: &str = "canary-of-a-header-value";
const SECRET: &str = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

#[tokio::test]
async fn the_files_hold_no_secret_in_plain() {
    let fields = json!({"secret": SECRET, "headers": {"authorization": HEADER}});
    let scene = Scene::endpoint(fields).await;
    let (_, token) = scene.server.new_key(json!({"scope": "environment"})).await;
    let path = format!("{}/secret/rotate", scene.endpoint);
    let rotating = scene.client.ask(http::Method::POST, &path).once("key").json(&json!({}));
    let rotated = rotating.send().await.must(200)["key"].as_str().unwrap().to_owned();
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    assert_eq!(scene.receiver.at("/hook")[0].header("authorization"), HEADER);
    let mut canaries = vec![HEADER.to_owned(), token, crate::support::KEY.to_owned()];
    for key in [SECRET.to_owned(), rotated] {
        let text = key.strip_prefix("whsec_").unwrap().trim_end_matches('=').to_owned();
        canaries.push(text);
    }
    canaries.push("canarycanary".to_owned());

    look(scene.server.data.path(), &canaries);
    let data = scene.server.stop().await;
    look(data.path(), &canaries);
}

/// Looks for the canaries in all files of the data directory, and that it can find something at all.
fn look(directory: &Path, canaries: &[String]) {
    let mut all = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for canary in canaries {
                let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
                assert!(!found, "{canary} is in {}", path.display());
            }
            all.extend(bytes);
        }
    }
    let app_name = b"scene";
    assert!(all.windows(app_name.len()).any(|window| window == app_name), "what is no secret is found");
}
