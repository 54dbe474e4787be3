//! HTTP itself: methods, paths, browsers, health.

use http::Method;
use serde_json::json;

use crate::support::{Client, Server};

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_in_json() {
    let server = Server::start().await;
    let client = server.client();
    for path in [
        "/",
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
    let scene = crate::support::Scene::new().await;
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
