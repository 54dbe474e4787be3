//! What a session may do is what its pages offer, and all that they do.

use http::Method;
use serde_json::json;

use super::Customer;
use crate::support::Scene;

/// An act: its name, its path, its fields, the capability that it takes, and what stands on a page where it is offered.
type Act =
    (&'static str, &'static [(&'static str, &'static str)], &'static str, (&'static str, &'static str));

const ACTS: [Act; 8] = [
    ("/test", &[("type", "t"), ("payload", "{}")], "CreateAttempts", ("/test", "Send the example")),
    ("/recover", &[("hours", "1")], "CreateAttempts", ("/recover", "Send failed ones again")),
    ("/replay-missing", &[("hours", "1")], "CreateAttempts", ("/recover", "Send missing ones")),
    ("/secret", &[], "ViewEndpointSecret", ("/secret", "Show the secret")),
    ("/secret/rotate", &[], "ManageEndpointSecret", ("/secret", "Replace the secret")),
    ("/pause", &[], "ManageEndpoint", ("/settings", "Pause")),
    ("/settings", &[("url", "http://127.0.0.1:1099/")], "ManageEndpoint", ("/settings", "Save")),
    ("/delete", &[], "ManageEndpoint", ("/settings", "Delete this endpoint")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_allowed_is_neither_offered_nor_done() {
    let scene = Scene::new().await;
    for capability in
        ["ViewBase", "CreateAttempts", "ViewEndpointSecret", "ManageEndpointSecret", "ManageEndpoint"]
    {
        let access = json!({"capabilities": ["ViewBase", capability]});
        let customer = Customer::new(&scene.server, &scene.app, access).await;
        for (act, fields, takes, (page, offer)) in ACTS {
            let endpoint = scene.add_endpoint("/own", json!({})).await;
            let path = format!("/portal/endpoints/{endpoint}");
            let is_allowed = takes == capability;
            let shown = customer.get(&format!("{path}{page}")).await;
            assert_eq!(shown.status, 200, "{shown}");
            assert_eq!(shown.text().contains(offer), is_allowed, "{capability} {offer}: {shown}");
            let done = customer.post(&format!("{path}{act}"), fields).await;
            assert_eq!(done.status != 403, is_allowed, "{capability}: {done}");
            assert!(!is_allowed || matches!(done.status, 200 | 303), "{done}");
            if act == "/secret/rotate" {
                assert!(
                    !done.text().contains("whsec_"),
                    "who may replace it may not see it for that: {done}"
                );
            }
        }
        let new = customer.get("/portal/endpoints/new").await;
        assert_eq!(new.status == 200, capability == "ManageEndpoint", "{capability}");
        let made = customer.post("/portal/endpoints", &[("url", "http://127.0.0.1:1099/")]).await;
        assert_eq!(
            made.status,
            if capability == "ManageEndpoint" { 303 } else { 403 },
            "{capability}: {made}"
        );
    }
    // Who may not look sees nothing, whatever else they may do.
    let blind = Customer::new(&scene.server, &scene.app, json!({"capabilities": ["ManageEndpoint"]})).await;
    for path in ["/portal/endpoints", "/portal/activity", "/portal/event-types"] {
        assert_eq!(blind.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_is_in_the_audit_log() {
    let scene = Scene::new().await;
    let customer = Customer::new(&scene.server, &scene.app, json!({"sessionId": "ann"})).await;
    let path = format!("/portal/endpoints/{}", scene.endpoint_id);
    assert_eq!(customer.post(&format!("{path}/pause"), &[]).await.status, 303);
    let shown = customer.post(&format!("{path}/secret"), &[]).await.text();
    assert!(shown.contains(&scene.secret().await));
    let log = scene.client.get("/api/v1/audit-log").await.must(200);
    let entries: Vec<_> =
        log["data"].as_array().unwrap().iter().filter(|one| one["actor"]["name"] == "ann").collect();
    let actions: Vec<_> = entries.iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["endpoint.get_secret", "endpoint.patch", "portal_session.begin"], "{log}");
}

#[tokio::test]
async fn values_that_are_refused_stay_in_their_fields() {
    let scene = Scene::new().await;
    let customer = Customer::of(&scene.server, &scene.app).await;
    let fields = [("url", "ftp://<b>"), ("description", "what was typed"), ("throttleRate", "many")];
    let refused = customer.post("/portal/endpoints", &fields).await;
    let page = refused.text();
    assert_eq!(refused.status, 422, "{refused}");
    assert!(page.contains("must be a whole number") && page.contains("value=\"what was typed\""), "{page}");
    let fields = [("url", "ftp://<b>"), ("throttleRate", "3")];
    let path = format!("/portal/endpoints/{}/settings", scene.endpoint_id);
    let page = customer.post(&path, &fields).await.text();
    assert!(page.contains("id=\"url-wrong\"") && page.contains("ftp://&lt;b&gt;"), "{page}");
}

#[tokio::test]
async fn event_types_behind_flags_stay_as_they_are() {
    let scene = Scene::new().await;
    for (name, flags) in [("plain.a", json!([])), ("plain.b", json!([])), ("beta", json!(["beta"]))] {
        let body = json!({"name": name, "description": "what it says", "featureFlags": flags});
        scene.client.post("/api/v1/event-type", body).await.must(201);
    }
    let endpoint = scene.client.ask(Method::PATCH, &scene.endpoint);
    endpoint.json(&json!({"eventTypes": ["plain.a", "beta"]})).send().await.must(200);
    let customer = Customer::of(&scene.server, &scene.app).await;
    for path in ["/portal/event-types", "/portal/endpoints/new"] {
        let page = customer.get(path).await.text();
        assert!(page.contains("plain.b") && !page.contains("beta"), "{path}: {page}");
    }
    assert_eq!(customer.get("/portal/event-types/plain.a").await.status, 200);
    assert_eq!(customer.get("/portal/event-types/beta").await.status, 404);
    let path = format!("/portal/endpoints/{}/settings", scene.endpoint_id);
    let url = scene.receiver.url("/hook");
    let saved = customer.post(&path, &[("url", &url), ("event_type", "plain.b")]).await;
    assert_eq!(saved.status, 303, "{saved}");
    let endpoint = scene.client.get(&scene.endpoint).await.must(200);
    assert_eq!(endpoint["eventTypes"], json!(["plain.b", "beta"]));
}
