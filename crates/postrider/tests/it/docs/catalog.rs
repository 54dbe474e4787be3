//! What strangers see of event types, and what they do not.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{make, page, public, with};
use crate::support::Server;

#[tokio::test]
async fn it_is_off_unless_it_is_asked_for() {
    let server = Server::start().await;
    let visitor = server.client().without_key();
    for path in
        ["/docs/events", "/docs/events.json", "/docs/asyncapi.json", "/llms.txt", "/docs/guides/retries"]
    {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    assert_eq!(visitor.get("/docs").await.header("location"), "/docs/api");
}

#[tokio::test]
async fn event_types_are_listed_and_told_without_a_key() {
    let (server, visitor) =
        with(&[("docs.title", "Acme events"), ("docs.intro", "First.\n\nSecond with `code`.")]).await;
    assert!(page(&visitor, "/docs/events").await.contains("No event types yet"));
    let schemas = json!({
        "1": {"type": "object", "properties": {"id": {"type": "string"}, "old": {"type": "integer"}}},
        "2": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string", "format": "uuid"}, "kind": {"enum": ["a", "b"]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}}}
        }, "examples": [{"id": "in_1", "n": 1.0}]}
    });
    make(&server, "invoice.paid", json!({"schemas": schemas, "groupName": "billing"})).await;
    make(&server, "invoice.voided", json!({"deprecated": true})).await;
    server.clock.advance(Duration::from_secs(3));

    let index = page(&visitor, "/docs/events").await;
    for part in [
        "Acme events",
        "<p>First.</p><p>Second with <code>code</code>.</p>",
        "href=\"/docs/events/invoice.paid\"",
        "What invoice.voided says.",
        "billing",
        "deprecated",
    ] {
        assert!(index.contains(part), "{part}: {index}");
    }
    let one = page(&visitor, "/docs/events/invoice.paid").await;
    for part in [
        "(uuid)",
        "<span class=\"must\">required</span>",
        "One of <code>&quot;a&quot;</code>, <code>&quot;b&quot;</code>",
        "title=\"lines[].price\"",
        "at least 0",
        "Version 2, the newest",
        "</span> <code>old</code> is gone",
        "<span class=\"n\">1.0</span>",
        "webhook-signature",
        "curl -sS http://localhost:3000/webhooks",
        "whsec_",
    ] {
        assert!(one.contains(part), "{part}: {one}");
    }
    let changes = page(&visitor, "/docs/changes").await;
    assert!(changes.contains("invoice.paid") && changes.contains("new"), "{changes}");
}

#[tokio::test]
async fn what_is_archived_flagged_or_elsewhere_is_not_there() {
    let (server, visitor) = public().await;
    make(&server, "shown", json!({})).await;
    make(&server, "archived", json!({"archived": true})).await;
    make(&server, "flagged", json!({"featureFlags": ["beta"]})).await;
    let other = server.operator().post("/api/v1/environment", json!({"name": "staging"})).await.must(201);
    let reach = json!({"scope": "environment", "environment": other["id"]});
    let (_, token) = server.new_key(reach).await;
    let staging = server.client().with_key(&token);
    staging.post("/api/v1/event-type", json!({"name": "elsewhere", "description": ""})).await.must(201);
    let all = [
        "/docs/events",
        "/docs/events.json",
        "/docs/events.md",
        "/docs/asyncapi.json",
        "/docs/asyncapi.yaml",
        "/llms.txt",
        "/docs/changes",
    ];
    for path in all {
        let text = visitor.get(path).await.text();
        assert!(text.contains("shown"), "{path}: {text}");
        for hidden in ["archived\"", "archived<", "flagged", "elsewhere"] {
            assert!(!text.contains(hidden), "{hidden} in {path}: {text}");
        }
    }
    for name in ["archived", "flagged", "elsewhere", "nowhere"] {
        assert_eq!(visitor.get(&format!("/docs/events/{name}")).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn another_environment_is_shown_where_it_is_named() {
    let (server, visitor) = with(&[("docs.environment", "staging")]).await;
    make(&server, "of.default", json!({})).await;
    assert_eq!(visitor.get("/docs/events").await.status, 404, "it does not exist yet");
    let other = server.operator().post("/api/v1/environment", json!({"name": "staging"})).await.must(201);
    let (_, token) = server.new_key(json!({"scope": "environment", "environment": other["id"]})).await;
    let staging = server.client().with_key(&token);
    staging.post("/api/v1/event-type", json!({"name": "of.staging", "description": ""})).await.must(201);
    server.clock.advance(Duration::from_secs(3));
    let shown = page(&visitor, "/docs/events").await;
    assert!(shown.contains("of.staging") && !shown.contains("of.default"), "{shown}");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let (server, visitor) = public().await;
    make(&server, "a", json!({})).await;
    for path in [
        "/docs/events",
        "/docs/events/a",
        "/docs/guides/signatures",
        "/docs/events.json",
        "/docs/asyncapi.yaml",
        "/docs/api",
        "/docs/api/message",
    ] {
        let first = visitor.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(!tag.is_empty() && first.header("cache-control") == "public, no-cache", "{path}");
        let again =
            visitor.ask(Method::GET, path).header("if-none-match", &format!("\"x\", {tag}")).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let other = visitor.ask(Method::GET, path).header("if-none-match", "\"x\"").send().await;
        assert_eq!((other.status, other.body), (200, first.body), "{path}");
    }
    let before = visitor.get("/docs/events").await.header("etag").to_owned();
    server.client().patch("/api/v1/event-type/a", json!({"description": "other"})).await.must(200);
    server.clock.advance(Duration::from_secs(3));
    let after = visitor.ask(Method::GET, "/docs/events").header("if-none-match", &before).send().await;
    assert_eq!(after.status, 200, "a change is seen");
    assert!(visitor.get("/docs/events/none").await.header("etag").is_empty(), "what is missing is not kept");
}
