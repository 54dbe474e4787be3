//! Who may use what: every route with every kind of wrong key.
//!
//! The walk follows the API's own description, so a new operation is walked too, and fails until [`operations`] says
//! who may use it and with which request. Each operation gets a victim of its own with something behind every
//! parameter. Then every wrong caller tries, by id and by uid, with the right path and with the victim's objects below
//! an application of the caller's own. Nothing of the victim may show in an answer, and nothing of it may have changed.
//! In the end its owner asks the same: that works, so the request was a good one.

mod attackers;
mod audited;
mod operations;
mod rights;
mod victim;

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use self::attackers::{Attackers, Caller, Kind};
use self::operations::{Access, Operation};
use self::victim::Victim;
use crate::support::{Client, Reply, Server, state};

/// All operations of the description: their id, method and path.
fn described() -> Vec<(String, Method, String)> {
    let document = serde_json::to_value(postrider::api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete", "options", "head", "patch", "trace"] {
            if let Some(operation) = item.get(method) {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                found.push((id, method.to_uppercase().parse().unwrap(), path.clone()));
            }
        }
    }
    found
}

#[test]
fn the_table_has_every_operation_and_no_other() {
    let mut described: Vec<_> = described().into_iter().map(|(id, ..)| id).collect();
    let mut listed: Vec<_> = operations::ALL.iter().map(|operation| operation.id.to_owned()).collect();
    described.sort();
    listed.sort();
    assert_eq!(described, listed, "an operation of the API and its entry in `operations` go together");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_reaches_a_foreign_object() {
    let server = Server::builder().set("bins.enabled", "true").start().await;
    let attackers = Attackers::new(&server).await;
    let routes: BTreeMap<_, _> =
        described().into_iter().map(|(id, method, path)| (id, (method, path))).collect();
    let mut blank = Vec::new();
    for (number, operation) in operations::ALL.iter().enumerate() {
        let (method, template) = &routes[operation.id];
        let victim = Victim::new(&server, &attackers, number).await;
        let body = victim.fill_body(&(operation.body)());
        let mut paths = vec![victim.by_id(template), victim.by_uid(template)];
        paths.dedup();

        let before = everything(&server).await;
        for caller in attackers.callers.iter().filter(|caller| !operation.is_for(caller.kind)) {
            for path in &paths {
                let reply = ask(&caller.client, method, path, &body).await;
                check(operation, caller, &reply, &victim, path, &body);
            }
            if let Some(own) = caller.app.as_ref().filter(|_| inner(template)) {
                let path = victim.by_id(&template.replace("{app_id}", own));
                let reply = ask(&caller.client, method, &path, &body).await;
                let may_not = caller.kind == Kind::OtherPortal && reply.status == 403;
                assert!(
                    reply.status == 404 || may_not,
                    "{}, below an application of its own: {reply}",
                    caller.name
                );
                victim.assert_hidden(&reply, &path, &body);
            }
        }
        assert_eq!(everything(&server).await, before, "{} changed something", operation.id);

        let owner = match operation.access {
            Access::Instance => server.operator(),
            Access::Portal => victim.portal(&server, None).await,
            _ => server.client(),
        };
        let reply = ask(&owner, method, &paths[0], &body).await;
        assert!((200..300).contains(&reply.status), "the owner's own request: {reply}");
        if *method == Method::GET && victim.shows(&reply, &paths[0], &body).is_none() {
            blank.push(operation.id);
        }
        victim.leave(&server).await;
    }
    // Else nothing could have been seen to leak.
    let no_tenants_data = [
        "health.get",
        "authentication.whoami",
        "endpoint.get_stats",
        "analytics.get",
        "analytics.get_latency",
        // What comes from now on, which is nothing.
        "ingest_listener.listen",
        "environment.list",
        "environment.get_settings",
        "key.list",
        "user.get",
        "user.list_sessions",
    ];
    assert_eq!(blank, no_tenants_data, "all other reads show their owner something");
}

/// Whether a path has objects below an application.
fn inner(template: &str) -> bool {
    template.contains("{app_id}") && template.matches('{').count() > 1
}

/// All that the victim's environment and the operator can read.
async fn everything(server: &Server) -> String {
    let operator = server.operator();
    let keys = operator.get("/api/v1/key").await.must(200);
    let environments = operator.get("/api/v1/environment").await.must(200);
    let names: Vec<_> = environments["data"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    format!("{keys}\n{names:?}\n{}", state(&server.client()).await)
}

async fn ask(client: &Client, method: &Method, path: &str, body: &Value) -> Reply {
    let asking = client.ask(method.clone(), path);
    if body.is_null() { asking.send().await } else { asking.json(body).send().await }
}

fn check(operation: &Operation, caller: &Caller, reply: &Reply, victim: &Victim, path: &str, body: &Value) {
    let allowed = operation.allowed(caller.kind);
    assert!(
        allowed.contains(&reply.status),
        "{} with {}: expected {allowed:?}: {reply}",
        operation.id,
        caller.name
    );
    if reply.status >= 400 {
        let told = reply.json();
        let expected = match reply.status {
            401 => "authentication_failed",
            403 => "insufficient access",
            _ => "not_found",
        };
        assert_eq!(told["code"], expected, "{} with {}: {reply}", operation.id, caller.name);
    }
    // Event types belong to the environment, and its applications may read them.
    let shares = operation.access == Access::Shared;
    if !(shares && matches!(caller.kind, Kind::OtherApp | Kind::OtherPortal)) {
        victim.assert_hidden(reply, path, body);
    }
}

#[tokio::test]
async fn a_filter_does_not_reach_further_than_the_path() {
    let server = Server::builder().set("bins.enabled", "true").start().await;
    let attackers = Attackers::new(&server).await;
    let victim = Victim::new(&server, &attackers, 0).await;
    for caller in &attackers.callers {
        // The portal publishes nothing.
        let own = caller.app.as_ref().filter(|_| caller.kind != Kind::OtherPortal);
        let Some(own) = own else { continue };
        let app = format!("/api/v1/app/{own}");
        let message = serde_json::json!({"eventType": "own", "payload": {}});
        let message = crate::support::publish(&caller.client, &app, message).await;
        let path = format!("{app}/attempt/msg/{message}?endpoint_id={}", victim.by_id("{endpoint_id}"));
        let reply = caller.client.get(&path).await;
        reply.must(404);
        victim.assert_hidden(&reply, &path, &Value::Null);
    }
}
