//! What is genuine goes on.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{SECRET, Scene, Source, send, signed};
use crate::support::{Answer, Binary, Raw, Receiver, await_until, hmac_hex};

const PUSH: &str = "{ \"ref\":\"refs/heads/main\",\"n\": 1.0e2 }\n";

#[tokio::test]
async fn headers_are_kept_in_the_order_and_case_of_the_wire() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let (address, body) = (&scene.source.address, "{\"n\":1}");
    let mut raw = Raw::connect(scene.server.address).await;
    for close in ["keep-alive", "close"] {
        // In two pieces, and again over the same connection.
        let head = format!(
            "POST {address} HTTP/1.1\r\nX-Second: 1\r\nHost: x\r\nx-FIRST: a\r\nX-Second:  2\r\nConnection: {close}\r\n\
             Content-Length: 8\r\n\r\n{body} "
        );
        let (one, other) = head.split_at(40);
        raw.write(one).await;
        raw.write(other).await;
        let answer = raw.read_until("\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    for seen in scene.receptions().await {
        let path = format!("{}/reception/{}", scene.source.path, seen["id"].as_str().unwrap());
        let headers = scene.client.get(&path).await.must(200)["request"]["headers"].clone();
        let expected = [["X-Second", "1"], ["Host", "x"], ["x-FIRST", "a"], ["X-Second", "2"]];
        assert_eq!(headers.as_array().unwrap()[..4], expected.map(|pair| json!(pair)), "{headers}");
    }
}

#[tokio::test]
async fn a_verified_request_goes_on_as_it_came() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let headers = [
        ("x-github-event", "push"),
        ("x-github-delivery", "d-1"),
        ("content-type", "application/vnd.github+json"),
        ("user-agent", "GitHub-Hookshot/1"),
        ("x-odd", "caf\u{e9}"),
    ];
    let reply = scene.send_signed(SECRET, &headers, PUSH).await;
    assert_eq!((reply.status, reply.body.len()), (200, 0), "{reply}");
    let arrived = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!(arrived.body, PUSH, "the bytes that came");
    for (name, value) in &headers[..4] {
        assert_eq!(arrived.header(name), *value);
    }
    assert_eq!(
        arrived.header("x-hub-signature-256"),
        signed(SECRET, PUSH),
        "its own library verifies it again"
    );
    assert_eq!(arrived.header("webhook-signature"), "", "nothing is added");
    assert_eq!(arrived.header("host"), scene.receiver.address.to_string());

    let seen = scene.receptions().await;
    assert_eq!(seen.len(), 1);
    for (field, value) in [("verdict", "verified"), ("eventType", "push"), ("eventId", "d-1")] {
        assert_eq!(seen[0][field], value, "{}", seen[0]);
    }
    assert_eq!(seen[0]["secret"], 0);
    let one = format!("{}/reception/{}", scene.source.path, seen[0]["id"].as_str().unwrap());
    let one = scene.client.get(&one).await.must(200);
    assert_eq!(one["body"], "eyAicmVmIjoicmVmcy9oZWFkcy9tYWluIiwibiI6IDEuMGUyIH0K");
    assert_eq!(one["request"]["method"], "POST");
    assert!(one["request"]["remote"].as_str().is_some_and(|address| address.starts_with("127.")), "{one}");
}

#[tokio::test]
async fn a_source_may_have_us_sign() {
    let scene = Scene::new("github", json!({"secret": SECRET, "forward": "resigned"})).await;
    let endpoint = scene.client.get(&format!("{}/endpoint", scene.source.path)).await.must(200);
    let id = endpoint["data"][0]["id"].as_str().unwrap();
    let secret = scene.client.get(&format!("{}/endpoint/{id}/secret", scene.source.path)).await.must(200);
    let headers = [("x-github-event", "push"), ("content-type", "text/weird")];
    scene.send_signed(SECRET, &headers, PUSH).await.must(200);
    let arrived = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!(arrived.body, PUSH);
    arrived.verified_by(secret["key"].as_str().unwrap()).unwrap();
    assert_eq!(arrived.header("content-type"), "text/weird");
    assert_eq!(arrived.header("x-hub-signature-256"), "", "the provider's is not ours to pass on");
}

#[tokio::test]
async fn any_method_type_and_bytes_come_to_a_generic_source() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let body: Vec<u8> = (0..=255).collect();
    let address = format!("{}/orders%2F7/?shop=a%20b&x", scene.source.address);
    let anybody = scene.client.without_key();
    // Signed headers of another server like this one are no loop: they are what is meant to come here.
    let asking =
        anybody.ask(Method::PUT, &address).header("svix-signature", "v1,x").header("content-type", "x/y");
    assert_eq!(asking.body(body.clone()).send().await.status, 200);
    let arrived = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!(
        (arrived.method.as_str(), &arrived.body[..], arrived.header("content-type")),
        ("POST", &body[..], "x/y")
    );
    let seen = scene.receptions().await;
    assert_eq!(
        (&seen[0]["verdict"], &seen[0]["eventType"]),
        (&json!("unverified"), &json!("webhook.received"))
    );
    assert_eq!(seen[0]["request"]["tail"], "/orders%2F7/?shop=a%20b&x");
}

#[tokio::test]
async fn endpoints_choose_by_event_type_and_one_that_is_down_gets_it_later() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    scene.client.patch("/api/v1/environment/settings", json!({"retrySchedule": [0, 1]})).await.must(200);
    let source = &scene.source;
    let only = json!({"url": scene.receiver.url("/opened"), "filterTypes": ["issues.opened"]});
    source.endpoint(&scene.client, only).await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(200)]);
    for (delivery, event, body) in [
        ("1", "push", "{}"),
        ("2", "issues", "{\"action\":\"opened\"}"),
        ("3", "issues", "{\"action\":\"closed\"}"),
    ] {
        let headers = [("x-github-event", event), ("x-github-delivery", delivery)];
        scene.send_signed(SECRET, &headers, body).await.must(200);
    }
    let all = scene.receiver.wait("/hook", 4).await;
    let mut deliveries: Vec<_> =
        all.iter().map(|request| request.header("x-github-delivery").to_owned()).collect();
    deliveries.sort();
    deliveries.dedup();
    assert_eq!(deliveries, ["1", "2", "3"]);
    let opened = scene.receiver.wait("/opened", 1).await;
    assert_eq!((opened.len(), opened[0].header("x-github-delivery")), (1, "2"));
}

#[tokio::test]
async fn a_batch_becomes_messages_where_the_source_wants_it() {
    let body = r#"{"events":[{"id":"EV1","resource_type":"payments","action":"confirmed"},
        {"id":"EV2","resource_type":"mandates","action":"created"},
        {"id":"EV1","resource_type":"payments","action":"confirmed"}],"meta":{"webhook_id":"WB1"}}"#;
    let signature = hmac_hex(SECRET, body);
    for (split, arrivals) in [(false, 1), (true, 2)] {
        let scene = Scene::new("gocardless", json!({"secret": SECRET, "split": split})).await;
        scene.send(&[("webhook-signature", &signature)], body).await.must(200);
        let came = scene.receiver.wait("/hook", arrivals).await;
        let seen = scene.receptions().await;
        assert!(seen.iter().all(|one| one["verdict"] == "verified"), "all have the verdict of the request");
        if !split {
            assert_eq!((came[0].body.as_ref(), seen.len()), (body.as_bytes(), 1));
            continue;
        }
        let ids: Vec<_> = seen.iter().map(|one| one["eventId"].as_str().unwrap()).collect();
        assert_eq!(ids, ["EV1", "EV2", "EV1"], "newest first");
        assert_eq!(seen[0]["duplicateOf"], seen[2]["id"], "an item that is there twice goes once");
        assert_eq!((&seen[1]["batch"], &seen[2]["batch"]), (&seen[2]["id"], &json!(null)));
        assert_eq!((&seen[1]["request"], seen[2]["request"].is_object()), (&json!(null), true));
        let mut bodies: Vec<_> =
            came.iter().map(|one| one.json()["id"].as_str().unwrap().to_owned()).collect();
        bodies.sort();
        assert_eq!(bodies, ["EV1", "EV2"]);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let mut server = Binary::serve().await;
    let receiver = Receiver::start().await;
    receiver.script("/hook", [Answer::status(500)]);
    let client = server.client();
    client
        .patch("/api/v1/environment/settings", json!({"retrySchedule": [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]}))
        .await
        .must(200);
    let source = Source::new(&client, "github", json!({"secret": SECRET})).await;
    // It takes nothing yet.
    source.endpoint(&client, json!({"url": receiver.url("/hook")})).await;
    for n in 0..20 {
        let (body, delivery) = (format!("{{\"n\":{n}}}"), n.to_string());
        let signature = signed(SECRET, &body);
        let headers = [("x-hub-signature-256", signature.as_str()), ("x-github-delivery", delivery.as_str())];
        send(&client, &source.address, &headers, &body).await.must(200);
    }
    let address = server.address;
    let data = server.kill();
    receiver.script("/hook", [Answer::status(200)]);
    let before = receiver.count();
    server = Binary::spawn(&["serve", "--set", "egress.allow=127.0.0.0/8"], &[], data, address);
    server.ready().await;
    let came: Vec<u64> = await_until("all that was acknowledged", async || {
        let came: std::collections::BTreeSet<_> =
            receiver.at("/hook")[before..].iter().map(|one| one.json()["n"].as_u64().unwrap()).collect();
        (came.len() == 20).then(|| came.into_iter().collect())
    })
    .await;
    assert_eq!(came, (0..20).collect::<Vec<_>>());
    for one in receiver.at("/hook") {
        let body = String::from_utf8(one.body.to_vec()).unwrap();
        assert_eq!(one.header("x-hub-signature-256"), signed(SECRET, &body));
    }
    server.terminate();
    server.ended(Duration::from_secs(30)).await;
}
