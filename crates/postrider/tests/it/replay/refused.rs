//! What cannot be replayed, each with its place.

use serde_json::{Value, json};

use super::{SECRET, Scene, Source, TASKS};
use crate::support::{new_app, new_endpoint};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";

fn place(told: &Value) -> String {
    let loc = told["detail"][0]["loc"].as_array().unwrap_or_else(|| panic!("{told}"));
    loc.iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn what_is_wrong_with_one_is_told_in_its_place() {
    let scene = Scene::new("stripe", json!({"secret": SECRET})).await;
    scene.send_stripe("{\"id\":\"evt_1\",\"a\":{\"b\":1}}").await;
    for (body, expected) in [
        (json!({"endpointIds": ["copy", "none"]}), "body/endpointIds/1"),
        (json!({"endpointIds": vec!["copy"; 101]}), "body/endpointIds"),
        (json!({"endpointIds": "copy"}), "body/endpointIds"),
        (json!({"listener": "a b"}), "body/listener"),
        (json!({"sign": "nobody"}), "body/sign"),
        (json!({"edits": {"headers": {"Host": "x"}}}), "body/edits/headers/Host"),
        (json!({"edits": {"headers": {"x-a": "a\r\nb"}}}), "body/edits/headers/x-a"),
        (json!({"edits": {"headers": {"x-a": 1}}}), "body/edits/headers/x-a"),
        (
            json!({"edits": {"headers": {"webhook-id": "1"}}, "sign": "postrider"}),
            "body/edits/headers/webhook-id",
        ),
        (json!({"edits": {"body": "x", "bodyBase64": "eA=="}}), "body/edits/bodyBase64"),
        (json!({"edits": {"bodyBase64": "%"}}), "body/edits/bodyBase64"),
        (json!({"edits": {"set": {"a.c": 1}}}), "body/edits/set/a.c"),
        (json!({"edits": {"set": {"a..b": 1}}}), "body/edits/set/a..b"),
        (json!({"edits": {"body": "no json", "set": {"a": 1}}}), "body/edits/set/a"),
        (json!({"listner": "me"}), "body/listner"),
    ] {
        let told = scene.replay(body.clone()).await.must(422);
        assert_eq!(place(&told), expected, "{body}: {told}");
    }
    let told = scene.replay(json!({"edits": {"set": {"a.c": 1}}})).await.must(422);
    assert!(told["detail"][0]["msg"].as_str().unwrap().ends_with("did you mean `a.b`?"), "{told}");
    assert_eq!(scene.source.receptions(&scene.client).await.len(), 1, "nothing was made");
}

#[tokio::test]
async fn what_only_the_provider_can_sign_is_refused_with_a_sentence() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    scene.send(&[], "{}").await;
    let told = scene.replay(json!({"sign": "provider", "endpointIds": ["copy"]})).await.must(422);
    assert_eq!(place(&told), "body/sign");
    assert!(told["detail"][0]["msg"].as_str().unwrap().contains("has no preset"), "{told}");

    let sns =
        Source::new(&scene.client, "aws-sns", json!({"secret": "arn:aws:sns:eu-west-1:123456789012:orders"}))
            .await;
    let body = json!({"since": LONG_AGO, "sign": "provider"});
    let told = scene.client.post(&format!("{}/replay", sns.path), body.clone()).await.must(422);
    assert_eq!(place(&told), "body/sign");
    assert!(told["detail"][0]["msg"].as_str().unwrap().starts_with("only "), "{told}");
    // A public key verifies and does not sign.
    let key = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let source = Source::new(&scene.client, "discord", json!({"secret": key})).await;
    let told = scene.client.post(&format!("{}/replay", source.path), body).await.must(422);
    assert_eq!(place(&told), "body/sign");
}

#[tokio::test]
async fn what_is_wrong_with_a_range_is_told_in_its_place() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let path = format!("{}/replay", scene.source.path);
    for (body, expected) in [
        (json!({}), "body/since"),
        (json!({"since": "yesterday"}), "body/since"),
        (json!({"since": "2100-01-01T00:00:00Z"}), "body/since"),
        (json!({"since": LONG_AGO, "until": LONG_AGO}), "body/since"),
        (json!({"since": LONG_AGO, "eventTypes": ["a", "b c"]}), "body/eventTypes/1"),
        (json!({"since": LONG_AGO, "verdicts": ["good"]}), "body/verdicts/0"),
        (json!({"since": LONG_AGO, "endpointIds": ["none"]}), "body/endpointIds/0"),
        (json!({"since": LONG_AGO, "sign": "provider"}), "body/sign"),
    ] {
        for dry_run in [false, true] {
            let mut body = body.clone();
            body["dryRun"] = json!(dry_run);
            let told = scene.client.post(&path, body.clone()).await.must(422);
            assert_eq!(place(&told), expected, "{body}: {told}");
        }
    }
    assert_eq!(scene.client.get(TASKS).await.must(200)["data"], json!([]));

    let app = new_app(&scene.client, "app").await;
    let endpoint = new_endpoint(&scene.client, &app, &scene.receiver.url("/app"), json!({})).await;
    for (what, body, expected) in [
        ("bulk-replay", json!({"since": LONG_AGO, "status": 5}), "body/status"),
        ("bulk-replay", json!({"since": LONG_AGO, "statusCodeClass": 201}), "body/statusCodeClass"),
        ("bulk-replay", json!({"since": LONG_AGO, "tag": "a b"}), "body/tag"),
        ("bulk-replay", json!({"since": LONG_AGO, "channel": "a b"}), "body/channel"),
        ("bulk-replay", json!({"since": LONG_AGO, "eventTypes": [""]}), "body/eventTypes/0"),
        ("bulk-replay", json!({}), "body/since"),
        ("replay-missing", json!({"since": "2100-01-01T00:00:00Z"}), "body/since"),
    ] {
        let told =
            scene.client.post(&format!("{app}/endpoint/{endpoint}/{what}"), body.clone()).await.must(422);
        assert_eq!(place(&told), expected, "{what} {body}: {told}");
    }
}

#[tokio::test]
async fn what_is_another_ones_is_not_there() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    scene.send(&[], "{}").await;
    let message = scene.source.last(&scene.client).await;
    let neighbour = Source::new(&scene.client, "generic-webhook", json!({})).await;
    // Neither another source's message nor another source's endpoint.
    let path = format!("{}/reception/{message}/replay", neighbour.path);
    scene.client.post(&path, json!({})).await.must(404);
    let foreign = neighbour.endpoint(&scene.client, json!({"url": scene.receiver.url("/foreign")})).await;
    let told = scene.replay(json!({"endpointIds": [foreign]})).await.must(422);
    assert_eq!(place(&told), "body/endpointIds/0");
    for task in ["qtask_000000000000000000000000000", "nothing"] {
        scene.client.get(&format!("{TASKS}/{task}")).await.must(404);
        scene.client.post(&format!("{TASKS}/{task}/cancel"), json!({})).await.must(404);
    }
    let path = format!("{}/reception/msg_000000000000000000000000000/replay", scene.source.path);
    scene.client.post(&path, json!({})).await.must(404);
}
