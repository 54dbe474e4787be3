//! How an endpoint's deliveries stand.

use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::json;

use crate::support::{Answer, Scene, await_until};

#[tokio::test]
async fn deliveries_are_counted_by_where_they_stand() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    let answers = [200, 200, 500].map(Answer::status);
    scene.receiver.script("/hook", answers);
    for n in 0..3 {
        let message = scene.publish(n).await;
        scene.attempts(&message, 1).await;
    }
    let at = scene.server.clock.now().after(Duration::from_secs(3600)).to_string();
    scene.publish_this(json!({"eventType": "t", "payload": {}, "deliverAt": at})).await;
    let path = format!("{}/stats", scene.endpoint);
    await_until("all outcomes to be counted", async || {
        let stats = scene.client.get(&path).await.must(200);
        (stats == json!({"success": 2, "fail": 1, "pending": 1, "sending": 0, "canceled": 0})).then_some(())
    })
    .await;
    let nothing = json!({"success": 0, "fail": 0, "pending": 0, "sending": 0, "canceled": 0});
    for query in [
        "?since=2200-01-01T00:00:00Z&until=2200-01-02T00:00:00Z",
        "?since=2019-01-01T00:00:00Z&until=2020-01-01T00:00:00Z",
    ] {
        assert_eq!(scene.client.get(&format!("{path}{query}")).await.must(200), nothing, "{query}");
    }
}
