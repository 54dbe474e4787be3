//! `deliverAt`: not before that time.

use std::time::Duration;

use postrider_core::time::Clock as _;
use serde_json::json;

use crate::support::Scene;

#[tokio::test]
async fn a_scheduled_message_waits_for_its_time() {
    let scene = Scene::new().await;
    let at = scene.server.clock.now().after(Duration::from_secs(3600)).to_string();
    let body = json!({"eventType": "t", "payload": {"n": 1}, "deliverAt": at});
    let scheduled = scene.publish_this(body).await;
    let read = scene.client.get(&format!("{}/msg/{scheduled}", scene.app)).await.must(200);
    assert_eq!(read["deliverAt"], at);
    let waiting = scene.client.get(&format!("{}/msg/{scheduled}/endpoint", scene.app)).await.must(200);
    assert_eq!((&waiting["data"][0]["status"], &waiting["data"][0]["nextAttempt"]), (&json!(1), &json!(at)));

    let later = scene.publish(2).await;
    assert_eq!(scene.receiver.wait("/hook", 1).await[0].header("webhook-id"), later);
    scene.server.clock.advance(Duration::from_secs(3600));
    assert_eq!(scene.receiver.wait("/hook", 2).await[1].header("webhook-id"), scheduled);
}

#[tokio::test]
async fn the_past_is_now_and_far_ahead_is_refused() {
    let scene = Scene::new().await;
    let now = scene.server.clock.now();
    let past = now.before(Duration::from_secs(3600)).to_string();
    scene.publish_this(json!({"eventType": "t", "payload": {}, "deliverAt": past})).await;
    scene.receiver.wait("/hook", 1).await;
    let far = now.after(Duration::from_secs(91 * 24 * 3600)).to_string();
    for bad in [far.as_str(), "tomorrow", "2026-01-01T00:00:00"] {
        let body = json!({"eventType": "t", "payload": {}, "deliverAt": bad});
        let refused = scene.client.post(&format!("{}/msg", scene.app), body).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "deliverAt"]));
    }
}
