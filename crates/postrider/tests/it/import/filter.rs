//! Filters of a source's endpoints.

use serde_json::{Value, json};

use super::{SOURCES, path_of, receptions, send};
use crate::support::{Client, Receiver, Server};

/// A source with two endpoints, `main` and `all`; its address.
async fn scene(client: &Client, receiver: &Receiver, config: Value) -> String {
    let body = json!({"name": "s", "uid": "s", "type": "generic-webhook", "config": config});
    let made = client.put(&format!("{SOURCES}/s"), body).await.must(201);
    for uid in ["main", "all"] {
        let body = json!({"uid": uid, "url": receiver.url(&format!("/{uid}"))});
        client.post(&format!("{SOURCES}/s/endpoint"), body).await.must(201);
    }
    path_of(&made["ingestUrl"])
}

fn filter_of(endpoint: &str) -> String {
    format!("{SOURCES}/s/endpoint/{endpoint}/filter")
}

#[tokio::test]
async fn what_a_filter_refuses_goes_to_the_others_alone() {
    let (server, receiver) = (Server::start().await, Receiver::start().await);
    let client = server.client();
    let address = scene(&client, &receiver, json!({})).await;
    let rule = json!({"all": [
        {"value": "payload.ref", "equals": "refs/heads/main"},
        {"value": "header.x-event", "in": ["push"]},
        {"value": "query.dry", "exists": false},
        {"value": "remote", "inNetworks": ["127.0.0.0/8"]},
    ]});
    client.put(&filter_of("main"), json!({"filter": rule})).await.must(204);
    // Bodies that differ: what is the same twice is a repetition, and goes nowhere.
    let body =
        |branch: &str, number: u8| json!({"ref": format!("refs/heads/{branch}"), "n": number}).to_string();
    let push = [("x-event", "push")];
    for (address, headers, body) in [
        (address.clone(), &push[..], body("main", 1)),
        (address.clone(), &push[..], body("dev", 2)),
        (address.clone(), &[], body("main", 3)),
        (format!("{address}?dry=1"), &push[..], body("main", 4)),
    ] {
        send(&client, &address, headers, &body).await.must(200);
    }
    assert_eq!(receiver.wait("/all", 4).await.len(), 4);
    assert_eq!(receiver.wait("/main", 1).await.len(), 1);
    let id = client.get(&format!("{SOURCES}/s/endpoint/main")).await.must(200)["id"].clone();
    let left_out: Vec<_> = receptions(&client, "s").await.iter().map(|one| one["leftOut"].clone()).collect();
    assert_eq!(left_out, [json!([id]), json!([id]), json!([id]), json!([])], "newest first");

    client.delete(&filter_of("main")).await.must(204);
    send(&client, &address, &[], r#"{"ref":"x"}"#).await.must(200);
    receiver.wait("/main", 2).await;
    assert_eq!(receiver.at("/main").len(), 2, "nothing that was left out came later");
}

#[tokio::test]
async fn a_filter_is_read_set_and_deleted_and_outlives_changes_of_its_source() {
    let (server, receiver) = (Server::start().await, Receiver::start().await);
    let client = server.client();
    scene(&client, &receiver, json!({})).await;
    assert_eq!(client.get(&filter_of("main")).await.must(200), json!({"filter": null}));
    let rule = json!({"not": {"value": "method", "equals": "PUT"}});
    client.put(&filter_of("main"), json!({"filter": rule})).await.must(204);
    assert_eq!(client.get(&filter_of("main")).await.must(200), json!({"filter": rule}));
    let body = json!({"name": "renamed", "type": "generic-webhook", "config": {}});
    client.put(&format!("{SOURCES}/s"), body).await.must(200);
    assert_eq!(client.get(&filter_of("main")).await.must(200)["filter"], rule);
    assert_eq!(client.get(&filter_of("all")).await.must(200)["filter"], json!(null));
    for _ in 0..2 {
        client.delete(&filter_of("main")).await.must(204);
    }
    assert_eq!(client.get(&filter_of("main")).await.must(200)["filter"], json!(null));
    client.get(&filter_of("none")).await.must(404);
    client.put(&filter_of("none"), json!({"filter": rule})).await.must(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_filter_is_told_in_its_place() {
    let (server, receiver) = (Server::start().await, Receiver::start().await);
    let client = server.client();
    scene(&client, &receiver, json!({})).await;
    for (body, place) in [
        (json!({}), json!(["body", "filter"])),
        (json!({"filter": []}), json!(["body", "filter"])),
        (
            json!({"filter": {"all": [{"value": "cookie.a", "equals": "b"}]}}),
            json!(["body", "filter", "all", 0, "value"]),
        ),
        (json!({"filter": {"value": "body", "matches": "("}}), json!(["body", "filter", "matches"])),
    ] {
        let told = client.put(&filter_of("main"), body).await.must(422);
        let found: Vec<_> = told["detail"][0]["loc"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(found, place.as_array().unwrap().iter().map(text).collect::<Vec<_>>(), "{told}");
    }
    assert_eq!(client.get(&filter_of("main")).await.must(200)["filter"], json!(null));
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
