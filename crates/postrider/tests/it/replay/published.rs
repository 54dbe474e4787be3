//! One message of an application: as it is, or changed.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{TASKS, ended};
use crate::support::{Answer, KEY, Reply, Scene, await_until, new_app, new_endpoint};
use crate::tools::{Tool, command};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const PAYLOAD: &str = "{ \"data\":{\"amount\": 1.0e2, \"to\":\"ann\"} }";

/// A scene with a second endpoint, which gets only what is sent there, and a message that has arrived at the first.
struct Published {
    scene: Scene,
    copy: String,
    id: String,
}

impl Published {
    async fn new() -> Self {
        Self::with(json!({})).await
    }

    async fn with(fields: Value) -> Self {
        let scene = Scene::endpoint(fields).await;
        let copy = scene.add_endpoint("/copy", json!({"uid": "copy", "filterTypes": ["none"]})).await;
        let payload: &serde_json::value::RawValue = serde_json::from_str(PAYLOAD).unwrap();
        let message = json!({"eventType": "invoice.paid", "eventId": "evt-1", "channels": ["eu"], "tags": ["big"],
            "orderingKey": "ann", "payload": null});
        let text = message.to_string().replace("\"payload\":null", &format!("\"payload\":{payload}"));
        let path = format!("{}/msg", scene.app);
        let sent = scene
            .client
            .ask(Method::POST, &path)
            .header("content-type", "application/json")
            .body(text)
            .send();
        let id = sent.await.must(202)["id"].as_str().unwrap().to_owned();
        scene.status(&id, 0).await;
        Self { scene, copy, id }
    }

    async fn replay(&self, body: Value) -> Reply {
        self.scene.client.post(&format!("{}/msg/{}/replay", self.scene.app, self.id), body).await
    }

    /// Sends it changed, and gives the id of what went.
    async fn edited(&self, to: &str, edits: Value) -> String {
        let told = self.replay(json!({"endpointIds": [to], "edits": edits})).await.must(202);
        assert_eq!(told["replayOf"], *self.id);
        told["id"].as_str().unwrap().to_owned()
    }

    async fn message(&self, id: &str) -> Value {
        self.scene.client.get(&format!("{}/msg/{id}", self.scene.app)).await.must(200)
    }

    /// All numbers of the environment.
    async fn numbers(&self) -> Value {
        self.scene.client.get("/api/v1/analytics").await.must(200)["total"].clone()
    }
}

fn place(told: &Value) -> String {
    let loc = told["detail"][0]["loc"].as_array().unwrap_or_else(|| panic!("{told}"));
    loc.iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn an_unchanged_one_is_the_same_message_once_more() {
    let published = Published::new().await;
    let (scene, id) = (&published.scene, &published.id);
    let told = published.replay(json!({"endpointIds": ["copy", scene.endpoint_id]})).await.must(202);
    let expected = json!({"id": id, "replayOf": null, "endpointIds": [published.copy, scene.endpoint_id], "listener": null});
    assert_eq!(told, expected);
    for (path, count) in [("/hook", 2), ("/copy", 1)] {
        let came = scene.receiver.wait(path, count).await.pop().unwrap();
        assert_eq!((came.header("webhook-id"), came.body.as_ref()), (id.as_str(), PAYLOAD.as_bytes()));
    }
    let message = published.message(id).await;
    assert_eq!((&message["replayOf"], &message["edited"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_changed_one_is_a_new_message_that_says_so_and_goes_only_where_it_is_sent() {
    let published = Published::new().await;
    let (scene, of) = (&published.scene, &published.id);
    let key = scene.client.get(&format!("{}/endpoint/copy/secret", scene.app)).await.must(200)["key"].clone();
    let edits = json!({"headers": {"X-Test": "1"}, "set": {"data.amount": 500}});
    let id = published.edited("copy", edits).await;
    assert_ne!(id, *of);
    let came = scene.receiver.wait("/copy", 1).await.pop().unwrap();
    came.verified_by(key.as_str().unwrap()).unwrap();
    assert_eq!(came.body, PAYLOAD.replace("1.0e2", "500"), "all other bytes are as they were");
    assert_eq!((came.header("webhook-id"), came.header("x-test")), (id.as_str(), "1"));
    assert_eq!(came.header("content-type"), "application/json");
    assert_eq!(scene.receiver.count(), 2, "it goes nowhere else");

    let message = published.message(&id).await;
    assert_eq!((&message["replayOf"], &message["edited"]), (&json!(of), &json!(true)));
    assert_eq!(message["eventType"], "invoice.paid");
    assert_eq!((&message["channels"], &message["tags"]), (&json!(["eu"]), &json!(["big"])));
    assert_eq!((&message["eventId"], &message["orderingKey"]), (&Value::Null, &Value::Null));
    let listed = scene.client.get(&format!("{}/msg", scene.app)).await.must(200);
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["edited"]), (&json!(id), &json!(true)));

    // What is missing, or is replayed with a span of time, is never what somebody has tried out.
    let late = scene.add_endpoint("/late", json!({})).await;
    for (endpoint, what) in [(late.as_str(), "replay-missing"), ("copy", "bulk-replay")] {
        let path = format!("{}/endpoint/{endpoint}/{what}", scene.app);
        let task = scene.client.post(&path, json!({"since": LONG_AGO})).await.must(202);
        let task = ended(&scene.client, &format!("{TASKS}/{}", task["id"].as_str().unwrap())).await;
        assert_eq!(task["data"]["affected"], u64::from(what == "replay-missing"), "{task}");
    }
    assert_eq!(scene.receiver.wait("/late", 1).await[0].header("webhook-id"), of);
}

#[tokio::test]
async fn it_is_attempted_once_and_counted_nowhere() {
    let published = Published::with(json!({"retrySchedule": [1, 1, 1]})).await;
    let scene = &published.scene;
    let before = published.numbers().await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(410), Answer::status(200)]);
    for status in [500, 410, 200] {
        let id = published.edited(&scene.endpoint_id, json!({"set": {"data.amount": status}})).await;
        let attempts = scene.attempts(&id, 1).await;
        assert_eq!(
            (&attempts[0]["responseStatusCode"], &attempts[0]["triggerType"]),
            (&json!(status), &json!(1))
        );
        scene.status(&id, if status == 200 { 0 } else { 2 }).await;
        scene.server.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(published.numbers().await, before);
    assert_eq!(scene.client.get("/api/v1/issue").await.must(200)["data"], json!([]));
    let endpoint = scene.client.get(&scene.endpoint).await.must(200);
    assert_eq!(endpoint["disabled"], false, "410 was for the test: {endpoint}");
    // The endpoint goes on as if nothing had been tried.
    let next = scene.publish(1).await;
    scene.status(&next, 0).await;
    assert_eq!(scene.receiver.count(), 5, "nothing was tried again");
    // Sending it again by hand is another attempt, and one only.
    scene.receiver.script("/hook", [Answer::status(500)]);
    let id = published.edited(&scene.endpoint_id, json!({"set": {"data.amount": 1}})).await;
    scene.status(&id, 2).await;
    let path = format!("{}/msg/{id}/endpoint/{}/resend", scene.app, scene.endpoint_id);
    scene.receiver.script("/hook", [Answer::status(500)]);
    scene.client.post(&path, json!({})).await.must(202);
    scene.attempts(&id, 2).await;
    scene.status(&id, 2).await;
}

#[tokio::test]
async fn what_could_not_have_been_published_is_refused_in_its_place() {
    let published = Published::new().await;
    let (scene, copy) = (&published.scene, json!(["copy"]));
    let edits = |edits: Value| json!({"endpointIds": copy, "edits": edits});
    for (body, expected) in [
        (json!({}), "body/endpointIds"),
        (json!({"endpointIds": []}), "body/endpointIds"),
        (json!({"endpointIds": ["copy", "none"]}), "body/endpointIds/1"),
        (json!({"endpointIds": copy, "listener": "me"}), "body/listener"),
        (edits(json!({"set": {"data.amoun": 1}})), "body/edits/set/data.amoun"),
        (edits(json!({"body": "[]"})), "body/edits/body"),
        (edits(json!({"body": "{"})), "body/edits/body"),
        (edits(json!({"body": "{}", "bodyBase64": "e30="})), "body/edits/bodyBase64"),
        (edits(json!({"headers": {"Host": "x"}})), "body/edits/headers/Host"),
        (edits(json!({"headers": {"webhook-signature": "x"}})), "body/edits/headers/webhook-signature"),
    ] {
        let told = published.replay(body.clone()).await.must(422);
        assert_eq!(place(&told), expected, "{body}: {told}");
    }
    let told = published.replay(edits(json!({"set": {"data.amoun": 1}}))).await.must(422);
    assert!(told["detail"][0]["msg"].as_str().unwrap().ends_with("did you mean `data.amount`?"), "{told}");
    // What is another's is not there.
    let other = new_app(&scene.client, "other").await;
    let foreign = new_endpoint(&scene.client, &other, &scene.receiver.url("/other"), json!({})).await;
    let told = published.replay(json!({"endpointIds": [foreign]})).await.must(422);
    assert_eq!(place(&told), "body/endpointIds/0");
    let path = format!("{other}/msg/{}/replay", published.id);
    scene.client.post(&path, json!({"endpointIds": [foreign]})).await.must(404);
    let message = format!("{}/msg/{}", scene.app, published.id);
    scene.client.delete(&format!("{message}/content")).await.must(204);
    for edits in [json!({}), json!({"body": "{}"})] {
        let told = published.replay(json!({"endpointIds": copy, "edits": edits})).await.must(422);
        assert_eq!(place(&told), "path/msg_id");
    }
    assert_eq!(scene.receiver.count(), 1, "nothing went");
}

#[tokio::test]
async fn the_same_request_replays_once() {
    let published = Published::new().await;
    let (scene, path) = (&published.scene, format!("{}/msg/evt-1/replay", published.scene.app));
    for edits in [json!({}), json!({"set": {"data.to": "bob"}})] {
        let body = json!({"endpointIds": ["copy"], "edits": edits});
        let ask =
            async || scene.client.ask(Method::POST, &path).once(&body.to_string()).json(&body).send().await;
        let first = ask().await.must(202);
        assert_eq!(ask().await.must(202), first);
    }
    let mut ids: Vec<_> = scene
        .receiver
        .wait("/copy", 2)
        .await
        .iter()
        .map(|came| came.header("webhook-id").to_owned())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 2);
    await_until("what was sent to be settled", async || {
        let page = scene.client.get(&format!("{}/endpoint/copy/stats", scene.app)).await.must(200);
        (page["success"] == 2).then_some(())
    })
    .await;
    assert_eq!(scene.receiver.at("/copy").len(), 2);
}

#[tokio::test]
async fn the_command_sends_it_changed_as_it_is_told() {
    let published = Published::new().await;
    let scene = &published.scene;
    let server = format!("http://{}", scene.server.address);
    let app = scene.app.rsplit('/').next().unwrap();
    let run = async |arguments: &[&str]| {
        let fixed = ["replay", "--server", &server, "--app", app, &published.id];
        let mut asked = command();
        asked.env("POSTRIDER_KEY", KEY).args(fixed).args(arguments);
        Tool::of(asked, b"").await
    };
    let changes = ["--to-endpoint", "copy", "--set", "data.amount=500", "-H", "x-a: 1", "--output", "json"];
    let told = run(&changes).await.json(0);
    assert_eq!(told[0]["replayOf"], *published.id);
    let came = scene.receiver.wait("/copy", 1).await.pop().unwrap();
    assert_eq!((came.body.as_ref(), came.header("x-a")), (PAYLOAD.replace("1.0e2", "500").as_bytes(), "1"));
    let told = run(&["--to-endpoint", "copy", "--set", "data.amoun=500"]).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("did you mean `data.amount`?"), "{told:?}");
    let told = run(&["--set", "data.amount=500"]).await;
    assert_eq!(told.code, Some(2), "{told:?}");
}
