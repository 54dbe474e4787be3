//! Event types: the tree, one of them with its versions, and its settings.

use super::{Desk, has, refused};

const SCHEMAS: &str = r#"{"1":{"properties":{"old":{"type":"string"}}},"2":{"properties":{"fresh":{"type":"string"}},"examples":[{"fresh":"bread"}]}}"#;

#[tokio::test]
async fn event_types_are_made_shown_and_changed() {
    let desk = Desk::new().await;
    has(&desk.open("event-types").await, &["There is no event type yet"]);
    let (new, list) = ("event-types?new", "event-types");
    for (name, schemas, retries) in
        [("", "", ""), ("no blanks", "", ""), ("a.b", "[1]", ""), ("a.b", "{", ""), ("a.b", "", "soon")]
    {
        let fields = [("name", name), ("schemas", schemas), ("retrySchedule", retries)];
        refused(&desk.act(new, list, &fields).await, &["class=\"wrong\""]);
    }
    let fields = [("name", "invoice.paid"), ("description", "An <invoice>"), ("schemas", SCHEMAS)];
    let made = desk.act(new, list, &fields).await;
    assert_eq!(
        (made.status, made.location()),
        (303, desk.path("event-types/invoice.paid").as_str()),
        "{made}"
    );
    refused(&desk.act(new, list, &fields).await, &["There is an event type with this name."]);
    has(&desk.open("event-types").await, &["invoice", "event-types/invoice.paid", "An &lt;invoice&gt;"]);
    let one = desk.open("event-types/invoice.paid").await;
    has(&one, &["An &lt;invoice&gt;", "Version 2, the newest", "<code>old</code> is gone", "bread"]);
    has(&one, &["Who gets it", "0 endpoints", "1 endpoint without a choice of types", "0 messages"]);
    let chosen = serde_json::json!({"eventTypes": ["invoice.paid"]});
    let endpoint = format!("{}/endpoint/{}", desk.scene.app, desk.scene.endpoint_id);
    desk.scene.client.patch(&endpoint, chosen).await.must(200);
    has(&desk.open("event-types/invoice.paid").await, &["<dd>1 endpoint</dd>", "/hook</a>"]);
    let settings = "event-types/invoice.paid/settings";
    refused(&desk.act(settings, settings, &[("featureFlags", "a b/c")]).await, &["Entry 2"]);
    let fields = [("description", "Paid"), ("retrySchedule", "0s 1h"), ("deprecated", "yes")];
    assert_eq!(desk.act(settings, settings, &fields).await.status, 303);
    has(&desk.open("event-types/invoice.paid").await, &["Deprecated", "0s 1h", "It has none"]);
}

#[tokio::test]
async fn an_event_type_is_archived_brought_back_and_deleted() {
    let desk = Desk::new().await;
    desk.act("event-types?new", "event-types", &[("name", "a.b"), ("description", "x")]).await;
    let own = "event-types/a.b";
    desk.act(own, "event-types/a.b/archive", &[]).await;
    has(&desk.open(own).await, &["Archived", "Restore"]);
    assert!(!desk.open("event-types").await.text().contains("event-types/a.b"));
    has(&desk.open("event-types?archived").await, &["event-types/a.b"]);
    desk.act(own, "event-types/a.b/restore", &[]).await;
    has(&desk.open("event-types").await, &["event-types/a.b"]);
    let (settings, delete) = ("event-types/a.b/settings", "event-types/a.b/delete");
    refused(&desk.act(settings, delete, &[("confirm", "a")]).await, &["This is not what stands above."]);
    assert_eq!(desk.act(settings, delete, &[("confirm", "a.b")]).await.status, 303);
    assert_eq!(desk.admin.open(&desk.path(own)).await.status, 404);
}
