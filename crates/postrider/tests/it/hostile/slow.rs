//! Receivers that take their time: the deadline covers everything up to the last byte.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::Fate::{Arrives, Fails, Refused};
use super::{meet, meet_with};
use crate::support::{Rude, Tripwire, read_request};

const DRIP: Duration = Duration::from_millis(50);

/// Writes the text byte by byte, over and over, for as long as somebody reads.
async fn drip(stream: &mut TcpStream, text: &str) {
    for byte in text.bytes().cycle() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(DRIP).await;
    }
}

/// Answers with the head at once, and then with a byte of body now and then.
async fn drips_its_body(head: &'static str) -> Rude {
    Rude::start(move |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(head.as_bytes()).await;
        drip(&mut stream, "x").await;
    })
    .await
}

#[tokio::test]
async fn never_answers() {
    let rude = Rude::start(|mut stream| async move { while read_request(&mut stream).await {} }).await;
    meet(&rude.url(), Fails("timeout")).await;
}

#[tokio::test]
async fn accepts_and_never_reads() {
    let rude = Rude::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    // More than the kernel keeps for a reader that does not read.
    meet_with(&rude.url(), Fails("timeout"), json!({"text": "x".repeat(900_000)})).await;
}

#[tokio::test]
async fn never_accepts() {
    // The kernel completes the connections; nobody takes them.
    let listener = Tripwire::on_loopback();
    meet(&format!("http://127.0.0.1:{}/", listener.port()), Fails("timeout")).await;
    assert!(listener.touched().is_some());
}

#[tokio::test]
async fn accepts_late_and_answers_in_time() {
    let rude = Rude::start(|mut stream| async move {
        sleep(Duration::from_millis(300)).await;
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    meet(&rude.url(), Arrives(200)).await;
}

#[tokio::test]
async fn drips_its_head() {
    let rude = Rude::start(|mut stream| async move {
        read_request(&mut stream).await;
        drip(&mut stream, "HTTP/1.1 200 OK\r\nx-more: ").await;
    })
    .await;
    meet(&rude.url(), Fails("timeout")).await;
}

/// The status line was 2xx: the receiver has the message, and sending it again would only repeat it.
#[tokio::test]
async fn drips_the_body_of_a_success() {
    let rude = drips_its_body("HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n").await;
    let attempts = meet(&rude.url(), Arrives(201)).await;
    assert!(attempts[0]["response"].as_str().unwrap().starts_with("xx"), "{}", attempts[0]);
}

#[tokio::test]
async fn drips_the_body_of_a_refusal() {
    let rude = drips_its_body("HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n").await;
    meet(&rude.url(), Refused(500)).await;
}

#[tokio::test]
async fn drips_chunks() {
    let rude = drips_its_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    meet(&rude.url(), Arrives(200)).await;
}
