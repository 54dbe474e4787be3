//! Who looks only sees no forms, and is refused where they make up one; what is elsewhere is not there.

use super::Desk;
use crate::sign_in::somebody;

#[tokio::test]
async fn a_viewer_sees_no_form_and_can_send_none() {
    let desk = Desk::new().await;
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    desk.act("event-types?new", "event-types", &[("name", "a.b"), ("description", "x")]).await;
    let viewer = somebody(&desk.scene.server, "eve@example.com", "viewer").await;
    let (app, message) =
        (format!("applications/{}", desk.app_id()), format!("messages/{}/{message}", desk.app_id()));
    for rest in [
        "messages",
        &message,
        "endpoints",
        &desk.endpoint(""),
        &desk.endpoint("/test"),
        &desk.endpoint("/security"),
        &desk.endpoint("/settings"),
        "applications",
        &app,
        &format!("{app}/endpoints"),
        &format!("{app}/settings"),
        "event-types",
        "event-types/a.b",
        "event-types/a.b/settings",
    ] {
        let shown = viewer.open(&desk.path(rest)).await;
        assert_eq!(shown.status, 200, "{rest}: {shown}");
        // The one for signing out is on every page.
        assert_eq!(shown.text().matches("method=\"post\"").count(), 1, "{rest}: {shown}");
    }
    for rest in ["messages?publish", "applications?new", "event-types?new"] {
        assert_eq!(viewer.open(&desk.path(rest)).await.status, 403, "{rest}");
    }
    let mut posts: Vec<String> = [
        "/pause",
        "/resume",
        "/recover",
        "/replay-missing",
        "/delete",
        "/test",
        "/secret",
        "/rotate",
        "/headers",
        "/settings",
    ]
    .map(|part| desk.endpoint(part))
    .into();
    posts.extend(["messages", "applications", "event-types"].map(str::to_owned));
    posts.extend(["endpoints", "settings", "delete", "portal"].map(|part| format!("{app}/{part}")));
    posts.extend(["settings", "archive", "restore", "delete"].map(|part| format!("event-types/a.b/{part}")));
    posts.push(format!("{message}/send"));
    for rest in posts {
        let shown = viewer.act(&desk.path("account"), &desk.path(&rest), &[("app", desk.app_id())]).await;
        assert_eq!(shown.status, 403, "{rest}: {shown}");
    }
}

#[tokio::test]
async fn what_is_in_another_environment_is_not_there() {
    let desk = Desk::new().await;
    let message = desk.scene.publish(1).await;
    let made =
        desk.scene.server.operator().post("/api/v1/environment", serde_json::json!({"name": "other"})).await;
    let other = made.must(201)["id"].as_str().unwrap().to_owned();
    for rest in [
        format!("messages/{}/{message}", desk.app_id()),
        desk.endpoint(""),
        desk.endpoint("/security"),
        format!("applications/{}", desk.app_id()),
        format!("applications/{}/endpoints", desk.app_id()),
    ] {
        assert_eq!(desk.admin.open(&desk.path(&rest)).await.status, 200, "{rest}");
        let shown = desk.admin.open(&format!("/dashboard/{other}/{rest}")).await;
        assert_eq!(shown.status, 404, "{rest}: {shown}");
        let shown = desk.admin.open(&format!("/dashboard/env_nothing/{rest}")).await;
        assert_eq!(shown.status, 404, "{rest}: {shown}");
    }
    let list = desk.admin.open(&format!("/dashboard/{other}/endpoints")).await;
    assert!(list.status == 200 && !list.text().contains("/hook"), "{list}");
}
