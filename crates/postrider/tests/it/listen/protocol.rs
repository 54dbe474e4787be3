//! Our protocol, as a client of its own would use it.

use postrider_core::id::{AppId, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::reception::{Detail, Reception, Sameness, Standing};
use postrider_core::rights::Right;
use postrider_core::scope::SystemScope;
use postrider_core::time::Timestamp;
use postrider_store::{Acceptance, Arrival, Intake, Page};
use serde_json::{Value, json};

use super::stream::Stream;
use super::{LISTEN, Scene, in_time, send, source};
use crate::support::{KEY, Server};

async fn open(scene: &Scene, query: &str) -> Stream {
    let bearer = format!("Bearer {KEY}");
    Stream::open(&scene.server, &format!("{LISTEN}{query}"), &[("authorization", &bearer)]).await
}

fn body(data: &Value) -> String {
    use base64::Engine as _;
    let coded = data["bodyBase64"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(coded).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_request_is_told_as_it_came() {
    let scene = Scene::new().await;
    let mut stream = open(&scene, "?source=shop").await;
    let anybody = scene.client.without_key();
    let path = format!("{}/orders?shop=7&a=%20", scene.address);
    let asking =
        anybody.ask(http::Method::PUT, &path).header("x-signature", "sha256=ab").body("{ \"n\":1 }\n");
    assert_eq!(asking.send().await.status, 200);
    let event = stream.next().await;
    let data = &event.data;
    assert_eq!((event.name.as_str(), event.id.as_deref()), ("request", data["id"].as_str()));
    for (name, expected) in [
        ("method", json!("PUT")),
        ("path", json!("/orders")),
        ("query", json!("shop=7&a=%20")),
        ("sourceUid", json!("shop")),
        ("eventType", json!("webhook.received")),
        ("duplicateOf", Value::Null),
        ("attempt", json!(1)),
        ("awaited", json!(false)),
    ] {
        assert_eq!(data[name], expected, "{name}");
    }
    assert_eq!(data["verification"]["verdict"], "unverified");
    assert_eq!(body(data), "{ \"n\":1 }\n", "byte for byte");
    let headers = data["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-signature", "sha256=ab"])), "{headers:?}");
    assert!(!headers.iter().any(|header| header[0] == "host"), "{headers:?}");
}

#[tokio::test]
async fn all_listeners_get_all_in_order_and_repetitions_only_if_asked() {
    let scene = Scene::new().await;
    scene.send("before").await;
    let (mut one, mut other) = (open(&scene, "").await, open(&scene, "?duplicates=true").await);
    for body in ["1", "2", "1", "3"] {
        scene.send(body).await;
    }
    for (stream, expected) in [(&mut one, &["1", "2", "3"][..]), (&mut other, &["1", "2", "1", "3"])] {
        for expected in expected {
            assert_eq!(body(&stream.next().await.data), *expected);
        }
    }
    scene.send("4").await;
    assert_eq!(body(&one.next().await.data), "4", "nothing twice");
}

#[tokio::test]
async fn types_and_sources_choose() {
    let scene = Scene::new().await;
    let other = source(&scene.client, "other", json!({"preset": "github"})).await;
    let mut pushes = open(&scene, "?types=pus*,none").await;
    let mut shop = open(&scene, "?source=shop").await;
    scene.send("1").await;
    let anybody = scene.client.without_key();
    let push = anybody.ask(http::Method::POST, &other).header("x-github-event", "push").body("2");
    assert_eq!(push.send().await.status, 200);
    scene.send("3").await;
    let event = pushes.next().await.data;
    assert_eq!((&event["eventType"], body(&event).as_str()), (&json!("push"), "2"));
    assert_eq!((body(&shop.next().await.data), body(&shop.next().await.data)), ("1".into(), "3".into()));
}

#[tokio::test]
async fn a_source_that_is_made_later_is_heard_too() {
    let scene = Scene::new().await;
    let mut stream = open(&scene, "").await;
    let later = source(&scene.client, "later", json!({})).await;
    send(&scene.client, &later, "new").await;
    let event = stream.next().await.data;
    assert_eq!((&event["sourceUid"], body(&event).as_str()), (&json!("later"), "new"));
}

#[tokio::test]
async fn who_comes_again_gets_what_came_meanwhile_and_is_told_how_much_waits() {
    let scene = Scene::new().await;
    let mut stream = open(&scene, "").await;
    scene.send("1").await;
    let first = stream.next().await.id.unwrap();
    drop(stream);
    for body in ["2", "3"] {
        scene.send(body).await;
    }
    let mut again = open(&scene, &format!("?since={first}")).await;
    assert_eq!((&again.ready["backlog"], &again.ready["backlogMore"]), (&json!(2), &json!(false)));
    let mut came = Vec::new();
    while came.last().is_none_or(|last| last != "3") {
        came.push(body(&again.next().await.data));
    }
    assert_eq!(came, ["1", "2", "3"], "from a little before the cursor on");
    let beginning = open(&scene, "?since=beginning").await;
    assert_eq!(beginning.ready["backlog"], 3);
}

#[tokio::test]
async fn a_commit_that_comes_late_is_not_missed() {
    let scene = Scene::new().await;
    let context = scene.server.context();
    let mut stream = open(&scene, "").await;
    let early = MessageId::make(&context.ids, &*context.clock, &*context.rng);
    scene.send("in time").await;
    let event = stream.next().await;
    assert_eq!(body(&event.data), "in time");
    assert!(early.to_string() < event.id.clone().unwrap(), "made before, and committed after");

    arrive(&scene.server, &[early], "late").await;
    assert_eq!(body(&stream.next().await.data), "late");
    scene.send("after").await;
    assert_eq!(body(&stream.next().await.data), "after", "and nothing twice");
}

/// Messages with these ids are committed to the server's one source, past its face.
async fn arrive(server: &Server, ids: &[MessageId], event_type: &str) {
    let context = server.context();
    let key = context.keyring.identify(KEY, context.now()).await.unwrap().unwrap();
    let page = Page { limit: 1, edge: None, order: None };
    let scope = key.environment(Right::Read).unwrap();
    let source = context.store.sources(scope, page).await.unwrap().rows.remove(0);
    let arrivals = ids.iter().map(|id| arrival(*id, source.app, event_type, context.now())).collect();
    let intake = Intake { arrivals, since: context.now(), firing: None };
    let scope = SystemScope::assume().app(source.environment, source.app);
    context.store.receive(scope, intake).await.unwrap();
}

/// A message whose body is its type.
fn arrival(id: MessageId, app: AppId, event_type: &str, now: Timestamp) -> Arrival {
    let message = Message {
        id,
        app,
        event_type: event_type.into(),
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        ordering_key: None,
        deliver_at: None,
        expire_at: None,
        edited_of: None,
        payload: Some(Payload { body: event_type.to_owned().into(), raw: None }),
    };
    let acceptance = Acceptance {
        message,
        deliveries: Vec::new(),
        trigger: postrider_core::attempt::Trigger::Scheduled,
        now,
        idempotency: None,
    };
    let reception = Reception {
        standing: Standing::Unverified,
        body_hash: [1; 32],
        duplicate_of: None,
        detail: Detail::default(),
    };
    Arrival { acceptance, reception, sameness: Sameness::of_id(&id.to_string()) }
}

#[tokio::test]
async fn a_filter_that_leaves_nothing_of_much_is_answered_in_pieces() {
    let scene = Scene::new().await;
    let context = scene.server.context();
    // More than one request looks at.
    let make = || MessageId::make(&context.ids, &*context.clock, &*context.rng);
    for _ in 0..21 {
        arrive(&scene.server, &(0..500).map(|_| make()).collect::<Vec<_>>(), "noise").await;
    }
    let wanted = make();
    arrive(&scene.server, &[wanted], "wanted").await;
    let first = scene.client.get(&format!("{LISTEN}?since=beginning&types=wanted")).await.must(200);
    assert_eq!((&first["data"], &first["done"]), (&json!([]), &json!(false)));
    let mut cursor = first["cursor"].as_str().unwrap().to_owned();
    let mut found = Vec::new();
    // What was looked at is looked at again while it is new, so that each goes half as far.
    for _ in 0..5 {
        let page = scene.client.get(&format!("{LISTEN}?since={cursor}&types=wanted")).await.must(200);
        let next = page["cursor"].as_str().unwrap().to_owned();
        assert!(next > cursor, "it leads on");
        cursor = next;
        found = page["data"].as_array().unwrap().clone();
        if page["done"] == true {
            break;
        }
    }
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], wanted.to_string());
    let mut stream = open(&scene, "?since=beginning&types=wanted").await;
    assert_eq!((&stream.ready["backlog"], &stream.ready["backlogMore"]), (&json!(0), &json!(true)));
    assert_eq!(stream.next().await.id, Some(wanted.to_string()), "a stream goes to the end");
}

#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let scene = Scene::new().await;
    let (id, token) = scene.server.new_key(json!({"scope": "environment"})).await;
    let bearer = format!("Bearer {token}");
    let mut stream = Stream::open(&scene.server, LISTEN, &[("authorization", &bearer)]).await;
    scene.send("1").await;
    assert_eq!(body(&stream.next().await.data), "1");
    scene.server.operator().delete(&format!("/api/v1/key/{id}")).await.must(204);
    scene.send("2").await;
    let end = stream.next().await;
    assert_eq!((end.name.as_str(), &end.data["reason"]), ("end", &json!("key")));
    assert!(in_time("the end", stream.event()).await.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_the_server() {
    let scene = Scene::new().await;
    let mut stream = open(&scene, "").await;
    let stopping = tokio::spawn(scene.server.stop());
    let end = stream.next().await;
    assert_eq!((end.name.as_str(), &end.data["reason"]), ("end", &json!("stopping")));
    assert!(in_time("the end", stream.event()).await.is_none());
    in_time("the server", stopping).await.unwrap();
}

#[tokio::test]
async fn without_a_stream_there_are_pages() {
    let scene = Scene::new().await;
    for body in ["1", "2", "3"] {
        scene.send(body).await;
    }
    let empty = scene.client.get(LISTEN).await.must(200);
    assert_eq!((&empty["data"], &empty["done"]), (&json!([]), &json!(true)));
    let page = scene.client.get(&format!("{LISTEN}?since=beginning&limit=2")).await.must(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["done"]), (2, &json!(false)));
    assert_eq!(page["cursor"], page["data"][1]["id"]);
    // What came a little before comes again, and leads on all the same.
    let (mut since, mut heard) = ("beginning".to_owned(), Vec::new());
    for number in 1..=4 {
        let page = scene.client.get(&format!("{LISTEN}?since={since}&limit=1")).await.must(200);
        assert_eq!(page["done"], number == 4, "{page}");
        page["cursor"].as_str().unwrap().clone_into(&mut since);
        let bodies = page["data"].as_array().unwrap().iter().map(body).collect::<Vec<_>>();
        heard.extend(bodies.into_iter().filter(|body| !heard.contains(body)).collect::<Vec<_>>());
        assert_eq!(heard.len(), number.min(3));
    }
    assert_eq!(heard, ["1", "2", "3"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_its_place() {
    let scene = Scene::new().await;
    for (query, place) in [
        ("?since=yesterday", ["query", "since"]),
        ("?types=a%20b", ["query", "types"]),
        ("?group=a%20b", ["query", "group"]),
        ("?group=a", ["query", "group"]),
        ("?sync=true", ["query", "sync"]),
        ("?limit=0", ["query", "limit"]),
        ("?duplicates=perhaps", ["query", "duplicates"]),
    ] {
        let refused = scene.client.get(&format!("{LISTEN}{query}")).await.must(422);
        let loc = refused["detail"][0]["loc"].as_array().unwrap();
        assert_eq!(loc[..2], place, "{query}: {refused}");
    }
    scene.client.get(&format!("{LISTEN}?source=none")).await.must(404);
    scene.client.without_key().get(LISTEN).await.must(401);
    let ack = format!("{LISTEN}/ack");
    let (listener, id) = (format!("lsn_{}", "0".repeat(32)), "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT");
    for (body, field) in [
        (json!({"listener": "me", "id": id}), "listener"),
        (json!({"listener": listener, "id": "1"}), "id"),
        (json!({"listener": listener, "id": id, "status": 100}), "status"),
        (json!({"listener": listener, "id": id, "status": 200, "bodyBase64": "?"}), "bodyBase64"),
    ] {
        let refused = scene.client.post(&ack, body).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{refused}");
    }
    let fine = scene.client.post(&ack, json!({"listener": listener, "id": id, "done": true})).await.must(200);
    assert_eq!(fine, json!({"answered": false}));
}

#[tokio::test]
async fn another_environment_hears_nothing() {
    let scene = Scene::new().await;
    let made = scene.server.operator().post("/api/v1/environment", json!({"name": "other"})).await.must(201);
    let (_, token) = scene.server.new_key(json!({"scope": "environment", "environment": made["id"]})).await;
    let bearer = format!("Bearer {token}");
    let mut stream = Stream::open(&scene.server, LISTEN, &[("authorization", &bearer)]).await;
    let own = source(&scene.client.with_key(&token), "own", json!({})).await;
    scene.send("not for you").await;
    send(&scene.client, &own, "for you").await;
    assert_eq!(body(&stream.next().await.data), "for you");
    scene.client.with_key(&token).get(&format!("{LISTEN}?source=shop")).await.must(404);
}
