//! What every operation leaves in the audit log: its owner's request, and nothing of what only reads.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::attackers::Attackers;
use super::operations::{self, Access};
use super::victim::Victim;
use super::{ask, described};
use crate::support::Server;

/// What changes something and is its own record, or changes nothing.
const LEFT_OUT: [&str; 5] =
    ["message.create", "message.precheck", "ingest_listener.ack", "bin.create", "bin.delete"];
/// What only reads, and shows a secret.
const SECRET: [&str; 2] = ["endpoint.get_secret", "ingest_endpoint.get_secret"];

fn is_recorded(method: &Method, id: &str) -> bool {
    if method == Method::GET { SECRET.contains(&id) } else { !LEFT_OUT.contains(&id) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_act_is_in_the_log_and_nothing_else() {
    let server = Server::builder().set("bins.enabled", "true").start().await;
    let attackers = Attackers::new(&server).await;
    let operator = server.operator();
    let routes: BTreeMap<_, _> =
        described().into_iter().map(|(id, method, path)| (id, (method, path))).collect();
    let newest = async || {
        let listed = operator.get("/api/v1/audit-log?limit=1").await.must(200);
        listed["data"][0].clone()
    };
    for (number, operation) in operations::ALL.iter().enumerate() {
        let (method, template) = &routes[operation.id];
        // A stream has no end.
        if operation.id == "ingest_listener.listen" {
            continue;
        }
        let victim = Victim::new(&server, &attackers, number).await;
        let (path, body) = (victim.by_id(template), victim.fill_body(&(operation.body)()));
        let (owner, kind) = match operation.access {
            Access::Instance => (operator.clone(), "local"),
            Access::Portal => (victim.portal(&server, None).await, "portal"),
            _ => (server.client(), "key"),
        };
        let before = newest().await;
        let reply = ask(&owner, method, &path, &body).await;
        assert!((200..300).contains(&reply.status), "{reply}");
        let entry = newest().await;
        if !is_recorded(method, operation.id) {
            assert_eq!(entry, before, "{} is not recorded", operation.id);
            victim.leave(&server).await;
            continue;
        }
        let told = (&entry["action"], &entry["status"], &entry["actor"]["kind"]);
        assert_eq!(told, (&json!(operation.id), &json!(reply.status), &json!(kind)), "{entry}");
        assert_eq!(entry["address"].is_null(), kind == "local", "{entry}");
        let targets: Vec<&Value> = entry["targets"].as_array().unwrap().iter().collect();
        // What is only counted is about nothing.
        assert!(!targets.is_empty() || operation.id == "delivery.replay", "{}: {entry}", operation.id);
        for parameter in template.split('/').filter(|piece| piece.starts_with('{')) {
            let word = victim.word(template, parameter);
            let is_named = targets.iter().any(|target| target["id"] == word.as_str());
            assert!(is_named, "{}: {parameter} {word}: {entry}", operation.id);
        }
        victim.leave(&server).await;
    }
}

#[tokio::test]
async fn what_is_refused_is_in_the_log_unless_nobody_knows_who_asked() {
    let server = Server::start().await;
    let client = server.client();
    client.without_key().delete("/api/v1/app/none").await.must(401);
    client.with_key("prk_00000000000000000000000000000000").delete("/api/v1/app/none").await.must(401);
    let listed = client.get("/api/v1/audit-log").await.must(200);
    assert_eq!(listed["data"], json!([]));
    client.delete("/api/v1/app/no%0Ane").await.must(404);
    client.post("/api/v1/app", json!({"name": ""})).await.must(422);
    let listed = client.get("/api/v1/audit-log").await.must(200);
    let told: Vec<_> = listed["data"].as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert_eq!(told, [422, 404]);
    let named = json!([{"noun": "app", "id": "no\u{fffd}ne"}]);
    assert_eq!(listed["data"][1]["targets"], named);
}
