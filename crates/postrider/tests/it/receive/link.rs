//! Links that show one source to somebody who has no key.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{SECRET, Scene, Source};
use crate::support::{Client, Reply, Server};

/// Somebody with a browser and without a key.
struct Visitor {
    client: Client,
    cookie: String,
}

impl Visitor {
    fn new(server: &Server) -> Self {
        Self { client: server.client().without_key(), cookie: String::new() }
    }

    async fn get(&self, path: &str) -> Reply {
        self.client.ask(Method::GET, path).header("cookie", &self.cookie).send().await
    }

    /// Hands the token in, as the page's form does.
    async fn open(&mut self, token: &str) -> u16 {
        let asking = self.client.ask(Method::POST, "/source/open");
        let asking = asking.header("content-type", "application/x-www-form-urlencoded");
        let reply = asking.header("sec-fetch-site", "same-origin").body(format!("key={token}")).send().await;
        let cookie = reply.header("set-cookie").to_owned();
        if !cookie.is_empty() {
            for part in ["HttpOnly", "SameSite=Strict", "Path=/source"] {
                assert!(cookie.contains(part), "{cookie}");
            }
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        reply.status
    }
}

async fn link(client: &Client, source: &Source, body: serde_json::Value) -> (String, String) {
    let made = client.post(&format!("{}/dashboard", source.path), body).await.must(200);
    (made["url"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_link_shows_its_source_and_no_other() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let event = [("x-github-event", "push"), ("x-odd", "<script>alert(1)</script>")];
    scene.send_signed(SECRET, &event, r#"{"title":"<img src=x onerror=alert(1)>"}"#).await.must(200);
    scene.send(&[("x-github-event", "push")], "{}").await;
    scene.refused(1).await;
    let id = scene.receptions().await[0]["id"].as_str().unwrap().to_owned();
    let other = Source::new(&scene.client, "generic-webhook", json!({})).await;

    let (url, token) = link(&scene.client, &scene.source, json!({})).await;
    assert_eq!(url, format!("http://{}/source#key={token}", scene.server.address));
    let mut visitor = Visitor::new(&scene.server);
    assert_eq!(visitor.get("/source").await.status, 401);
    assert_eq!(visitor.open("prl_AAAA").await, 401);
    assert_eq!(visitor.open(&token).await, 303);

    let page = visitor.get(&format!("/source?event={id}")).await;
    assert_eq!(page.status, 200, "{page}");
    let text = page.text();
    for part in
        ["push", "verified", "&lt;script&gt;alert(1)", "&lt;img src=x", "Refused", &scene.source.address]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    for part in ["<script>alert", "<img", SECRET] {
        assert!(!text.contains(part), "{part} in {text}");
    }
    assert!(page.header("content-security-policy").contains("default-src 'none'"));

    let (_, of_other) = link(&scene.client, &other, json!({"expiry": 3600, "readOnly": true})).await;
    assert_eq!(visitor.open(&of_other).await, 303);
    let page = visitor.get(&format!("/source?event={id}")).await.text();
    assert!(page.contains("There is no such event") && !page.contains("onerror"), "{page}");
}

#[tokio::test]
async fn a_link_ends_with_its_time_or_with_its_source() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let mut visitor = Visitor::new(&scene.server);
    let (_, short) = link(&scene.client, &scene.source, json!({"expiry": 3600})).await;
    let (_, long) = link(&scene.client, &scene.source, json!({})).await;
    assert_eq!(visitor.open(&short).await, 303);
    scene.server.clock.advance(Duration::from_secs(3_601));
    assert_eq!(visitor.get("/source").await.status, 401);
    assert_eq!(visitor.open(&long).await, 303);
    assert_eq!(visitor.get("/source").await.status, 200);
    scene.client.delete(&scene.source.path).await.must(204);
    assert_eq!(visitor.get("/source").await.status, 401);
}

#[tokio::test]
async fn a_link_lasts_from_an_hour_to_a_week() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    for expiry in [0, 3_599, 604_801] {
        let path = format!("{}/dashboard", scene.source.path);
        let refused = scene.client.post(&path, json!({"expiry": expiry})).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "expiry"]), "{refused}");
    }
}

#[tokio::test]
async fn what_would_let_somebody_send_is_not_shown() {
    let scene = Scene::new("gitlab", json!({"secret": "a-token-that-passes"})).await;
    let token = [("x-gitlab-token", "a-token-that-passes"), ("x-gitlab-event", "Push Hook")];
    scene.send(&token, "{}").await.must(200);
    let id = scene.receptions().await[0]["id"].as_str().unwrap().to_owned();
    let (_, token) = link(&scene.client, &scene.source, json!({})).await;
    let mut visitor = Visitor::new(&scene.server);
    assert_eq!(visitor.open(&token).await, 303);
    let page = visitor.get(&format!("/source?event={id}")).await.text();
    assert!(page.contains("x-gitlab-event") && page.contains("(withheld)"), "{page}");
    assert!(!page.contains("a-token-that-passes"), "{page}");
}
