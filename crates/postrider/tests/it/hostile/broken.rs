//! Receivers that break the protocol, the connection, or both.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Fate::{Arrives, Fails, FailsAsEither, Refused};
use super::{MESSAGES, meet, meet_with};
use crate::support::{Rude, read_request};

/// Reads a request, answers with this, and resets the connection.
async fn resets_after(answer: &'static str) -> Rude {
    Rude::start(move |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.set_zero_linger();
    })
    .await
}

#[tokio::test]
async fn resets_inside_the_body_of_a_success() {
    let rude = resets_after("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\npart").await;
    let attempts = meet(&rude.url(), Arrives(202)).await;
    assert!(attempts.iter().all(|attempt| attempt["failure"].is_null()), "{attempts:?}");
    assert_eq!(rude.accepted(), MESSAGES);
}

#[tokio::test]
async fn resets_inside_the_body_of_a_refusal() {
    meet(&resets_after("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\npart").await.url(), Refused(500))
        .await;
}

#[tokio::test]
async fn resets_before_the_answer() {
    meet(&resets_after("").await.url(), Fails("protocol")).await;
    meet(&resets_after("HTTP/1.1 200 OK\r\nx-head: never ends\r\n").await.url(), Fails("protocol")).await;
}

#[tokio::test]
async fn resets_every_connection_at_once() {
    let rude = Rude::start(|stream| async move {
        let _ = stream.set_zero_linger();
    })
    .await;
    meet(&rude.url(), FailsAsEither(["connect", "protocol"])).await;
}

#[tokio::test]
async fn closes_without_an_answer() {
    meet(&Rude::answering("").await.url(), Fails("protocol")).await;
}

/// Whoever sends two answers must not have the second one taken for the answer to somebody's next request.
#[tokio::test]
async fn two_answers_to_one_request() {
    let rude = Rude::start(|mut stream| async move {
        while read_request(&mut stream).await {
            let own = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            let smuggled = "HTTP/1.1 418 Smuggled\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all([own, smuggled].concat().as_bytes()).await;
        }
    })
    .await;
    meet(&rude.url(), Arrives(200)).await;
}

#[tokio::test]
async fn answers_before_the_request_is_read() {
    let rude = Rude::start(|mut stream| async move {
        // Its beginning is: what is said before that answers nothing.
        let _ = stream.read_u8().await;
        let _ = stream
            .write_all(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .await;
        std::future::pending::<()>().await;
    })
    .await;
    meet_with(&rude.url(), Refused(413), serde_json::json!({"text": "x".repeat(900_000)})).await;
}

#[tokio::test]
async fn something_that_is_not_http() {
    for bytes in [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], b"\0\xff\xfe\xfd\r\n\r\n", b"HTTP/1.1 two OK\r\n\r\n"] {
        meet(&Rude::answering(bytes).await.url(), Fails("protocol")).await;
    }
}

#[tokio::test]
async fn framing_that_contradicts_itself() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx";
    meet(&Rude::answering(head).await.url(), Fails("protocol")).await;
}

/// The status line counts, whatever happens to the body after it.
#[tokio::test]
async fn chunks_that_are_none() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nnonsense\r\n";
    assert_eq!(meet(&Rude::answering(answer).await.url(), Arrives(200)).await[0]["response"], "ok");
}

/// Bytes that are no text are recorded, shown as what they are not, and hurt no list that has them.
#[tokio::test]
async fn nul_and_invalid_utf8() {
    let head = b"HTTP/1.1 200 OK\r\nx-latin: caf\xe9\r\nContent-Length: 8\r\n\r\n";
    let rude = Rude::answering([&head[..], b"\0a\xff\xfe\x80b\0\xc3"].concat()).await;
    let attempts = meet(&rude.url(), Arrives(200)).await;
    assert_eq!(attempts[0]["response"], "\0a\u{fffd}\u{fffd}\u{fffd}b\0\u{fffd}");
    assert!(attempts[0]["responseHeaders"].to_string().contains("caf\u{fffd}"), "{}", attempts[0]);
}

/// A demand for credentials is a refusal like any other; there is no second request.
#[tokio::test]
async fn asks_for_credentials() {
    let rude = Rude::answering(
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let attempts = meet(&rude.url(), Refused(401)).await;
    assert!(!attempts[0]["requestHeaders"].to_string().to_ascii_lowercase().contains("authorization"));
    assert_eq!(rude.accepted(), MESSAGES);
}
