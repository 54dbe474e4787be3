//! HTTP itself: methods, paths, browsers, health.

use http::Method;
use serde_json::json;

use crate::support::{Client, KEY, Scene, Server, new_endpoint, publish};

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_in_json() {
    let server = Server::start().await;
    let client = server.client();
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/app/a/b/c/d/e/f",
        "/api/v1/app/%ff",
        "/API/v1/app",
    ] {
        let reply = client.get(path).await;
        let body = reply.must(404);
        assert!(body["code"].is_string() && body["detail"].is_string(), "{reply}");
        assert_eq!(reply.header("content-type"), "application/json");
    }
    for (method, path) in
        [(Method::DELETE, "/api/v1/app"), (Method::POST, "/api/v1/health"), (Method::PUT, "/openapi.json")]
    {
        let reply = client.ask(method, path).send().await;
        assert_eq!(reply.must(405)["code"], "method_not_allowed");
        assert_ne!(reply.header("allow"), "", "{reply}");
    }
}

#[tokio::test]
async fn browsers_on_any_site_may_ask_without_credentials() {
    let server = Server::start().await;
    let client = server.client();
    let preflight = client
        .without_key()
        .ask(Method::OPTIONS, "/api/v1/app/x/msg")
        .header("origin", "https://example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,idempotency-key")
        .send()
        .await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    let allowed = preflight.header("access-control-allow-headers").to_ascii_lowercase();
    assert!(allowed.contains("authorization") && allowed.contains("idempotency-key"), "{allowed}");
    for reply in [
        preflight,
        client.get("/api/v1/app").await,
        client.without_key().get("/api/v1/app").await,
        client.get("/no").await,
    ] {
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{reply}");
        assert_eq!(reply.header("access-control-allow-credentials"), "", "{reply}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{reply}");
        assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
    }
}

#[tokio::test]
async fn health_needs_no_key() {
    let server = Server::start().await;
    let nobody = Client::of(server.address);
    assert_eq!(nobody.get("/api/v1/health").await.must(204), json!(null));
    for path in ["/livez", "/readyz", "/healthz", "/metrics", "/openapi.json"] {
        assert_eq!(nobody.get(path).await.status, 200, "{path}");
    }
    let head = nobody.ask(Method::HEAD, "/api/v1/health").send().await;
    assert_eq!(head.status, 204);
}

#[tokio::test]
async fn metrics_count_and_never_name_tenants() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    let text = scene.client.without_key().get("/metrics").await.text();
    for name in [
        "postrider_attempts_total",
        "postrider_attempt_seconds",
        "postrider_dispatch_oldest_due_seconds",
        "postrider_store_commit_seconds",
    ] {
        assert!(text.contains(name), "{name} in\n{text}");
    }
    for secret in [message.as_str(), scene.endpoint_id.as_str(), scene.app.rsplit('/').next().unwrap()] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
}

/// With its own key among an endpoint's headers, a customer could have deliveries make messages and messages make
/// deliveries.
#[tokio::test]
async fn deliveries_cannot_lead_back_to_the_api() {
    let scene = Scene::new().await;
    let url = format!("http://{}{}/msg", scene.server.address, scene.app);
    let own_key = format!("Bearer {KEY}");
    for names in ["webhook", "svix"] {
        let settings = json!({"signatureHeaders": names});
        scene.client.patch("/api/v1/environment/settings", settings).await.must(200);
        let fields = json!({"headers": {"authorization": own_key}, "retrySchedule": [0]});
        let back = new_endpoint(&scene.client, &scene.app, &url, fields).await;
        let inner = json!({"eventType": "inner", "payload": {}});
        let message =
            publish(&scene.client, &scene.app, json!({"eventType": "outer", "payload": inner})).await;
        let attempts = scene.attempts(&message, 2).await;
        assert!(attempts.iter().any(|attempt| attempt["responseStatusCode"] == 508), "{attempts:?}");
        let messages = scene.client.get(&format!("{}/msg", scene.app)).await.must(200);
        let types: Vec<_> =
            messages["data"].as_array().unwrap().iter().map(|row| &row["eventType"]).collect();
        assert!(types.iter().all(|name| **name == "outer"), "{types:?}");
        scene.client.delete(&format!("{}/endpoint/{back}", scene.app)).await.must(204);
    }
}
