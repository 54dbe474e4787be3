//! Messages: published, read, listed, expunged.

use serde_json::json;

use crate::support::{Answer, Gate, Scene, Server};

#[tokio::test]
async fn a_message_is_accepted_delivered_and_read() {
    let scene = Scene::new().await;
    let body = json!({"eventType": "invoice.paid", "eventId": "evt-1", "payload": {"n": 1}, "channels": ["x", "y"],
        "tags": ["t1", "t/2"]});
    let made = scene.client.post(&format!("{}/msg", scene.app), body.clone()).await.must(202);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(made[field], *value, "{field}");
    }
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("msg_") && id.len() == 31, "{id}");
    for name in [id, "evt-1"] {
        assert_eq!(scene.client.get(&format!("{}/msg/{name}", scene.app)).await.must(200), made, "by {name}");
    }
    let request = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", "application/json"));
    assert_eq!(request.header("webhook-id"), id);
    assert_eq!(request.verified_by(&scene.secret().await), Ok(()));
    assert!(request.header("user-agent").starts_with("Postrider/"));
    scene.status(id, 0).await;
}

#[tokio::test]
async fn an_event_id_is_taken_once() {
    let scene = Scene::new().await;
    let body = json!({"eventType": "t", "eventId": "evt-1", "payload": {"n": 1}});
    scene.publish_this(body.clone()).await;
    let refused = scene.client.post(&format!("{}/msg", scene.app), body).await.must(409);
    assert_eq!(refused["code"], "conflict");
    scene.publish(2).await;
    let bodies: Vec<_> =
        scene.receiver.wait("/hook", 2).await.iter().map(|request| request.json()["n"].clone()).collect();
    assert_eq!(bodies.len(), 2, "the refused one was not sent: {bodies:?}");
}

#[tokio::test]
async fn contents_are_left_out_on_request() {
    let scene = Scene::new().await;
    let path = format!("{}/msg", scene.app);
    let body = json!({"eventType": "t", "payload": {"n": 1}});
    let made = scene.client.post(&format!("{path}?with_content=false"), body).await.must(202);
    assert_eq!(made["payload"], json!({}));
    let id = made["id"].as_str().unwrap();
    for (query, expected) in
        [("", json!({"n": 1})), ("?with_content=true", json!({"n": 1})), ("?with_content=false", json!({}))]
    {
        assert_eq!(
            scene.client.get(&format!("{path}/{id}{query}")).await.must(200)["payload"],
            expected,
            "{query}"
        );
        let listed = scene.client.get(&format!("{path}{query}")).await.must(200);
        assert_eq!(listed["data"][0]["payload"], expected, "{query}");
    }
}

#[tokio::test]
async fn an_expunged_payload_is_gone_for_good() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 3600]})).await;
    scene.receiver.script("/hook", [Answer::status(500)]);
    let message = scene.publish(1).await;
    scene.attempts(&message, 1).await;
    let path = format!("{}/msg/{message}", scene.app);
    scene.client.delete(&format!("{path}/content")).await.must(204);
    assert_eq!(scene.client.get(&path).await.must(200)["payload"], json!({"expired": true}));
    scene.status(&message, 4).await;
    let resend = format!("{path}/endpoint/{}/resend", scene.endpoint_id);
    let refused = scene.client.post(&resend, json!({})).await;
    assert!((400..500).contains(&refused.status), "nothing is left to send: {refused}");
    assert_eq!(scene.attempts(&message, 1).await.len(), 1, "that it was tried stays on record");
}

#[tokio::test]
async fn an_expired_payload_reads_so_and_only_after_its_delivery() {
    let gate = Gate::shut();
    let scene = Scene::endpoint(json!({"timeoutSeconds": 60})).await;
    scene.receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let body = json!({"eventType": "t", "payload": {"n": 1}, "payloadRetentionHours": 1});
    let message = scene.publish_this(body).await;
    scene.receiver.wait("/hook", 1).await;
    scene.server.clock.advance(std::time::Duration::from_secs(3601));
    retain(&scene.server).await;
    let path = format!("{}/msg/{message}", scene.app);
    assert_eq!(scene.client.get(&path).await.must(200)["payload"], json!({"n": 1}), "it is still being sent");
    gate.open();
    scene.status(&message, 0).await;
    retain(&scene.server).await;
    assert_eq!(scene.client.get(&path).await.must(200)["payload"], json!({"expired": true}));
}

/// One round of retention, which by itself comes every ten seconds.
async fn retain(server: &Server) {
    let context = server.context();
    let system = postrider_core::scope::SystemScope::assume();
    while context.store.retain(system, context.now(), 1_000).await.unwrap().more {}
}

#[tokio::test]
async fn lists_are_narrowed_by_what_messages_are() {
    let scene = Scene::new().await;
    let mut times = Vec::new();
    for (event_type, channel, tag) in [("a", "x", "1"), ("b", "x", "2"), ("c", "y", "1")] {
        let body = json!({"eventType": event_type, "channels": [channel], "tags": [tag], "payload": {}});
        let made = scene.client.post(&format!("{}/msg", scene.app), body).await.must(202);
        times.push(made["timestamp"].as_str().unwrap().to_owned());
    }
    for (query, expected) in [
        (String::new(), &["c", "b", "a"][..]),
        ("channel=x".to_owned(), &["b", "a"]),
        ("tag=1".to_owned(), &["c", "a"]),
        ("channel=x&tag=1".to_owned(), &["a"]),
        ("event_types=a,c".to_owned(), &["c", "a"]),
        ("event_types[]=a&event_types[]=b".to_owned(), &["b", "a"]),
        ("event_types[0]=a&event_types[1]=b".to_owned(), &["b", "a"]),
        ("event_types=a&event_types=b".to_owned(), &["b", "a"]),
        ("event_types=none".to_owned(), &[]),
        ("after=2200-01-01T00:00:00Z".to_owned(), &[]),
        ("before=2020-01-01T00:00:00Z".to_owned(), &[]),
        ("before=2200-01-01T00:00:00Z&after=2020-01-01T00:00:00%2B01:00".to_owned(), &["c", "b", "a"]),
    ] {
        let page = scene.client.get(&format!("{}/msg?{query}", scene.app)).await.must(200);
        let types: Vec<_> =
            page["data"].as_array().unwrap().iter().map(|row| row["eventType"].as_str().unwrap()).collect();
        assert_eq!(types, expected, "{query}");
    }
}

#[tokio::test]
async fn an_application_can_come_with_its_first_message() {
    let server = Server::start().await;
    let client = server.client();
    let body = json!({"eventType": "t", "payload": {}, "application": {"name": "Inlined", "uid": "new"}});
    client.post("/api/v1/app/new/msg", body.clone()).await.must(202);
    client.post("/api/v1/app/new/msg", body.clone()).await.must(202);
    assert_eq!(client.get("/api/v1/app/new").await.must(200)["name"], "Inlined");
    let refused = client.post("/api/v1/app/other/msg", body).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "application", "uid"]));
    client.get("/api/v1/app/other").await.must(404);
}

#[tokio::test]
async fn precheck_tells_whether_anybody_listens() {
    let scene = Scene::endpoint(json!({"eventTypes": ["a"], "channels": ["x"]})).await;
    let path = format!("{}/msg/precheck/active", scene.app);
    for (event_type, channels, active) in
        [("a", json!(["x"]), true), ("b", json!(["x"]), false), ("a", json!(null), false)]
    {
        let body = json!({"eventType": event_type, "channels": channels});
        assert_eq!(scene.client.post(&path, body.clone()).await.must(200)["active"], active, "{body}");
    }
}
