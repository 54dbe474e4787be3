//! Sources that publish by a schedule.

use std::time::Duration;

use serde_json::json;

use super::{SOURCES, Scene, Source};
use crate::support::Server;

#[tokio::test]
async fn a_schedule_publishes_when_its_time_has_come_and_once_for_all_that_was_missed() {
    let config =
        json!({"schedule": "*/5 * * * *", "payload": "{\"tick\": 1}", "contentType": "application/x-tick"});
    let scene = Scene::new("cron", config.clone()).await;
    let shown = scene.client.get(&scene.source.path).await.must(200);
    assert_eq!((&shown["ingestUrl"], &shown["config"]), (&json!(null), &config));
    // An hour passes, with twelve due times; making a source has the schedules looked at.
    scene.server.clock.advance(Duration::from_secs(3_600));
    Source::new(&scene.client, "generic-webhook", json!({})).await;
    let arrived = scene.receiver.wait("/hook", 1).await;
    assert_eq!(arrived[0].body, "{\"tick\": 1}");
    assert_eq!(arrived[0].header("content-type"), "application/x-tick");
    assert!(!arrived[0].header("webhook-signature").is_empty(), "it is ours, and signed by us");
    scene.server.clock.advance(Duration::from_secs(300));
    Source::new(&scene.client, "generic-webhook", json!({})).await;
    let arrived = scene.receiver.wait("/hook", 2).await;
    assert_eq!(arrived.len(), 2, "missed times are one firing");
    let seen = scene.receptions().await;
    assert!(seen.iter().all(|one| one["eventType"] == "cron.fired"), "{seen:?}");
}

#[tokio::test]
async fn a_schedule_that_nobody_can_read_is_refused() {
    let server = Server::start().await;
    for schedule in ["", "* * * *", "61 * * * *", "0 0 31 2 *"] {
        let config = json!({"schedule": schedule, "payload": ""});
        let body = json!({"name": "x", "type": "cron", "config": config});
        let told = server.client().post(SOURCES, body).await.must(422);
        assert_eq!(told["detail"][0]["loc"], json!(["body", "config", "schedule"]), "{told}");
    }
}
