//! What the HTTP parser refuses is answered like everything else, wherever on a connection it stands.

use serde_json::Value;

use super::told;
use crate::support::{Raw, Server};

const GOOD: &str = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
/// How the answer to it ends.
const GOOD_END: &[u8] = b"ok\n";

fn refused() -> [(String, &'static str, &'static str); 4] {
    let long = "x".repeat(20_000);
    [
        ("nonsense\r\n\r\n".to_owned(), "400", "malformed_request"),
        ("GET / HTTP/1.1\r\nbad header: 1\r\n\r\n".to_owned(), "400", "malformed_request"),
        (format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), "431", "head_too_large"),
        (format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n"), "431", "head_too_large"),
    ]
}

/// The last of the answers that a server gave, after `before` others.
#[track_caller]
fn last(said: &str, before: usize) -> (&str, Option<Value>) {
    assert_eq!(said.matches("HTTP/1.1 ").count(), before + 1, "{said}");
    let (_, rest) = said.rsplit_once("HTTP/1.1 ").unwrap();
    told(&said[said.len() - rest.len() - "HTTP/1.1 ".len()..])
}

#[tokio::test]
async fn the_first_request_of_a_connection() {
    let server = Server::start().await;
    for (bytes, status, code) in refused() {
        let mut connection = Raw::connect(server.address).await;
        connection.write(&bytes).await;
        let said = connection.read_to_end().await;
        let (answered, body) = last(&said, 0);
        assert_eq!((answered, &body.unwrap()["code"]), (status, &code.into()), "{said}");
        assert!(said.contains("content-type: application/json\r\nconnection: close\r\n"), "{said}");
    }
}

#[tokio::test]
async fn a_later_one() {
    let server = Server::start().await;
    for (bytes, status, code) in refused() {
        let mut connection = Raw::connect(server.address).await;
        for _ in 0..2 {
            connection.write(GOOD).await;
            let mut said = Vec::new();
            while !said.ends_with(GOOD_END) {
                let read = tokio::io::AsyncReadExt::read_buf(&mut connection.0, &mut said);
                assert!(read.await.unwrap() > 0, "{}", String::from_utf8_lossy(&said));
            }
        }
        connection.write(&bytes).await;
        let said = connection.read_to_end().await;
        let (answered, body) = last(&said, 0);
        assert_eq!((answered, &body.unwrap()["code"]), (status, &code.into()), "{said}");
    }
}

#[tokio::test]
async fn one_that_was_sent_with_the_one_before() {
    let server = Server::start().await;
    for (bytes, status, code) in refused() {
        let mut connection = Raw::connect(server.address).await;
        connection.write(format!("{GOOD}{GOOD}{bytes}")).await;
        let said = connection.read_to_end().await;
        let (answered, body) = last(&said, 2);
        assert_eq!((answered, &body.unwrap()["code"]), (status, &code.into()), "{said}");
    }
}
