//! Receivers that say too much: what is read and what is kept have ceilings, and reading stops there.

use serde_json::Value;

use super::Fate::{Arrives, Fails, Refused};
use super::meet;
use crate::support::Rude;

/// Characters of an answer on record: 16 KiB of bytes, of which the invalid ones are shown as three each.
const SHOWN_MAX: usize = 3 * 16 * 1024;

fn shown(attempts: &[Value]) -> &str {
    let shown = attempts[0]["response"].as_str().unwrap();
    assert!(shown.len() <= SHOWN_MAX, "{} bytes", shown.len());
    shown
}

#[tokio::test]
async fn body_without_end() {
    let rude = Rude::endless("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(10_000)).await;
    assert_eq!(shown(&meet(&rude.url(), Arrives(200)).await).len(), 16 * 1024);
}

#[tokio::test]
async fn chunks_without_end() {
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1_000));
    let rude = Rude::endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk).await;
    assert_eq!(shown(&meet(&rude.url(), Arrives(200)).await).len(), 16 * 1024);
}

#[tokio::test]
async fn refusal_without_end() {
    let rude =
        Rude::endless("HTTP/1.1 503 No\r\nContent-Length: 99999999999\r\n\r\n", "x".repeat(10_000)).await;
    assert_eq!(shown(&meet(&rude.url(), Refused(503)).await).len(), 16 * 1024);
}

#[tokio::test]
async fn ten_thousand_headers() {
    let rude = Rude::answering(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-more: y\r\n".repeat(10_000))).await;
    meet(&rude.url(), Fails("too_large")).await;
}

#[tokio::test]
async fn header_of_100_kb() {
    let rude = Rude::answering(format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "y".repeat(100_000))).await;
    meet(&rude.url(), Fails("too_large")).await;
}

#[tokio::test]
async fn headers_without_end() {
    let rude = Rude::endless("HTTP/1.1 200 OK\r\n", "x-more: y\r\n").await;
    meet(&rude.url(), Fails("too_large")).await;
}

#[tokio::test]
async fn interim_answers_without_end() {
    let rude = Rude::endless("", "HTTP/1.1 100 Continue\r\n\r\n").await;
    meet(&rude.url(), Fails("too_large")).await;
    let rude = Rude::endless("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n").await;
    meet(&rude.url(), Fails("too_large")).await;
}

/// A gzip member whose deflate stream is nothing but long matches: each three bytes stand for many kilobytes. Nobody
/// must look inside; the record has the first bytes as they came.
#[tokio::test]
async fn compressed_bomb() {
    let member =
        [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"[..], &[0xed, 0xc1, 0x01].repeat(400_000)].concat();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", member.len());
    let rude = Rude::answering([head.as_bytes(), &member].concat()).await;
    let attempts = meet(&rude.url(), Arrives(200)).await;
    assert!(shown(&attempts).starts_with("\x1f\u{fffd}\x08\0\0"), "{:?}", &shown(&attempts)[..20]);
    let asked = attempts[0]["requestHeaders"].to_string().to_ascii_lowercase();
    assert!(!asked.contains("accept-encoding"), "{asked}");
}
