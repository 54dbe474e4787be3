//! Sources and their endpoints over the API.

use serde_json::{Value, json};

use super::{SECRET, SOURCES, Scene};
use crate::support::Server;

fn source(uid: &str) -> Value {
    json!({"name": "Shop", "uid": uid, "type": "shopify", "config": {"secret": SECRET}, "metadata": {"team": "sales"}})
}

#[tokio::test]
async fn a_source_is_made_read_changed_and_deleted_by_id_and_uid() {
    let server = Server::start().await;
    let client = server.client();
    let made = client.post(SOURCES, source("shop")).await.must(201);
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("src_"), "{made}");
    let prefix = format!("http://{}/in/", server.address);
    assert!(made["ingestUrl"].as_str().unwrap().starts_with(&prefix), "{made}");
    assert!(!made.to_string().contains(SECRET), "secrets are not shown");
    assert_eq!((&made["type"], &made["metadata"]["team"]), (&json!("shopify"), &json!("sales")));
    for name in [id, "shop"] {
        assert_eq!(client.get(&format!("{SOURCES}/{name}")).await.must(200), made);
    }
    client.post(SOURCES, source("shop")).await.must(409);

    let mut body = source("shop");
    body["name"] = json!("Renamed");
    body["config"]["toleranceSeconds"] = json!(60);
    let changed = client.put(&format!("{SOURCES}/shop"), body).await.must(200);
    assert_eq!(
        (&changed["name"], &changed["ingestUrl"]),
        (&json!("Renamed"), &made["ingestUrl"]),
        "its address stays"
    );
    assert_eq!(changed["config"]["toleranceSeconds"], 60);
    let body = json!({"name": "Other", "type": "generic-webhook", "config": {}});
    assert_eq!(client.put(&format!("{SOURCES}/other"), body).await.must(201)["uid"], "other");
    let listed = client.get(&format!("{SOURCES}?limit=1")).await.must(200);
    assert_eq!(
        (&listed["data"][0]["uid"], &listed["done"]),
        (&json!("other"), &json!(false)),
        "newest first"
    );
    let next =
        client.get(&format!("{SOURCES}?iterator={}", listed["iterator"].as_str().unwrap())).await.must(200);
    assert_eq!((&next["data"][0]["uid"], &next["done"]), (&json!("shop"), &json!(true)));
    client.delete(&format!("{SOURCES}/shop")).await.must(204);
    client.get(&format!("{SOURCES}/{id}")).await.must(404);
    client.post(SOURCES, source("shop")).await.must(201);
}

#[tokio::test]
async fn what_is_wrong_with_a_source_is_told_in_its_place() {
    let server = Server::start().await;
    for (change, place) in [
        (json!({"type": "no-such-provider"}), json!(["body", "type"])),
        (json!({"config": {}}), json!(["body", "config", "secret"])),
        (json!({"config": {"secret": SECRET, "secert": 1}}), json!(["body", "config", "secert"])),
        (json!({"name": ""}), json!(["body", "name"])),
        (json!({"uid": "src_x"}), json!(["body", "uid"])),
        (json!({"config": []}), json!(["body", "config"])),
        (json!({"type": "discord", "config": {"secret": "not hexadecimal"}}), json!(["body", "config"])),
    ] {
        let mut body = source("shop");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let told = server.client().post(SOURCES, body).await.must(422);
        assert_eq!(told["detail"][0]["loc"], place, "{told}");
        assert!(!told.to_string().contains(SECRET), "{told}");
    }
    let told = server.client().post(SOURCES, json!({"name": "x", "type": "?", "config": {}})).await.must(422);
    let sentence = told["detail"][0]["msg"].as_str().unwrap();
    assert!(
        sentence.contains("github") && sentence.contains("generic-webhook"),
        "the types are listed: {sentence}"
    );
}

#[tokio::test]
async fn the_same_request_makes_one_source_and_one_address() {
    let server = Server::start().await;
    let client = server.client();
    let create = async || {
        client.ask(http::Method::POST, SOURCES).once("k").json(&source("shop")).send().await.must(201)
    };
    assert_eq!(create().await, create().await);
    let rotate = format!("{SOURCES}/shop/token/rotate");
    let rotate = async || client.ask(http::Method::POST, &rotate).once("k").send().await.must(200);
    let first = rotate().await;
    assert_eq!(rotate().await, first, "not rotated twice");
    assert_eq!(client.get(&format!("{SOURCES}/shop")).await.must(200)["ingestUrl"], first["ingestUrl"]);
}

#[tokio::test]
async fn endpoints_of_a_source_have_what_others_have() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let (client, source) = (&scene.client, &scene.source);
    let url = scene.receiver.url("/other");
    let body = json!({"url": url, "uid": "mine", "headers": {"x-tenant": "7", "authorization": "Bearer hush"},
        "filterTypes": ["a"], "throttleRate": 5, "metadata": {"k": "v"}});
    let endpoint = source.endpoint(client, body).await;
    let by_uid = format!("{}/endpoint/mine", source.path);
    let shown = client.get(&by_uid).await.must(200);
    assert_eq!(shown, client.get(&endpoint).await.must(200));
    assert_eq!(
        (&shown["filterTypes"], &shown["throttleRate"], &shown["disabled"]),
        (&json!(["a"]), &json!(5), &json!(false))
    );
    let headers = client.get(&format!("{by_uid}/headers")).await.must(200);
    assert_eq!(headers, json!({"headers": {"x-tenant": "7"}, "sensitive": ["authorization"]}));
    client.put(&format!("{by_uid}/headers"), json!({"headers": {"x-tenant": "8"}})).await.must(204);

    let secret = client.get(&format!("{by_uid}/secret")).await.must(200);
    let rotated = client.post(&format!("{by_uid}/secret/rotate"), json!({})).await.must(200);
    assert_ne!(secret["key"], rotated["key"]);
    client.put(&by_uid, json!({"url": url})).await.must(200);
    let headers = client.get(&format!("{by_uid}/headers")).await.must(200);
    assert_eq!(headers["headers"]["x-tenant"], "8", "an upsert leaves them");
    scene.send(&[("x-tenant", "theirs")], "{}").await.must(200);
    let arrived = &scene.receiver.wait("/other", 1).await[0];
    assert_eq!(arrived.header("x-tenant"), "8", "the endpoint's own come over what was received");

    let transformation = format!("{by_uid}/transformation");
    assert_eq!(
        client.get(&transformation).await.must(200),
        json!({"code": null, "enabled": false, "variables": {}})
    );
    let change = json!({"code": "handler = (webhook) => webhook", "enabled": true, "variables": {"a": "b"}});
    client.patch(&transformation, change.clone()).await.must(204);
    assert_eq!(client.get(&transformation).await.must(200), change);
    client.patch(&transformation, json!({"code": null})).await.must(204);
    assert_eq!(client.get(&transformation).await.must(200)["code"], json!(null));

    assert_eq!(
        client.get(&format!("{}/endpoint", source.path)).await.must(200)["data"].as_array().unwrap().len(),
        2
    );
    client.delete(&by_uid).await.must(204);
    client.get(&by_uid).await.must(404);
}
