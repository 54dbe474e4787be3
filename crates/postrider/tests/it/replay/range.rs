//! What a source received in a span of time.

use std::collections::BTreeSet;
use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::{Value, json};

use super::{SECRET, Scene, TASKS, ended, stripe};
use crate::support::{Server, await_until};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
/// Several steps of a task.
const MANY: usize = 350;

/// A source that takes everything, after it has got that many.
async fn with_many(server: Server) -> Scene {
    let scene = Scene::on(server, "generic-webhook", json!({})).await;
    for n in 0..MANY {
        scene.send(&[], &format!("{{\"n\":{n}}}")).await;
    }
    scene.receiver.wait("/hook", MANY).await;
    scene.settled(&scene.hook, MANY as u64).await;
    scene
}

fn to_copy(more: &Value) -> Value {
    let mut body = json!({"since": LONG_AGO, "endpointIds": ["copy"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn the_filters_say_what_is_replayed_and_a_dry_run_counts_it() {
    let scene = Scene::new("stripe", json!({"secret": SECRET, "acceptUnverified": true})).await;
    for (n, kind) in ["a", "b", "a", "b"].into_iter().enumerate() {
        scene.send_stripe(&format!("{{\"type\":\"{kind}\",\"id\":\"evt_{n}\"}}")).await;
    }
    scene.send_stripe("{\"type\":\"a\",\"id\":\"evt_0\"}").await;
    scene.send(&[("stripe-signature", &stripe("{}", 1))], "{\"type\":\"a\",\"id\":\"forged\"}").await;
    scene.receiver.wait("/hook", 5).await;
    scene.server.clock.advance(Duration::from_secs(60));
    let later = scene.server.clock.now().to_string();
    scene.server.clock.advance(Duration::from_secs(1));
    scene.send_stripe("{\"type\":\"a\",\"id\":\"evt_late\"}").await;
    scene.receiver.wait("/hook", 6).await;
    // A replay is never replayed with a range.
    scene.replay(json!({"endpointIds": ["copy"], "sign": "provider"})).await.must(202);
    scene.receiver.wait("/copy", 1).await;

    let path = format!("{}/replay", scene.source.path);
    for (filter, matched) in [
        (json!({}), 6),
        (json!({"eventTypes": ["a"]}), 4),
        (json!({"eventTypes": ["a"], "verdicts": ["verified"]}), 3),
        (json!({"verdicts": ["failed", "unverified"]}), 1),
        (json!({"includeDuplicates": true}), 7),
        (json!({"until": later}), 5),
        (json!({"since": later}), 1),
        (json!({"eventTypes": ["c"]}), 0),
    ] {
        let mut body = to_copy(&filter);
        body["dryRun"] = json!(true);
        let counted = scene.client.post(&path, body).await.must(200);
        assert_eq!(counted, json!({"matched": matched, "complete": true}), "{filter}");
    }
    assert_eq!(scene.receiver.at("/copy").len(), 1, "a dry run sends nothing");

    let task = scene.range(to_copy(&json!({"eventTypes": ["a"], "until": later}))).await;
    let task = ended(&scene.client, &task).await;
    assert_eq!(
        (&task["status"], &task["task"]),
        (&json!("finished"), &json!("endpoint.bulk-replay")),
        "{task}"
    );
    assert_eq!((&task["data"]["matched"], &task["data"]["affected"]), (&json!(3), &json!(3)), "{task}");
    assert_eq!((&task["data"]["walked"], &task["data"]["canceled"]), (&json!(1.0), &json!(false)));
    scene.receiver.wait("/copy", 4).await;
}

#[tokio::test]
async fn a_restart_in_the_middle_replays_nothing_twice() {
    for sign in ["asItCame", "postrider"] {
        let scene = with_many(Server::start().await).await;
        let task = scene.range(to_copy(&json!({"sign": sign}))).await;
        let client = scene.client.clone();
        await_until("the first step", async || {
            let task = client.get(&task).await.must(200);
            (task["data"]["affected"] != 0).then_some(())
        })
        .await;
        let Scene { server, receiver, .. } = scene;
        let clock = server.clock.clone();
        let server = Server::builder().data(server.stop().await).clock(clock).start().await;
        let task = ended(&server.client(), &task).await;
        assert_eq!(
            (&task["status"], &task["data"]["affected"]),
            (&json!("finished"), &json!(MANY)),
            "{task}"
        );
        let came = receiver.wait("/copy", MANY).await;
        let bodies: BTreeSet<_> = came.iter().map(|request| request.body.clone()).collect();
        assert_eq!((came.len(), bodies.len()), (MANY, MANY), "each once");
        server.stop().await;
        assert_eq!(receiver.at("/copy").len(), MANY, "nothing is left that would come twice");
    }
}

#[tokio::test]
async fn a_canceled_one_sends_no_more_than_it_has_counted() {
    let scene = with_many(Server::start().await).await;
    let task = scene.range(to_copy(&json!({"sign": "postrider"}))).await;
    let canceled = scene.client.post(&format!("{task}/cancel"), json!({})).await.must(200);
    let again = scene.client.post(&format!("{task}/cancel"), json!({})).await.must(200);
    assert_eq!(again, canceled, "what has ended stays as it is");
    if canceled["data"]["canceled"] == true {
        assert_eq!(canceled["status"], "failed");
    }
    let sent = usize::try_from(canceled["data"]["affected"].as_u64().unwrap()).unwrap();
    // A replay of one message behind it has its turn after all that the task has sent.
    scene.replay(json!({"endpointIds": [scene.hook]})).await.must(202);
    scene.receiver.wait("/hook", MANY + 1).await;
    let came = scene.receiver.wait("/copy", sent).await;
    assert_eq!(came.len(), sent);
    let seen = scene.client.get(&task).await.must(200);
    assert_eq!(seen, canceled);
    scene.server.stop().await;
    assert_eq!(scene.receiver.at("/copy").len(), sent);
}

#[tokio::test]
async fn tasks_are_listed_by_what_they_are() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    scene.send(&[], "{}").await;
    scene.receiver.wait("/hook", 1).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let task = scene.range(to_copy(&json!({}))).await;
        ended(&scene.client, &task).await;
        tasks.insert(0, task.rsplit('/').next().unwrap().to_owned());
    }
    let list = async |query: &str| {
        let page = scene.client.get(&format!("{TASKS}{query}")).await.must(200);
        let ids: Vec<_> = page["data"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect();
        (ids, page)
    };
    assert_eq!(list("").await.0, tasks);
    assert_eq!(list("?task=endpoint.bulk-replay&status=finished").await.0, tasks);
    for none in ["?task=endpoint.recover", "?status=running", "?task=sdk.generate"] {
        assert!(list(none).await.0.is_empty(), "{none}");
    }
    let (first, page) = list("?limit=2").await;
    assert_eq!((first, &page["done"]), (vec![json!(tasks[0]), json!(tasks[1])], &json!(false)));
    assert_eq!(list(&format!("?iterator={}", page["iterator"].as_str().unwrap())).await.0, tasks[2..]);
    scene.client.get(&format!("{TASKS}?task=nothing")).await.must(422);
}
