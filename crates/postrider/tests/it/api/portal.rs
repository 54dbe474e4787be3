//! Access to the portal.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, Server, new_app};

const HOUR: Duration = Duration::from_secs(3_600);

/// Access to the portal of the application at `path`.
async fn access(client: &Client, path: &str, body: Value) -> Value {
    let app = path.rsplit('/').next().unwrap();
    client.post(&format!("/api/v1/auth/app-portal-access/{app}"), body).await.must(200)
}

fn token(access: &Value) -> &str {
    access["token"].as_str().unwrap()
}

/// The one-time key of a link.
fn one_time(access: &Value) -> &str {
    access["url"].as_str().unwrap().split_once("/portal#key=").unwrap().1
}

#[tokio::test]
async fn a_token_is_a_key_of_its_application_until_it_ends() {
    let server = Server::start().await;
    let client = server.client();
    let (own, other) = (new_app(&client, "own").await, new_app(&client, "other").await);
    let given = access(&client, &own, json!({"expiry": 7_200, "sessionId": "ann@example"})).await;
    let customer = client.with_key(token(&given));
    let who = customer.get("/api/v1/auth/whoami").await.must(200);
    let rights = json!([
        "read",
        "read_secrets",
        "manage_secrets",
        "send",
        "manage_endpoints",
        "manage_transformations"
    ]);
    assert_eq!((&who["scope"], &who["rights"]), (&json!("app"), &rights));
    let made =
        customer.post(&format!("{own}/endpoint"), json!({"url": "http://127.0.0.1:1099/"})).await.must(201);
    let secret = format!("{own}/endpoint/{}/secret", made["id"].as_str().unwrap());
    customer.get(&secret).await.must(200);
    customer.get(&other).await.must(404);
    for (method, path, body) in [
        (Method::POST, format!("{own}/msg"), json!({"eventType": "t", "payload": {}})),
        (Method::DELETE, own.clone(), Value::Null),
        (Method::GET, "/api/v1/app".to_owned(), Value::Null),
        (Method::POST, own.replace("/app/", "/auth/app-portal-access/"), json!({})),
    ] {
        let refused = customer.ask(method, &path).json(&body).send().await.must(403);
        assert_eq!(refused["code"], "insufficient access", "{path}");
    }
    let keys = server.operator().get("/api/v1/key").await.must(200).to_string();
    assert!(!keys.contains("ann@example"), "it is no key of the operator: {keys}");
    server.clock.advance(HOUR * 2);
    customer.get(&own).await.must(401);
}

#[tokio::test]
async fn access_is_as_asked_for() {
    let server = Server::start().await;
    let client = server.client();
    let path = "/api/v1/auth/app-portal-access/new";
    client.post(path, json!({})).await.must(404);
    let body = json!({"application": {"name": "New"}, "capabilities": ["ManageEndpoint"]});
    let given = client.post(path, body).await.must(200);
    let customer = client.with_key(token(&given));
    customer.get("/api/v1/app/new").await.must(403);
    let endpoint = "/api/v1/app/new/endpoint";
    customer.post(endpoint, json!({"url": "http://127.0.0.1:1099/"})).await.must(201);
    let secret = json!({"url": "http://127.0.0.1:1099/", "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"});
    let refused = customer.post(endpoint, secret).await.must(403);
    assert!(refused["detail"].as_str().unwrap().contains("replace signing keys"), "{refused}");

    let body = json!({"readOnly": true, "capabilities": ["ManageEndpoint"]});
    let reader = client.with_key(token(&client.post(path, body).await.must(200)));
    reader.get("/api/v1/app/new").await.must(200);
    reader.post(endpoint, json!({"url": "http://127.0.0.1:1099/"})).await.must(403);

    for (body, at) in [
        (json!({"expiry": 3_599}), "expiry"),
        (json!({"expiry": 604_801}), "expiry"),
        (json!({"sessionId": "a b"}), "sessionId"),
        (json!({"featureFlags": ["a b"]}), "featureFlags"),
        (json!({"capabilities": ["Fly"]}), "capabilities"),
        (json!({"application": {"name": ""}}), "application"),
    ] {
        let path = if at == "application" { "/api/v1/auth/app-portal-access/newer" } else { path };
        let refused = client.post(path, body).await.must(422);
        assert_eq!(refused["detail"][0]["loc"][1], at, "{refused}");
    }
}

#[tokio::test]
async fn flags_hide_event_types_from_sessions_without_them() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "own").await;
    for (name, flags) in [("plain", json!([])), ("beta", json!(["beta", "new"])), ("gold", json!(["gold"]))] {
        let schemas = json!({"1": {"examples": [{"secret": name}]}});
        let body = json!({"name": name, "description": "", "featureFlags": flags, "schemas": schemas});
        client.post("/api/v1/event-type", body).await.must(201);
    }
    let endpoint = client.post(&format!("{app}/endpoint"), json!({"url": "http://127.0.0.1:1099/"})).await;
    let endpoint = endpoint.must(201)["id"].as_str().unwrap().to_owned();
    for (flags, seen) in [
        (Value::Null, vec!["plain"]),
        (json!(["beta"]), vec!["beta", "plain"]),
        (json!(["gold", "new"]), vec!["beta", "gold", "plain"]),
    ] {
        let given = access(&client, &app, json!({"featureFlags": flags})).await;
        let customer = client.with_key(token(&given));
        let listed = customer.get("/api/v1/event-type").await.must(200);
        let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, seen);
        for name in ["plain", "beta", "gold"] {
            let (got, sent) = if seen.contains(&name) { (200, 202) } else { (404, 422) };
            customer.get(&format!("/api/v1/event-type/{name}")).await.must(got);
            let example = format!("{app}/endpoint/{endpoint}/send-example");
            customer.post(&example, json!({"eventType": name})).await.must(sent);
        }
    }
    let (_, key) = server.new_key(json!({"scope": "app", "app": app.rsplit('/').next().unwrap()})).await;
    let listed = client.with_key(&key).get("/api/v1/event-type").await.must(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 3, "a key of the operator's sees everything");
}

#[tokio::test]
async fn sessions_end_when_they_are_told_to() {
    let server = Server::start().await;
    let client = server.client();
    let (own, other) = (new_app(&client, "own").await, new_app(&client, "other").await);
    let mut sessions = Vec::new();
    for name in ["ann", "ann", "bob", "carl"] {
        let given = access(&client, &own, json!({"sessionId": name})).await;
        sessions.push(client.with_key(token(&given)));
    }
    let stays = access(&client, &other, json!({"sessionId": "ann"})).await;
    let opened = async || {
        let mut opened = Vec::new();
        for session in &sessions {
            opened.push(session.get(&own).await.status == 200);
        }
        opened
    };
    assert_eq!(opened().await, [true; 4]);
    sessions[0].post("/api/v1/auth/logout", Value::Null).await.must(204);
    assert_eq!(opened().await, [false, true, true, true]);
    sessions[0].post("/api/v1/auth/logout", Value::Null).await.must(401);

    let path = format!("{}/expire-all", own.replace("/api/v1/app/", "/api/v1/auth/app/"));
    client.post(&path, json!({"sessionIds": ["ann"]})).await.must(204);
    assert_eq!(opened().await, [false, false, true, true]);
    client.post(&path, json!({"sessionIds": ["bob"], "expiry": 3_600})).await.must(204);
    assert_eq!(opened().await, [false, false, true, true]);
    server.clock.advance(HOUR);
    assert_eq!(opened().await, [false, false, false, true]);
    client.post(&path, json!({})).await.must(204);
    assert_eq!(opened().await, [false; 4]);
    client.with_key(token(&stays)).get(&other).await.must(200);
    client.post(&path, json!({"expiry": 259_201})).await.must(422);
    client.post(&path, json!({"sessionIds": ["a b"]})).await.must(422);
    let refused = client.post("/api/v1/auth/logout", Value::Null).await.must(403);
    assert!(refused["detail"].as_str().unwrap().contains("token of the portal"), "{refused}");
}

#[tokio::test]
async fn a_link_opens_one_session_in_time() {
    use postrider::service::portal;

    let server = Server::start().await;
    let (client, context) = (server.client(), server.context());
    let app = new_app(&client, "own").await;
    let body = json!({"capabilities": ["ViewBase"], "featureFlags": ["beta"], "expiry": 3_600});
    let (given, unused) = (access(&client, &app, body.clone()).await, access(&client, &app, body).await);
    client.with_key(one_time(&given)).get(&app).await.must(401);

    let opened = portal::open(context, one_time(&given), None).await.unwrap().unwrap();
    assert!(portal::open(context, one_time(&given), None).await.unwrap().is_none(), "it works once");
    let session = portal::session(context, opened.token.expose()).await.unwrap().unwrap();
    assert_eq!(session.id(), opened.session.id());
    assert_eq!(
        (session.rights().names().collect::<Vec<_>>(), session.feature_flags()),
        (vec!["read"], &["beta".to_owned()][..])
    );
    assert_eq!(session.expires_at(), opened.session.expires_at());
    let page = client.with_key(opened.token.expose());
    page.get(&app).await.must(200);
    assert!(portal::session(context, crate::support::KEY).await.unwrap().is_none(), "a key is no session");

    // The page leaves; the program that asked for access stays.
    page.post("/api/v1/auth/logout", Value::Null).await.must(204);
    page.get(&app).await.must(401);
    client.with_key(token(&given)).get(&app).await.must(200);

    server.clock.advance(Duration::from_secs(600));
    assert!(portal::open(context, one_time(&unused), None).await.unwrap().is_none(), "it has ended");
    for text in ["", "x", &"x".repeat(4_000), token(&given)] {
        assert!(portal::open(context, text, None).await.unwrap().is_none(), "{text}");
    }
}
