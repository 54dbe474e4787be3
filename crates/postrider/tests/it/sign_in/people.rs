//! What admins do with people, on the pages and by the API.

use serde_json::json;

use super::{ADMIN, Browser, PASSWORD, first_admin, invite, key_of, page, somebody};
use crate::support::Server;

/// The box for all environments, ticked.
const ALL: (&str, &str) = ("all-environments", "on");

#[tokio::test]
async fn an_admin_invites_changes_resets_and_disables() {
    let server = Server::start().await;
    let admin = first_admin(&server).await;
    let people = page(&server, "people");
    let fields = [("email", "bob@example.com"), ("name", ""), ("role", "viewer")];
    let shown = admin.act(&people, &people, &fields).await;
    assert_eq!(shown.status, 422, "no environment: {shown}");
    let fields = [fields[0], fields[1], fields[2], ALL];
    let shown = admin.act(&people, &people, &fields).await;
    assert_eq!(shown.status, 200, "{shown}");
    let key = key_of(&shown.link());
    assert!(!admin.open(&people).await.text().contains(&key), "it is shown once");
    let again = admin.act(&people, &people, &fields).await;
    assert_eq!(again.status, 422, "{again}");
    assert!(
        again.text().contains("has this e-mail address")
            && again.field("email").as_deref() == Some("bob@example.com")
    );

    let bob = Browser::new(&server);
    let offered = bob.send("/sign-in/link", &[("key", &key)]).await;
    assert!(offered.text().contains("bob@example.com"), "{offered}");
    let fields = [("key", key.as_str()), ("name", "Bob"), ("password", PASSWORD)];
    assert_eq!(bob.send("/sign-in/link/choose", &fields).await.status, 303);
    assert_eq!(bob.open(&people).await.status, 403, "a viewer");

    let users = server.operator().get("/api/v1/users").await.must(200);
    let one = format!("{people}/{}", users["data"][1]["id"].as_str().unwrap());
    let shown = admin.act(&one, &one, &[("name", "Robert"), ("role", "admin"), ALL]).await;
    assert_eq!(shown.status, 303, "{shown}");
    assert_eq!(bob.open(&people).await.status, 200, "at once, in the session under way");

    let shown = admin.act(&one, &format!("{one}/reset"), &[]).await;
    let other_key = key_of(&shown.link());
    assert_eq!(bob.open(&people).await.status, 303, "signed out");
    let sign_in = [("email", "bob@example.com"), ("password", PASSWORD)];
    assert_eq!(bob.send("/sign-in", &sign_in).await.status, 401, "the password is gone");
    let fields = [("key", other_key.as_str()), ("name", "Bob"), ("password", "another long password")];
    assert_eq!(bob.send("/sign-in/link/choose", &fields).await.status, 303);

    assert_eq!(admin.act(&one, &format!("{one}/disable"), &[]).await.status, 303);
    assert_eq!(bob.open(&people).await.status, 303, "out");
    let sign_in = [("email", "bob@example.com"), ("password", "another long password")];
    assert_eq!(bob.send("/sign-in", &sign_in).await.status, 401);
    assert_eq!(admin.act(&one, &format!("{one}/enable"), &[]).await.status, 303);
    assert_eq!(bob.send("/sign-in", &sign_in).await.status, 303);
    assert_eq!(admin.act(&one, &format!("{one}/sign-out"), &[]).await.status, 303);
    assert_eq!(bob.open(&people).await.status, 303, "out again");
}

#[tokio::test]
async fn the_last_admin_of_everything_stays() {
    let server = Server::start().await;
    let admin = first_admin(&server).await;
    let operator = server.operator();
    let users = operator.get("/api/v1/users").await.must(200);
    let path = format!("/api/v1/users/{}", users["data"][0]["id"].as_str().unwrap());
    for body in [
        json!({"role": "operator"}),
        json!({"disabled": true}),
        json!({"environments": [server.environment()]}),
    ] {
        let refused = operator.patch(&path, body).await.must(409);
        assert!(refused["detail"].as_str().unwrap().contains("last admin"), "{refused}");
    }
    let one = page(&server, &format!("people/{}", users["data"][0]["id"].as_str().unwrap()));
    let shown = admin.act(&one, &format!("{one}/disable"), &[]).await;
    assert_eq!(shown.status, 409, "{shown}");
    assert!(shown.text().contains("last admin"), "{shown}");
    invite(&server, json!({"email": "other@example.com", "role": "admin"})).await;
    operator.patch(&path, json!({"role": "viewer"})).await.must(200);
    assert_eq!(admin.open(&page(&server, "people")).await.status, 403);
}

#[tokio::test]
async fn somebody_of_one_environment_sees_no_other() {
    let server = Server::start().await;
    let operator = server.operator();
    let other = operator.post("/api/v1/environment", json!({"name": "other"})).await.must(201);
    let other = other["id"].as_str().unwrap();
    let body = json!({"email": "bob@example.com", "role": "admin", "environments": [server.environment()]});
    let key = key_of(invite(&server, body).await["link"].as_str().unwrap());
    let bob = Browser::new(&server);
    bob.send("/sign-in/link/choose", &[("key", &key), ("name", "Bob"), ("password", PASSWORD)]).await;
    let account = bob.open(&page(&server, "account")).await;
    assert_eq!(account.status, 200);
    assert!(!account.text().contains(other), "{account}");
    assert_eq!(bob.open(&format!("/dashboard/{other}/account")).await.status, 404);
    assert_eq!(bob.open("/dashboard/nonsense/account").await.status, 404);
    assert_eq!(bob.open(&page(&server, "people")).await.status, 403, "people are of the whole installation");
    for environments in [json!([]), json!(["env_0ujtsYcgvSTl8PAuAdqWYSMnLOv"])] {
        let body = json!({"email": "eve@example.com", "role": "viewer", "environments": environments});
        let refused = operator.post("/api/v1/users", body).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "environments"]), "{refused}");
    }
}

#[tokio::test]
async fn every_act_is_in_the_audit_log_and_no_secret_is() {
    let server = Server::start().await;
    let admin = first_admin(&server).await;
    somebody(&server, "bob@example.com", "viewer").await;
    let people = page(&server, "people");
    let users = server.operator().get("/api/v1/users").await.must(200);
    let bob = users["data"][1]["id"].as_str().unwrap();
    let one = format!("{people}/{bob}");
    admin.act(&one, &one, &[("name", "Bob"), ("role", "operator"), ALL]).await;
    let link = admin.act(&one, &format!("{one}/reset"), &[]).await.link();
    let log = server.operator().get("/api/v1/audit-log?limit=50").await.must(200);
    let entries = log["data"].as_array().unwrap();
    let find = |action: &str, actor: &str| {
        let is_it = |entry: &&serde_json::Value| entry["action"] == action && entry["actor"]["name"] == actor;
        entries.iter().find(is_it).unwrap_or_else(|| panic!("{action} of {actor} in {log}")).clone()
    };
    find("session.begin", "Ada");
    let made = find("user.create", "Ada");
    assert_eq!(made["targets"], json!([{"noun": "user", "id": users["data"][0]["id"]}]), "{made}");
    assert!(entries.iter().any(|entry| entry["action"] == "account.password"), "a link was used: {log}");
    find("user.reset", "Ada");
    let changed = find("user.patch", "Ada");
    assert_eq!(changed["targets"], json!([{"noun": "user", "id": bob}]), "{changed}");
    let fields: Vec<_> =
        changed["changes"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert!(fields.contains(&json!("role")), "{changed}");
    assert_eq!(changed["actor"]["kind"], "person");
    for secret in [&key_of(&link), PASSWORD, &admin.cookie("postrider").unwrap()] {
        assert!(!log.to_string().contains(secret), "{log}");
    }
    assert_eq!(users["data"][0]["email"], ADMIN);
}
