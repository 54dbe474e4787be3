//! Deliveries: everything that a search finds is sent again.

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
