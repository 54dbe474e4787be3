//! Taking requests away, and what is taken away works.

use std::process::Command;

use http::Method;
use serde_json::{Value, json};

use super::{newest, open, requests};
use crate::support::skip;

/// The fields that HAR 1.2 asks for, by object; those that may be missing are not here.
const FIELDS: [(&str, &[&str]); 5] = [
    ("", &["startedDateTime", "time", "request", "response", "cache", "timings"]),
    (
        "/request",
        &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"],
    ),
    (
        "/response",
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    ),
    ("/response/content", &["size", "mimeType"]),
    ("/timings", &["send", "wait", "receive"]),
];

#[tokio::test]
async fn an_archive_is_one_of_har_1_2() {
    let (_server, client) = open().await;
    client.post("/bin/a?b=c&b=d", json!({"n": 1})).await.must(200);
    client
        .ask(Method::POST, "/bin/a")
        .header("content-type", "image/png")
        .body(vec![0x89, 0xff])
        .send()
        .await;
    client.ask(Method::DELETE, "/bin/a/x").send().await.must(200);
    let reply = client.get("/bin/a/-/export/har").await;
    assert!(reply.header("content-disposition").contains("bin-a.har"), "{reply}");
    let archive = reply.json();
    assert_eq!(
        (&archive["log"]["version"], &archive["log"]["creator"]["name"]),
        (&json!("1.2"), &json!("Postrider"))
    );
    assert!(archive["log"]["creator"]["version"].is_string());
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        for (place, fields) in FIELDS {
            let object = entry.pointer(place).unwrap();
            for field in fields {
                assert!(!object[field].is_null(), "{place}/{field}: {entry}");
            }
        }
        assert!(entry["request"]["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{entry}");
    }
    assert_eq!(entries[0]["request"]["queryString"].as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["request"]["postData"]["text"], "{\"n\":1}");
    assert_eq!(entries[1]["request"]["postData"]["text"], "if8=");
    assert_eq!(entries[2]["request"]["postData"], Value::Null);

    let all = client.get("/bin/a/-/export/json").await.json();
    assert_eq!(all["requests"].as_array().unwrap().len(), 3);
    assert_eq!(all["requests"][1]["bodyBase64"], "if8=");
    client.get("/bin/a/-/export/nonsense").await.must(404);
}

#[tokio::test]
async fn the_curl_script_sends_the_same_again() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl");
    }
    let (_server, client) = open().await;
    let bodies: [&[u8]; 4] = [b"it's {\"a\": \"$HOME `b` \\\\\"}\n", b"@file", b"\x00\xff\x01", b""];
    for body in bodies {
        let asking = client.ask(Method::POST, "/bin/a/x?y=[1]").header("x-empty", "").header("x-a", "it's");
        asking.header("content-type", "text/x-own").body(body).send().await.must(200);
    }
    let script = client.get("/bin/a/-/export/curl").await.text();
    let ran = tokio::task::spawn_blocking(move || Command::new("/bin/sh").arg("-c").arg(script).output());
    let output = ran.await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    let all = requests(&client, "a").await;
    assert_eq!(all.len(), 8);
    for (again, first) in all[..4].iter().zip(&all[4..]) {
        for field in ["method", "path", "body", "bodyBase64"] {
            assert_eq!(again[field], first[field], "{field}");
        }
        let own = |request: &Value| {
            let headers = request["headers"].as_array().unwrap().clone();
            let own =
                |header: &Value| ["x-empty", "x-a", "content-type"].iter().any(|name| header[0] == **name);
            headers.into_iter().filter(own).collect::<Vec<_>>()
        };
        assert_eq!(own(again), own(first));
    }
    let number = newest(&client, "a").await;
    assert!(client.get(&format!("/bin/a/-/requests/{number}/curl")).await.text().starts_with("curl "));
}
