//! Nothing that was sent is ever markup, hidden, or shown as a document.

use http::Method;
use serde_json::json;

use super::{newest, open, page, send, token};

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

#[tokio::test]
async fn markup_from_outside_comes_out_as_text() {
    let (_server, client) = open().await;
    let query = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    let path = format!("/bin/a/%3Cscript%3E?{query}={query}&q=%22%3E%3Cb%3E");
    for content_type in ["text/html", "application/json", "application/x-www-form-urlencoded"] {
        client
            .ask(Method::POST, &path)
            .header("content-type", content_type)
            .header("x-evil", EVIL)
            .body(if content_type.ends_with("json") {
                json!({ EVIL: EVIL }).to_string()
            } else {
                format!("{EVIL}={EVIL}")
            })
            .send()
            .await
            .must(200);
    }
    let (number, token) = (newest(&client, "a").await, token(&client, "a").await);
    let note = [("token", token.as_str()), ("request", number.as_str()), ("note", EVIL)];
    send(&client, "/bin/a/-/note", &note).await.must(303);
    let first = super::requests(&client, "a").await[2]["id"].as_str().unwrap().to_owned();
    let mut pages = Vec::new();
    for path in [
        "/bin/a".to_owned(),
        format!("/bin/a?r={number}&view=raw&with={first}"),
        format!("/bin/a?r={number}&view=hex"),
        format!("/bin/a?q={query}"),
        format!("/bin/a?r={query}"),
    ] {
        pages.push(page(&client, &path).await);
    }
    let settings = [("request", number.as_str()), ("preset", EVIL), ("url", EVIL), ("settings", EVIL)];
    pages.push(send(&client, "/bin/a/-/verify", &settings).await);
    let replay = [
        ("token", token.as_str()),
        ("request", &number),
        ("method", EVIL),
        ("url", EVIL),
        ("headers", EVIL),
        ("body", EVIL),
    ];
    pages.push(send(&client, "/bin/a/-/replay", &replay).await);
    pages.push(send(&client, "/bin/a/-/script", &[("token", token.as_str()), ("steps", EVIL)]).await);
    for reply in pages {
        let text = reply.text();
        assert!(reply.header("content-type").starts_with("text/html"), "{reply}");
        for evil in ["<script>", "<img", "onerror=alert(1)>\"", "\"><b>"] {
            assert!(!text.contains(evil), "{evil} in {reply}");
        }
        assert!(!text.contains("\"'>"), "no attribute is left: {reply}");
    }
}

#[tokio::test]
async fn what_hides_or_turns_text_is_shown() {
    let (_server, client) = open().await;
    let body = "safe\u{202e}txt.exe\u{200b}\u{1b}[31m\r\n";
    client.ask(Method::POST, "/bin/a").header("content-type", "text/plain").body(body).send().await.must(200);
    let text = page(&client, "/bin/a").await.text();
    for code in ["U+202E", "U+200B", "U+001B", "␍"] {
        assert!(text.contains(code), "{code}");
    }
    assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{1b}']), "not one of them is left");
}

#[tokio::test]
async fn bytes_are_downloads_and_a_megabyte_is_cut_in_the_view() {
    let server = crate::support::Server::builder().open_bins().set("bins.body", "2MiB").start().await;
    let client = server.client().without_key();
    let body = format!("<html>{}", "x".repeat(1024 * 1024));
    client
        .ask(Method::POST, "/bin/a")
        .header("content-type", "text/html")
        .body(body.clone())
        .send()
        .await
        .must(200);
    let number = newest(&client, "a").await;
    let shown = page(&client, "/bin/a").await.text();
    assert!(shown.len() < 200_000 && shown.contains("Download all bytes"), "{}", shown.len());
    let raw = client.get(&format!("/bin/a/-/requests/{number}/raw")).await;
    assert_eq!(raw.body, body);
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert_eq!(raw.header("x-content-type-options"), "nosniff");
    assert!(raw.header("content-disposition").starts_with("attachment"));
    assert!(raw.header("content-security-policy").contains("sandbox"));
}
