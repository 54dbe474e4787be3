//! Answers at the edge of what HTTP/1.1 allows: read as its grammar says, and never past their end.

use http::header;
use postrider_egress::{Answer, Breach, Failure};
use tokio::io::AsyncWriteExt;

use crate::support::{GOOD, OK, PATIENT, Receiver, Script, answer, client, only_good, read_request, send};

/// What two exchanges make of an endpoint that gives this answer every time, and closes after it if `closing`.
async fn twice(bytes: &'static str, closing: bool) -> [(Answer, bool); 2] {
    let receiver = Receiver::start(move |mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            if stream.write_all(bytes.as_bytes()).await.is_err() || closing {
                break;
            }
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    let once = async || {
        let exchange = send(&client, &target, PATIENT).await;
        let reused = exchange.reused;
        (answer(exchange), reused)
    };
    [once().await, once().await]
}

/// Two answers over one connection, the second not shifted by anything that the first left behind.
async fn reads(bytes: &'static str, status: u16, body: &str) {
    let [(first, _), (second, reused)] = twice(bytes, false).await;
    for answer in [first, second] {
        assert_eq!((answer.status, answer.body.as_ref()), (status, body.as_bytes()), "{bytes:?}");
    }
    assert!(reused, "{bytes:?}");
}

#[tokio::test]
async fn lines_may_end_without_a_carriage_return() {
    reads("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok").await;
    reads("HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok", 200, "ok").await;
}

#[tokio::test]
async fn the_reason_may_be_empty_or_missing() {
    reads("HTTP/1.1 204 \r\n\r\n", 204, "").await;
    reads("HTTP/1.1 204\r\n\r\n", 204, "").await;
    reads("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok").await;
    // Any bytes but controls may stand there.
    reads("HTTP/1.1 503 d\u{e9}sol\u{e9}\r\nContent-Length: 0\r\n\r\n", 503, "").await;
}

#[tokio::test]
async fn interim_answers_come_before_the_answer() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
        // It has no body, whatever it says.
        "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n",
    ] {
        let bytes: &'static str = Box::leak(format!("{interim}{OK}").into_boxed_str());
        reads(bytes, 200, "ok").await;
    }
}

#[tokio::test]
async fn an_answer_that_cannot_have_a_body_has_none() {
    reads("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "").await;
    reads("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "").await;
}

/// Where chunked comes last it frames the body; the coding below it is not ours to undo.
#[tokio::test]
async fn chunks_of_an_unknown_coding_are_kept_as_they_came() {
    let bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: x, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    reads(bytes, 200, "ok").await;
    let bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nTransfer-Encoding: Chunked\r\n\r\n2;ext=1\r\nok\r\n0\r\nx-trailer: y\r\n\r\n";
    reads(bytes, 200, "ok").await;
}

/// Where it does not come last, the end of the connection is the end of the body.
#[tokio::test]
async fn without_chunks_at_the_end_the_connection_frames_the_body() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, x\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        for (answer, reused) in twice(bytes, true).await {
            assert_eq!(
                (answer.status, answer.body.as_ref()),
                (200, &b"2\r\nok\r\n0\r\n\r\n"[..]),
                "{bytes:?}"
            );
            assert!(!reused, "{bytes:?}");
        }
    }
}

#[tokio::test]
async fn chunks_are_stronger_than_a_length() {
    let bytes =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    reads(bytes, 200, "ok").await;
}

#[tokio::test]
async fn a_length_said_twice_alike_is_one_length() {
    reads("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok").await;
}

#[tokio::test]
async fn a_folded_header_is_refused() {
    let bytes = "HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\nContent-Length: 0\r\n\r\n";
    let failure = Receiver::closing_after(bytes).await.exchange(PATIENT).await.result.unwrap_err();
    assert!(matches!(failure, Failure::Protocol { breach: Breach::Malformed, .. }), "{failure:?}");
}

#[tokio::test]
async fn a_header_value_may_be_any_bytes_but_controls() {
    let bytes = b"HTTP/1.1 200 OK\r\nServer: caf\xe9\r\nContent-Length: 0\r\n\r\n";
    let answer = answer(Receiver::answering(*bytes).await.exchange(PATIENT).await);
    assert_eq!(answer.headers[header::SERVER].as_bytes(), b"caf\xe9");
}
