//! Deliveries: the chart over them, and everything that a search finds is sent again.

use serde_json::json;

use super::{Desk, has};
use crate::sign_in::somebody;
use crate::support::Answer;

#[tokio::test]
async fn everything_that_matches_is_sent_again_after_a_look_at_it() {
    let desk = Desk::new().await;
    let endpoint =
        desk.scene.add_endpoint("/bad", json!({"retrySchedule": [0], "eventTypes": ["bad"]})).await;
    desk.scene.receiver.script("/bad", [Answer::status(500)]);
    for n in 0..3 {
        let body = json!({"eventType": "bad", "payload": {"n": n}});
        let message = desk.scene.publish_this(body).await;
        desk.scene.attempts(&message, 2).await;
    }
    let search = format!("q=status%3Afailed+endpoint%3A{endpoint}");
    let replay = format!("deliveries/replay?{search}");
    assert!(!desk.open("deliveries").await.text().contains("deliveries/replay"), "not everything there is");
    has(&desk.open(&format!("deliveries?{search}")).await, &[&desk.path(&replay), "Replay all that match…"]);
    has(&desk.open(&replay).await, &["3 deliveries", "Send 3 again", "status:failed"]);
    let viewer = somebody(&desk.scene.server, "vera@example.com", "viewer").await;
    let shown = viewer.open(&desk.path(&replay)).await;
    has(&shown, &["3 deliveries", "Your role may look at this"]);
    assert!(!shown.text().contains("Send 3 again"));

    desk.scene.receiver.script("/bad", [Answer::status(200)]);
    let query = format!("status:failed endpoint:{endpoint}");
    let sent = desk.act(&replay, "deliveries/replay", &[("q", &query)]).await;
    assert!(sent.status == 303 && sent.location().contains("/replays/qtask_"), "{sent}");
    desk.scene.receiver.wait("/bad", 6).await;
    let task = desk.admin.open(sent.location()).await;
    has(&task, &["What a search finds is sent again", "status:failed"]);
    has(&desk.open("replays").await, &["What a search finds is sent again", "status:failed"]);
    assert!(desk.audited().await.contains(&"delivery.replay".to_owned()));

    let refused = desk.act(&replay, "deliveries/replay", &[("q", "")]).await;
    assert_eq!(refused.status, 422, "{refused}");
    has(&refused, &["deliveries are meant"]);
    let page = desk.admin.open(&desk.path("deliveries/replay?q=staus%3Afailed")).await;
    assert_eq!(page.status, 422, "{page}");
}

#[tokio::test]
async fn a_chart_stands_over_the_list_and_says_what_it_is_not_narrowed_by() {
    let desk = Desk::new().await;
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    let whole = desk.open("deliveries").await;
    let brush = format!("data-brush=\"{}\"", desk.path("deliveries"));
    has(&whole, &["id=\"volume\"", "id=\"volume-table\"", "Attempts of a day", "View as table", &brush]);
    assert!(!whole.text().contains("not narrowed by"));
    let one = desk.open("deliveries?q=type%3At+code%3A200+since%3A1h").await;
    has(
        &one,
        &[
            "id=\"volume\"",
            "not narrowed by",
            "<code>code:200</code>",
            "deliveries?q=type%3At+code%3A200+since%3A1h",
        ],
    );
    assert!(!one.text().contains("<code>type:t</code>"));
    let nobody = desk.open("deliveries?q=app%3Anobody").await;
    has(&nobody, &["Nothing matches"]);
    assert!(!nobody.text().contains("id=\"volume\""));
    // A selected span has an end: nothing new comes into it.
    let past = desk
        .open("deliveries?q=since%3A%222020-01-01T00%3A00%3A00Z%22+until%3A%222020-01-02T00%3A00%3A00Z%22")
        .await;
    assert!(!past.text().contains("live-rows"), "{past}");
}

#[tokio::test]
async fn a_search_is_saved_for_everybody_and_removed() {
    let desk = Desk::new().await;
    let list = "deliveries?q=status%3Afailed";
    has(&desk.open(list).await, &["Save this search"]);
    assert!(!desk.open("deliveries").await.text().contains("Save this search"), "there is nothing to save");
    let fields = [("list", "deliveries"), ("q", "status:failed"), ("name", "<b>Ours")];
    let saved = desk.act(list, "searches", &fields).await;
    assert_eq!((saved.status, saved.location()), (303, desk.path(list).as_str()), "{saved}");
    let shown = desk.open(list).await;
    has(&shown, &["&lt;b&gt;Ours", "Remove this saved search", "aria-current=\"true\""]);
    assert!(!shown.text().contains("Save this search"), "it is saved");
    has(&desk.open("messages").await, &["&lt;b&gt;Ours", &desk.path(list)]);

    let viewer = somebody(&desk.scene.server, "vera@example.com", "viewer").await;
    let theirs = viewer.open(&desk.path(list)).await;
    has(&theirs, &["&lt;b&gt;Ours"]);
    assert!(!theirs.text().contains("Remove this saved search"));
    let refused =
        desk.act(list, "searches", &[("list", "deliveries"), ("q", "staus:x"), ("name", "a")]).await;
    assert_eq!(refused.status, 422, "{refused}");

    let text = shown.text();
    let at = text.find("/searches/srch_").expect("the form that removes");
    let id = &text[at + "/searches/".len()..][.."srch_".len() + 27];
    let removed = desk.act(list, &format!("searches/{id}/remove"), &[]).await;
    assert_eq!(removed.status, 303, "{removed}");
    assert!(!desk.open(list).await.text().contains("Ours"));
    let log = desk.audited().await;
    assert!(
        log.contains(&"saved_search.create".to_owned()) && log.contains(&"saved_search.delete".to_owned())
    );
}
