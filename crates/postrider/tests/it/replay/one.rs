//! One received message.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{SECRET, Scene, Source};
use crate::support::await_until;

const EVENT: &str =
    "{ \"type\":\"invoice.paid\", \"id\":\"evt_1\",\n \"data\":{\"object\":{\"amount\": 1.0e2}} }\n";
const HOUR: Duration = Duration::from_secs(3_600);

async fn stripe() -> Scene {
    let scene = Scene::new("stripe", json!({"secret": SECRET})).await;
    scene.send_stripe(EVENT).await;
    scene.receiver.wait("/hook", 1).await;
    scene.settled(&scene.hook, 1).await;
    scene
}

#[tokio::test]
async fn an_unchanged_one_is_the_same_message_once_more() {
    let scene = stripe().await;
    let id = scene.source.last(&scene.client).await;
    let both = json!({"endpointIds": [scene.hook, "copy", scene.copy]});
    let told = scene.replay(both).await.must(202);
    let expected =
        json!({"id": id, "replayOf": null, "endpointIds": [scene.hook, scene.copy], "listener": null});
    assert_eq!(told, expected);
    let first = &scene.receiver.wait("/hook", 2).await;
    assert_eq!((&first[0].headers, &first[0].body), (&first[1].headers, &first[1].body), "to the byte");
    let copy = &scene.receiver.wait("/copy", 1).await[0];
    assert_eq!((copy.body.as_ref(), copy.header("x-extra")), (EVENT.as_bytes(), "1"));
    assert_eq!(scene.source.receptions(&scene.client).await.len(), 1, "nothing is new");
}

#[tokio::test]
async fn an_edited_one_is_a_new_message_that_says_so() {
    let scene = stripe().await;
    let of = scene.source.last(&scene.client).await;
    let edits = json!({"headers": {"x-extra": null, "X-More": "2"},
        "set": {"data.object.amount": 500, "type": "invoice.void"}});
    let told = scene.replay(json!({"endpointIds": [scene.hook], "edits": edits})).await.must(202);
    assert_eq!(told["replayOf"], *of);
    let came = &scene.receiver.wait("/hook", 2).await[1];
    let expected = EVENT.replace("1.0e2", "500").replace("invoice.paid", "invoice.void");
    assert_eq!(came.body, expected, "all other bytes are as they came");
    assert_eq!((came.header("x-extra"), came.header("x-more")), ("", "2"));

    let new = scene.source.receptions(&scene.client).await[0].clone();
    assert_eq!((&new["id"], &new["replayOf"], &new["edited"]), (&told["id"], &json!(of), &json!(true)));
    assert_eq!((&new["verdict"], &new["eventType"]), (&json!("unverified"), &json!("invoice.void")));
    assert_eq!(new["duplicateOf"], json!(null), "it repeats nothing");
    assert_eq!(scene.receiver.count(), 2, "it goes nowhere else");
    // What the provider sends once more is a repetition of what it sent, not of the replay.
    scene.send_stripe(EVENT).await;
    assert_eq!(scene.source.receptions(&scene.client).await[0]["duplicateOf"], json!(of));
}

#[tokio::test]
async fn one_that_is_signed_anew_is_verified_an_hour_later() {
    let scene = stripe().await;
    // Another source of the same provider verifies what it gets.
    let judge = Source::new(&scene.client, "stripe", json!({"secret": SECRET})).await;
    let to =
        scene.source.endpoint(&scene.client, json!({"url": judge.address, "filterTypes": ["none"]})).await;
    scene.server.clock.advance(HOUR);
    scene.replay(json!({"endpointIds": [to], "sign": "asItCame"})).await.must(202);
    let refused = await_until("the stale signature to be refused", async || {
        let path = format!("{}/refused", judge.path);
        scene.client.get(&path).await.must(200)["data"].as_array().unwrap().first().cloned()
    })
    .await;
    assert!(refused["reason"].as_str().unwrap().contains("ago"), "{refused}");

    scene.replay(json!({"endpointIds": [to], "sign": "provider"})).await.must(202);
    let taken = await_until("the fresh signature to be verified", async || {
        judge.receptions(&scene.client).await.first().cloned()
    })
    .await;
    assert_eq!((&taken["verdict"], &taken["eventType"]), (&json!("verified"), &json!("invoice.paid")));
    let own = scene.source.receptions(&scene.client).await[0].clone();
    assert_eq!(
        (&own["edited"], &own["verdict"]),
        (&json!(false), &json!("verified")),
        "its bytes are the provider's"
    );
}

#[tokio::test]
async fn one_that_we_sign_has_our_signature_and_none_of_the_providers() {
    let scene = stripe().await;
    let path = format!("{}/endpoint/{}/secret", scene.source.path, scene.copy);
    let key = scene.client.get(&path).await.must(200)["key"].as_str().unwrap().to_owned();
    let body = json!({"endpointIds": ["copy"], "sign": "postrider", "edits": {"headers": {"x-mine": "1"}}});
    scene.replay(body).await.must(202);
    let came = &scene.receiver.wait("/copy", 1).await[0];
    came.verified_by(&key).unwrap();
    assert_eq!(came.body, EVENT);
    assert_eq!(
        (came.header("stripe-signature"), came.header("x-extra"), came.header("x-mine")),
        ("", "", "1")
    );
}

#[tokio::test]
async fn without_endpoints_it_is_for_listeners_alone() {
    let scene = stripe().await;
    let told = scene.replay(json!({"listener": "me"})).await.must(202);
    assert_eq!((&told["endpointIds"], &told["listener"]), (&json!([]), &json!("me")));
    scene.replay(json!({"endpointIds": ["copy"], "sign": "provider"})).await.must(202);
    scene.receiver.wait("/copy", 1).await;
    assert_eq!(scene.receiver.count(), 2, "what was for a listener went to no endpoint");
    assert_eq!(scene.source.receptions(&scene.client).await.len(), 3);
}

#[tokio::test]
async fn the_same_request_replays_once() {
    let scene = stripe().await;
    for (body, news) in
        [(json!({"endpointIds": ["copy"], "sign": "provider"}), 1), (json!({"endpointIds": [scene.hook]}), 0)]
    {
        let before = scene.source.receptions(&scene.client).await.len();
        let path =
            format!("{}/reception/{}/replay", scene.source.path, scene.source.last(&scene.client).await);
        let ask =
            async || scene.client.ask(Method::POST, &path).once(&body.to_string()).json(&body).send().await;
        let first = ask().await.must(202);
        assert_eq!(ask().await.must(202), first);
        assert_eq!(scene.source.receptions(&scene.client).await.len(), before + news);
    }
    scene.receiver.wait("/copy", 1).await;
    scene.receiver.wait("/hook", 2).await;
    scene.settled(&scene.hook, 2).await;
    scene.settled(&scene.copy, 1).await;
    assert_eq!(scene.receiver.count(), 3);
}

#[tokio::test]
async fn a_form_is_edited_by_its_fields() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    scene.send(&[form], "Body=hello+you&From=%2B1").await;
    scene.receiver.wait("/hook", 1).await;
    let edits = json!({"set": {"Body": "bye & bye"}});
    scene.replay(json!({"endpointIds": ["copy"], "edits": edits})).await.must(202);
    let came = &scene.receiver.wait("/copy", 1).await[0];
    assert_eq!(came.body, "Body=bye+%26+bye&From=%2B1");
    let edits = json!({"bodyBase64": "AP8=", "headers": {"content-type": "application/octet-stream"}});
    scene.replay(json!({"endpointIds": ["copy"], "edits": edits})).await.must(202);
    let came = &scene.receiver.wait("/copy", 2).await[1];
    assert_eq!((&came.body[..], came.header("content-type")), (&[0, 255][..], "application/octet-stream"));
}

#[tokio::test]
async fn a_source_that_has_us_sign_still_knows_what_came() {
    let scene = Scene::new("stripe", json!({"secret": SECRET, "forward": "resigned"})).await;
    scene.send_stripe(EVENT).await;
    let first = scene.receiver.wait("/hook", 1).await.remove(0);
    assert_eq!(first.header("stripe-signature"), "");
    let told = scene.replay(json!({"endpointIds": ["copy"], "sign": "asItCame"})).await.must(202);
    assert_ne!(told["replayOf"], json!(null), "it has another form");
    let came = &scene.receiver.wait("/copy", 1).await[0];
    assert!(came.header("stripe-signature").starts_with("t="), "{came:?}");
    assert_eq!((came.body.as_ref(), came.header("webhook-signature")), (EVENT.as_bytes(), ""));
}

#[tokio::test]
async fn what_a_schedule_has_made_is_signed_by_us_whatever_is_asked_for() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let config = json!({"schedule": "* * * * *", "payload": "{\"n\":1}"});
    let body = json!({"name": "clock", "type": "cron", "config": config});
    let made = scene.client.post("/ingest/api/v1/source", body).await.must(201);
    let cron = Source {
        path: format!("/ingest/api/v1/source/{}", made["id"].as_str().unwrap()),
        address: String::new(),
    };
    scene.server.clock.advance(Duration::from_secs(61));
    // Making a source has the schedules looked at.
    Source::new(&scene.client, "generic-webhook", json!({})).await;
    await_until("the schedule to fire", async || cron.receptions(&scene.client).await.pop()).await;
    let url = scene.receiver.url("/cron");
    let to = cron.endpoint(&scene.client, json!({"url": url, "filterTypes": ["none"]})).await;
    let path = format!("{}/reception/{}/replay", cron.path, cron.last(&scene.client).await);
    let edits = json!({"set": {"n": 2}});
    scene.client.post(&path, json!({"endpointIds": [to], "edits": edits})).await.must(202);
    let came = &scene.receiver.wait("/cron", 1).await[0];
    assert_eq!((&came.body[..], came.header("webhook-signature").is_empty()), (&b"{\"n\":2}"[..], false));
}
