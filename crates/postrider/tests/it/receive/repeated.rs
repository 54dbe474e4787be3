//! Providers send at least once: what comes again is kept, and goes on once.

use std::time::Duration;

use serde_json::json;

use super::{SECRET, Scene};

#[tokio::test]
async fn an_event_that_comes_again_goes_on_once() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let headers = [("x-github-event", "push"), ("x-github-delivery", "d-1")];
    for _ in 0..3 {
        scene.send_signed(SECRET, &headers, "{\"n\":1}").await.must(200);
    }
    // The same words under another id are another event.
    scene
        .send_signed(SECRET, &[("x-github-event", "push"), ("x-github-delivery", "d-2")], "{\"n\":1}")
        .await
        .must(200);
    let came = scene.receiver.wait("/hook", 2).await;
    let mut ids: Vec<_> = came.iter().map(|one| one.header("x-github-delivery")).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["d-1", "d-2"]);
    let seen = scene.receptions().await;
    let original = &seen[3]["id"];
    let repeats: Vec<_> = seen.iter().map(|one| one["duplicateOf"] == *original).collect();
    assert_eq!(repeats, [false, true, true, false]);
    assert_eq!(seen[3]["duplicateOf"], json!(null));

    scene.server.clock.advance(Duration::from_secs(25 * 3_600));
    scene.send_signed(SECRET, &headers, "{\"n\":1}").await.must(200);
    scene.receiver.wait("/hook", 3).await;
}

#[tokio::test]
async fn where_the_provider_has_no_id_the_bytes_tell() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    for body in ["{\"n\":1}", "{\"n\":1}", "{\"n\": 1}", "{\"n\":1}"] {
        scene.send(&[], body).await.must(200);
    }
    let came = scene.receiver.wait("/hook", 2).await;
    assert_eq!(came.len(), 2);
    let repeats = scene.receptions().await.iter().filter(|one| one["duplicateOf"].is_string()).count();
    assert_eq!(repeats, 2);
}
