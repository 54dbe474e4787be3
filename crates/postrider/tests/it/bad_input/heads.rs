//! Heads that are valid HTTP and could still be read in two ways, or are meant for somebody else.

use std::sync::Arc;

use super::told;
use crate::support::{Binary, KEY, Server, raw};

const BODY: &str = r#"{"name":"smuggled"}"#;

fn request(line: &str, headers: &str) -> String {
    format!("{line}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n{headers}\r\n")
}

fn chunked(framing: &str) -> String {
    let head = request("POST /api/v1/app HTTP/1.1", &format!("host: x\r\n{framing}"));
    format!("{head}{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len())
}

#[tokio::test]
async fn a_request_has_one_host_and_one_way_to_read_its_body() {
    let server = Server::start().await;
    let get = |version, headers| request(&format!("GET /api/v1/app HTTP/{version}"), headers);
    for (bytes, expected) in [
        (get("1.1", "host: x\r\n"), "200"),
        (get("1.1", "host:\r\n"), "200"),
        (get("1.0", ""), "200"),
        (get("1.1", ""), "400"),
        (get("1.1", "host: x\r\nhost: y\r\n"), "400"),
        (get("1.1", "host: x\r\nhost: x\r\n"), "400"),
        (get("1.0", "host: x\r\nhost: y\r\n"), "400"),
        (chunked("transfer-encoding: gzip, chunked\r\n"), "400"),
        (chunked("transfer-encoding: chunked, chunked\r\n"), "400"),
        (chunked("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"), "400"),
        // These the parser refuses.
        (chunked("transfer-encoding: xchunked\r\n"), "400"),
        (chunked("transfer-encoding: chunked, gzip\r\n"), "400"),
        (chunked("transfer-encoding: chunked\r\n").replacen("HTTP/1.1", "HTTP/1.0", 1), "400"),
        (get("1.1", "host: x\r\nx: a\r\n folded\r\n"), "400"),
        (get("1.1", "host : x\r\n"), "400"),
    ] {
        let said = raw(server.address, &bytes).await;
        let (status, body) = told(&said);
        assert_eq!(status, expected, "{bytes:?}\n{said}");
        assert!(body.is_some(), "{bytes:?}\n{said}");
    }
    let page = server.client().get("/api/v1/app").await.must(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 0, "nothing came of any of them");
}

/// The length counts for nothing, and what a proxy that went by it took for another request is never read.
#[tokio::test]
async fn chunks_go_before_a_length_and_end_the_connection() {
    let server = Server::start().await;
    let hidden = "DELETE /api/v1/app/none HTTP/1.1\r\nhost: x\r\n\r\n";
    for framing in [
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
    ] {
        // Nobody asks for the end of the connection.
        let bytes = chunked(framing).replace("connection: close\r\n", "") + hidden;
        let said = raw(server.address, bytes).await;
        assert!(said.starts_with("HTTP/1.1 201 "), "{said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
    }
}

/// A page on the web whose name was made to lead here must not read what needs no key.
#[tokio::test]
async fn dev_answers_to_its_own_names_and_serve_to_all() {
    let dev = Binary::start(&["dev"], &[], Arc::new(tempfile::tempdir().unwrap())).await;
    let serve = Server::start().await;
    let port = dev.address.port();
    for (host, status) in [
        (format!("localhost:{port}"), "200"),
        (format!("127.0.0.1:{port}"), "200"),
        (format!("[::1]:{port}"), "200"),
        (format!("rebound.example:{port}"), "421"),
        ("127.0.0.1.rebound.example".to_owned(), "421"),
        ("192.0.2.1".to_owned(), "421"),
    ] {
        let bytes = |path| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let said = raw(dev.address, bytes("/bin/sample")).await;
        assert_eq!(told(&said).0, status, "{host}: {said}");
        let said = raw(serve.address, bytes("/openapi.json")).await;
        assert!(said.starts_with("HTTP/1.1 200 "), "{host}: {said}");
    }
}
