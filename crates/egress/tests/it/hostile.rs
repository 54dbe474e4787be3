//! Endpoints that answer badly, slowly, endlessly or not at all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use postrider_egress::{Breach, Failure, Phase, Request};
use tokio::{
    io::AsyncWriteExt,
    sync::{Notify, mpsc},
    time::sleep,
};

use crate::support::{
    GOOD, OK, PATIENT, Receiver, SHORT, Script, answer, client, notice, only_good, read_request, send,
};

const KEPT: usize = 16 * 1024;

fn malformed(failure: &Failure) -> bool {
    matches!(failure, Failure::Protocol { breach: Breach::Malformed, .. })
}

fn closed(failure: &Failure) -> bool {
    matches!(failure, Failure::Protocol { breach: Breach::Closed, .. })
}

async fn failure_of(bytes: impl Into<Vec<u8>>) -> Failure {
    let started = Instant::now();
    let exchange = Receiver::closing_after(bytes).await.exchange(PATIENT).await;
    assert!(started.elapsed() < PATIENT / 2, "waited for the deadline");
    exchange.result.unwrap_err()
}

#[tokio::test]
async fn never_answers() {
    let receiver = Receiver::answering("").await;
    let exchange = receiver.exchange(SHORT).await;
    assert!(exchange.timings.total >= SHORT && exchange.timings.total < 5 * SHORT, "{exchange:?}");
    assert!(exchange.timings.first_byte > SHORT / 2);
    assert!(exchange.remote.is_some());
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Answer })));
}

#[tokio::test]
async fn drips_its_head() {
    let receiver = Receiver::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        for byte in OK.bytes().cycle() {
            if stream.write_all(&[byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let exchange = receiver.exchange(SHORT).await;
    assert!(exchange.timings.total < 5 * SHORT);
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Answer })), "{exchange:?}");
}

#[tokio::test]
async fn drips_its_body() {
    let receiver = Receiver::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let exchange = receiver.exchange(SHORT).await;
    assert!(exchange.timings.total < 5 * SHORT);
    let answer = answer(exchange);
    assert_eq!(answer.status, 201);
    assert!(!answer.body.is_empty() && answer.body.len() < 1000);
}

/// Sends a body without end, and expects the connection to be closed under it.
async fn endless(head: &'static str, part: Vec<u8>) {
    let (gone, mut noticed) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream, _| {
        let (gone, part) = (gone.clone(), part.clone());
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&part).await.is_ok() {}
            let _ = gone.send(());
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let answer = answer(send(&client, &receiver.target(&only_good()), PATIENT).await);
    assert_eq!((answer.status, answer.body.len()), (200, KEPT));
    noticed.recv().await.unwrap();
}

#[tokio::test]
async fn endless_body() {
    endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 10_000]).await;
}

#[tokio::test]
async fn endless_chunks() {
    let part = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", part.into_bytes()).await;
}

#[tokio::test]
async fn endless_body_of_declared_length() {
    endless("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", vec![b'x'; 10_000]).await;
}

#[tokio::test]
async fn long_body_is_read_and_cut() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n";
    let receiver = Receiver::answering(head.to_owned() + &"x".repeat(50_000)).await;
    let client = client(only_good(), Script::always([GOOD]));
    for reused in [false, true] {
        let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
        // It was read to its end, or the connection would not be used again.
        assert_eq!(exchange.reused, reused);
        assert_eq!(answer(exchange).body.len(), KEPT);
    }
}

fn with_headers(count: usize) -> String {
    let headers: String = (1..count).map(|n| format!("x-{n}: y\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{headers}\r\n")
}

#[tokio::test]
async fn sixty_four_headers_are_the_limit() {
    let exchange = Receiver::answering(with_headers(64)).await.exchange(PATIENT).await;
    assert_eq!(answer(exchange).headers.len(), 64);
    for count in [65, 10_000] {
        let failure = failure_of(with_headers(count)).await;
        assert_eq!(failure.class(), "too_large", "{failure:?}");
    }
}

#[tokio::test]
async fn one_endless_header() {
    for length in [17_000, 100_000] {
        let failure = failure_of(format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "y".repeat(length))).await;
        assert_eq!(failure.class(), "too_large", "{length}: {failure:?}");
    }
}

#[tokio::test]
async fn some_interim_answers_are_skipped() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(8);
    let exchange = Receiver::answering(interim + OK).await.exchange(PATIENT).await;
    assert_eq!(answer(exchange).status, 200);
}

#[tokio::test]
async fn interim_answers_without_end() {
    let receiver = Receiver::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {}
    })
    .await;
    let exchange = receiver.exchange(PATIENT).await;
    assert!(exchange.timings.total < PATIENT / 2);
    assert_eq!(exchange.result.unwrap_err().class(), "too_large");
}

#[tokio::test]
async fn compressed_body_stays_compressed_and_is_not_asked_for() {
    let (requests, mut seen) = mpsc::unbounded_channel();
    // The first bytes of a gzip member; nobody must look inside.
    let bomb: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xed\xc1\x01\x01";
    let receiver = Receiver::start(move |mut stream, _| {
        let requests = requests.clone();
        async move {
            requests.send(read_request(&mut stream).await).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                bomb.len()
            );
            stream.write_all(&[head.as_bytes(), bomb].concat()).await.unwrap();
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
    let request = Request { partition: 1, target: &target, headers, body: Bytes::new(), deadline: PATIENT };
    let answer = answer(client.send(request).await);
    assert_eq!(answer.body, bomb);
    assert_eq!(answer.headers[header::CONTENT_ENCODING], "gzip");
    let request = seen.recv().await.flatten().unwrap().to_ascii_lowercase();
    assert!(!request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn any_bytes_in_a_body() {
    let body = b"\0\xff\xfe\x80NUL\0";
    let bytes = [b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", &body[..]].concat();
    let answer = answer(Receiver::answering(bytes).await.exchange(PATIENT).await);
    assert_eq!(answer.body, body[..]);
}

/// Both ways for a connection to end: closed, and reset.
#[tokio::test]
async fn connection_ends_inside_the_body() {
    for reset in [false, true] {
        let receiver = Receiver::start(move |mut stream, _| async move {
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\npart").await.unwrap();
            if reset {
                stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let answer = answer(receiver.exchange(PATIENT).await);
        assert_eq!((answer.status, answer.body.as_ref()), (202, &b"part"[..]), "reset: {reset}");
    }
}

#[tokio::test]
async fn broken_chunks() {
    let bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nnonsense\r\n";
    let answer = answer(Receiver::closing_after(bytes).await.exchange(PATIENT).await);
    assert_eq!((answer.status, answer.body.as_ref()), (200, &b"ok"[..]));
}

#[tokio::test]
async fn not_http() {
    for bytes in [
        &b"hello\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-nul: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"\xff\xfe\xfd\xfc\r\n\r\n",
    ] {
        let failure = failure_of(bytes).await;
        assert!(malformed(&failure), "{:?}: {failure:?}", String::from_utf8_lossy(bytes));
    }
}

#[tokio::test]
async fn closes_without_an_answer() {
    for bytes in ["", "HTTP/1.1 200 OK\r\nx-head: never ends\r\n"] {
        let failure = failure_of(bytes).await;
        assert!(closed(&failure), "{bytes:?}: {failure:?}");
        assert_eq!(failure.class(), "protocol");
    }
}

/// A second answer to one request would be taken for the answer to the next.
#[tokio::test]
async fn two_answers_to_one_request() {
    let receiver = Receiver::start(|mut stream, number| async move {
        while read_request(&mut stream).await.is_some() {
            let own = format!("HTTP/1.1 200 OK\r\nx-connection: {number}\r\nContent-Length: 0\r\n\r\n");
            let smuggled = "HTTP/1.1 418 Smuggled\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all((own + smuggled).as_bytes()).await;
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    for number in ["0", "1", "2"] {
        let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
        let answer = answer(exchange);
        assert_eq!(
            (answer.status, &answer.headers["x-connection"]),
            (200, &HeaderValue::from_static(number))
        );
    }
}

/// The same, with the second answer arriving while the connection lies in the pool.
#[tokio::test]
async fn an_answer_to_no_request() {
    let (sent, mut smuggled) = mpsc::unbounded_channel();
    let tell = Arc::new(Notify::new());
    let told = Arc::clone(&tell);
    let receiver = Receiver::start(move |mut stream, number| {
        let (sent, told) = (sent.clone(), Arc::clone(&told));
        async move {
            for _ in 0..2 {
                read_request(&mut stream).await;
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
            if number == 0 {
                told.notified().await;
                stream.write_all(b"HTTP/1.1 418 Smuggled\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                sent.send(()).unwrap();
            }
            // Stays open: nothing but the unasked answer speaks against using it again.
            read_request(&mut stream).await;
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    for reused in [false, true] {
        assert_eq!(send(&client, &target, PATIENT).await.reused, reused);
    }
    tell.notify_one();
    smuggled.recv().await.unwrap();
    notice().await;
    let third = send(&client, &target, PATIENT).await;
    assert!(!third.reused, "{third:?}");
    assert_eq!((answer(third).status, receiver.accepted()), (200, 2));
}

#[tokio::test]
async fn never_reads_the_request() {
    let receiver = Receiver::start(|stream, _| async move {
        sleep(PATIENT).await;
        drop(stream);
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    // More than the kernel buffers for a reader that does not read.
    let body = Bytes::from(vec![b'x'; 32 << 20]);
    let request = Request { partition: 1, target: &target, headers: HeaderMap::new(), body, deadline: SHORT };
    let exchange = client.send(request).await;
    assert!(exchange.timings.total < 5 * SHORT);
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Answer })));
}

#[tokio::test]
async fn answers_before_reading_the_request() {
    let receiver = Receiver::start(|mut stream, _| async move {
        let full = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(full.as_bytes()).await.unwrap();
        sleep(PATIENT).await;
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    let body = Bytes::from(vec![b'x'; 32 << 20]);
    for _ in 0..2 {
        let body = body.clone();
        let request =
            Request { partition: 1, target: &target, headers: HeaderMap::new(), body, deadline: PATIENT };
        let exchange = client.send(request).await;
        assert!(exchange.timings.total < PATIENT / 2);
        // The first request was never finished, so nothing else may follow it.
        assert!(!exchange.reused);
        assert_eq!(answer(exchange).status, 413);
    }
}
