//! Sending a request on with changes, through the egress guard, and only from the bin's own page.

use http::Method;
use serde_json::json;

use super::{newest, open, requests, send, token};
use crate::support::{Answer, Client, Receiver, Reply, Server};

async fn replay(client: &Client, name: &str, url: &str) -> Reply {
    let (token, number) = (token(client, name).await, newest(client, name).await);
    let fields = [
        ("token", token.as_str()),
        ("request", number.as_str()),
        ("method", "put"),
        ("url", url),
        ("headers", "x-kept: 1\r\nx-new: two\r\nhost: elsewhere.example\r\n\r\n"),
        ("body", "line one\r\nline two"),
    ];
    send(client, &format!("/bin/{name}/-/replay"), &fields).await
}

#[tokio::test]
async fn what_is_edited_is_sent_and_the_answer_is_shown() {
    let (_server, client) = open().await;
    let receiver = Receiver::start().await;
    receiver.script("/to", [Answer::status(418).header("x-said", "<teapot>")]);
    client
        .ask(Method::POST, "/bin/a")
        .header("content-type", "text/plain")
        .body("line one\nline 2")
        .send()
        .await;
    let shown = replay(&client, "a", &receiver.url("/to")).await.text();
    let got = receiver.wait("/to", 1).await.remove(0);
    assert_eq!((got.method.as_str(), &got.body[..]), ("PUT", &b"line one\nline two"[..]));
    assert_eq!((got.header("x-kept"), got.header("x-new")), ("1", "two"));
    assert_ne!(got.header("host"), "elsewhere.example", "the host is that of the URL");
    for part in ["</span>418</span>", "x-said", "&lt;teapot&gt;", "first byte"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let (token, number) = (token(&client, "a").await, newest(&client, "a").await);
    let fields = [
        ("token", token.as_str()),
        ("request", number.as_str()),
        ("method", "POST"),
        ("url", &receiver.url("/same")),
        ("body", "ignored"),
        ("as_it_came", "on"),
    ];
    assert_eq!(send(&client, "/bin/a/-/replay", &fields).await.status, 200);
    assert_eq!(&receiver.wait("/same", 1).await[0].body[..], b"line one\nline 2");
}

#[tokio::test]
async fn only_the_bins_own_page_sends() {
    let (_server, client) = open().await;
    let receiver = Receiver::start().await;
    client.post("/bin/a", json!({})).await.must(200);
    let (token, number) = (token(&client, "a").await, newest(&client, "a").await);
    let url = receiver.url("/never");
    let foreign = super::token(&client, "b").await;
    for (token, site, origin) in [
        ("", "same-origin", ""),
        ("nonsense", "same-origin", ""),
        (foreign.as_str(), "same-origin", ""),
        (token.as_str(), "cross-site", ""),
        (token.as_str(), "", "https://evil.example"),
        (token.as_str(), "", "null"),
    ] {
        let fields = [("token", token), ("request", &number), ("method", "POST"), ("url", &url)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut asking = client.ask(Method::POST, "/bin/a/-/replay").body(body);
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            asking = if value.is_empty() { asking } else { asking.header(name, value) };
        }
        asking.send().await.must(403);
    }
    let put = client.ask(Method::PUT, "/bin/a/script").header("sec-fetch-site", "cross-site");
    put.json(&json!({"steps": []})).send().await.must(403);
    assert_eq!((receiver.count(), requests(&client, "a").await.len()), (0, 1));
}

#[tokio::test]
async fn the_guard_holds_for_replays_too() {
    let server = Server::builder()
        .set("bins.enabled", "true")
        .config(|config| config.egress.allow = Vec::new())
        .start()
        .await;
    let receiver = Receiver::start().await;
    let made = server.client().post("/api/v1/bin", json!({})).await.must(201);
    let name = made["name"].as_str().unwrap();
    let viewer = server.client().with_key(made["viewKey"].as_str().unwrap());
    viewer.post(&format!("/bin/{name}"), json!({})).await.must(200);
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://192.168.1.1:8080/",
        "http://[::1]:8071/",
        "http://localhost/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://user@example.com/",
        &receiver.url("/never"),
    ] {
        let shown = replay(&viewer, name, url).await.text();
        assert!(shown.contains("Not sent: "), "{url}: {shown}");
    }
    assert_eq!(receiver.count(), 0);
}
