//! Bytes that are hardly HTTP.

use super::told;
use crate::support::{KEY, Server, raw};

fn get(rest: &str) -> String {
    format!(
        "GET /api/v1/app HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n{rest}\r\n"
    )
}

fn post(framing: &str, body: &str) -> String {
    format!(
        "POST /api/v1/app HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n{framing}\r\n{body}"
    )
}

#[tokio::test]
async fn malformed_requests_are_refused_and_the_server_goes_on() {
    let server = Server::start().await;
    let client = server.client();
    let named = r#"{"name":"smuggled"}"#;
    let length = named.len();
    for (bytes, statuses) in [
        (get(&format!("x-long: {}\r\n", "x".repeat(20_000))), &["431"][..]),
        (get(&"x: y\r\n".repeat(100)), &["431"]),
        (
            format!("GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "x".repeat(20_000)),
            &["414", "431"],
        ),
        ("nonsense\r\n\r\n".to_owned(), &["400"]),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), &["400", "505"]),
        ("\0\0\0\0\r\n\r\n".to_owned(), &["400"]),
        // Another protocol: it is closed without a word that its speaker would not understand.
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &["", "400", "505"]),
        (get("bad header: 1\r\n"), &["400"]),
        (get("x: a\0b\r\n"), &["400"]),
        (post("content-length: x\r\n", named), &["400"]),
        (post("content-length: -1\r\n", named), &["400"]),
        (post(&format!("content-length: {length}\r\ncontent-length: 1\r\n"), named), &["400"]),
        (post("transfer-encoding: gzip\r\n", named), &["400", "501"]),
        (post("transfer-encoding: chunked\r\n", "zz\r\nx\r\n0\r\n\r\n"), &["400"]),
        (post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\nx"), &["400", "413"]),
        (post("content-encoding: gzip\r\ncontent-length: 3\r\n", "abc"), &["415"]),
    ] {
        let said = raw(server.address, &bytes).await;
        let (status, body) = told(&said);
        let shown: String = bytes.chars().take(200).collect();
        assert!(statuses.contains(&status), "{shown:?}\n{said}");
        assert!(body.is_some() || status.is_empty(), "{shown:?}\n{said}");
        client.get("/api/v1/app").await.must(200);
    }
    let page = client.get("/api/v1/app").await.must(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 0, "nothing came of any of them");
}

#[tokio::test]
async fn a_request_cannot_hide_in_another() {
    let server = Server::start().await;
    let hidden = "GET /api/v1/app HTTP/1.1\r\nhost: x\r\n\r\n";
    let both = format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", 5 + hidden.len());
    let said = raw(server.address, post(&both, &format!("0\r\n\r\n{hidden}"))).await;
    assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
}

#[tokio::test]
async fn chunks_without_end_are_cut_off_at_the_limit() {
    let server = Server::start().await;
    let mut connection = crate::support::Raw::connect(server.address).await;
    connection.write(post("transfer-encoding: chunked\r\n", "")).await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let mut sent = 0;
    while sent < 1_000 && connection.write(&chunk).await {
        sent += 1;
        if sent > 20 && server_has_spoken(&connection).await {
            break;
        }
    }
    assert!(sent < 1_000, "64 MB were taken");
    let said = connection.read_to_end().await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 413 "), "{said}");
    server.client().get("/api/v1/app").await.must(200);
}

async fn server_has_spoken(connection: &crate::support::Raw) -> bool {
    let look = connection.0.readable();
    tokio::time::timeout(std::time::Duration::from_millis(1), look).await.is_ok()
}

#[tokio::test]
async fn expectations_and_odd_bodies_of_reads_are_harmless() {
    let server = Server::start().await;
    let body = r#"{"name":"x"}"#;
    let said = raw(
        server.address,
        post(&format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len()), body),
    )
    .await;
    assert!(said.contains("HTTP/1.1 201 "), "{said}");
    let said = raw(server.address, get(&format!("content-length: {}\r\n", body.len())) + body).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}
