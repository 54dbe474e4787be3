//! When a connection is used again, and when it is not; and what a request looks like on the wire.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use postrider_egress::{Limits, Request, Target};
use tokio::{
    io::AsyncWriteExt,
    sync::{Barrier, mpsc},
    time::sleep,
};

use crate::support::{
    GOOD, OK, PATIENT, Receiver, Script, answer, client, limited, notice, only_good, read_request, request,
    send,
};

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let receiver = Receiver::answering(OK).await;
    let dns = Script::always([GOOD]);
    let queries = dns.queries();
    let client = client(only_good(), dns);
    let target = receiver.target(&only_good());
    for number in 0..20 {
        let exchange = send(&client, &target, PATIENT).await;
        assert_eq!(exchange.reused, number > 0);
        assert_eq!(exchange.timings.dns.is_zero() && exchange.timings.connect.is_zero(), exchange.reused);
        assert_eq!(exchange.remote, Some((GOOD, receiver.port).into()));
        assert_eq!(answer(exchange).status, 200);
    }
    assert_eq!((receiver.accepted(), queries.load(Ordering::SeqCst), receiver.open()), (1, 1, 1));
}

#[tokio::test]
async fn paths_of_one_origin_share_and_hosts_do_not() {
    let receiver = Receiver::answering(OK).await;
    let client = client(only_good(), Script::always([GOOD]));
    for host in ["a.example", "b.example"] {
        for path in ["x", "y"] {
            let url = format!("http://{host}:{}/{path}", receiver.port);
            send(&client, &Target::parse(&url, &only_good()).unwrap(), PATIENT).await.result.unwrap();
        }
    }
    assert_eq!(receiver.accepted(), 2);
}

#[tokio::test]
async fn partitions_never_share() {
    let receiver = Receiver::answering(OK).await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    for partition in [1, 2, 1, 2] {
        let request = Request { partition, ..request(&target, PATIENT) };
        client.send(request).await.result.unwrap();
    }
    assert_eq!(receiver.accepted(), 2);
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_is_replaced() {
    let (closed, mut done) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream, _| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    for _ in 0..5 {
        let exchange = send(&client, &target, PATIENT).await;
        assert!(!exchange.reused);
        assert_eq!(answer(exchange).status, 200);
        done.recv().await.unwrap();
        notice().await;
    }
    assert_eq!(receiver.accepted(), 5);
}

#[tokio::test]
async fn connections_that_say_so_are_not_kept() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
    ] {
        let receiver = Receiver::answering(bytes).await;
        let client = client(only_good(), Script::always([GOOD]));
        let target = receiver.target(&only_good());
        for _ in 0..2 {
            assert!(!send(&client, &target, PATIENT).await.reused, "{bytes}");
            receiver.until_open(0).await;
        }
    }
}

#[tokio::test]
async fn idle_connections_of_a_key_are_bounded() {
    // Answers when all requests are there, so that each has a connection of its own.
    let all = Arc::new(Barrier::new(3));
    let receiver = Receiver::start(move |mut stream, _| {
        let all = Arc::clone(&all);
        async move {
            read_request(&mut stream).await;
            all.wait().await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            read_request(&mut stream).await;
        }
    })
    .await;
    let client = limited(Limits { idle_per_key: 2, ..Limits::default() });
    let target = receiver.target(&only_good());
    tokio::join!(
        send(&client, &target, PATIENT),
        send(&client, &target, PATIENT),
        send(&client, &target, PATIENT)
    );
    assert_eq!(receiver.accepted(), 3);
    receiver.until_open(2).await;
    notice().await;
    assert_eq!(receiver.open(), 2);
}

#[tokio::test]
async fn idle_connections_are_bounded_altogether() {
    let receiver = Receiver::answering(OK).await;
    let client = limited(Limits { idle_total: 16, ..Limits::default() });
    let target = receiver.target(&only_good());
    for partition in 0..200 {
        let request = Request { partition, ..request(&target, PATIENT) };
        client.send(request).await.result.unwrap();
    }
    receiver.until_open(16).await;
    // The last one survived: the oldest make room.
    assert!(client.send(Request { partition: 199, ..request(&target, PATIENT) }).await.reused);
}

#[tokio::test]
async fn old_and_idle_connections_are_not_used() {
    let limits = Limits::default();
    for limits in
        [Limits { idle_for: Duration::ZERO, ..limits.clone() }, Limits { max_age: Duration::ZERO, ..limits }]
    {
        let receiver = Receiver::answering(OK).await;
        let client = limited(limits);
        let target = receiver.target(&only_good());
        for _ in 0..3 {
            assert!(!send(&client, &target, PATIENT).await.reused);
        }
        assert_eq!(receiver.accepted(), 3);
    }
}

#[tokio::test]
async fn the_sweep_closes_what_is_idle() {
    let receiver = Receiver::answering(OK).await;
    let client = limited(Limits { idle_for: Duration::from_millis(50), ..Limits::default() });
    let target = receiver.target(&only_good());
    send(&client, &target, PATIENT).await.result.unwrap();
    sleep(Duration::from_millis(60)).await;
    assert_eq!(receiver.open(), 1);
    client.sweep();
    receiver.until_open(0).await;
}

/// Sends and returns what arrived.
async fn on_the_wire(headers: HeaderMap, body: &'static [u8]) -> String {
    let (requests, mut seen) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream, _| {
        let requests = requests.clone();
        async move {
            requests.send(read_request(&mut stream).await.unwrap()).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let url = format!("http://Receiver.Example:{}/a/b?c=d#e", receiver.port);
    let target = Target::parse(&url, &only_good()).unwrap();
    let client = client(only_good(), Script::always([GOOD]));
    let request =
        Request { partition: 1, target: &target, headers, body: Bytes::from_static(body), deadline: PATIENT };
    client.send(request).await.result.unwrap();
    seen.recv().await.unwrap().replace(&receiver.port.to_string(), "PORT")
}

#[tokio::test]
async fn the_client_frames_the_message() {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
    for (name, value) in [
        (header::HOST, "elsewhere.example"),
        (header::CONTENT_LENGTH, "9999"),
        (header::TRANSFER_ENCODING, "chunked"),
        (header::CONNECTION, "close, webhook-id"),
        (header::EXPECT, "100-continue"),
        (header::UPGRADE, "h2c"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let request = on_the_wire(headers, b"{}").await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.split("\r\n").collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["POST /a/b?c=d HTTP/1.1", "content-length: 2", "host: receiver.example:PORT", "webhook-id: msg_1"]
    );
    assert_eq!(body, "{}");
}

#[tokio::test]
async fn an_empty_body_has_a_length() {
    let request = on_the_wire(HeaderMap::new(), b"").await;
    assert!(request.starts_with("POST /a/b?c=d HTTP/1.1\r\n") && request.contains("content-length: 0\r\n"));
}
