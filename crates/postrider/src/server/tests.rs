use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use axum::body::Body;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;

const WAIT: Duration = Duration::from_secs(10);
/// An answer that takes a while to read.
const LARGE: usize = 4 * 1024 * 1024;

/// A server on loopback with short limits, and what its handlers are told.
struct Fixture {
    server: Server,
    address: std::net::SocketAddr,
    entered: Arc<Notify>,
    release: Arc<Notify>,
}

async fn start(change: impl FnOnce(&mut config::Server)) -> Fixture {
    let mut rules = config::Server {
        header_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(400),
        ..config::Server::default()
    };
    change(&mut rules);
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, awaited) = (Arc::clone(&entered), Arc::clone(&release));
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/panic", get(|| async { std::hint::black_box(None::<()>).expect("something") }))
        .route("/echo", post(|body: Body| async { body }))
        .route(
            "/held",
            get(move || {
                let (told, awaited) = (Arc::clone(&told), Arc::clone(&awaited));
                async move {
                    told.notify_one();
                    awaited.notified().await;
                    "released"
                }
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(rules);
    server.serve(listener, router);
    Fixture { server, address, entered, release }
}

#[expect(clippy::disallowed_methods, reason = "a test's client, to loopback")]
async fn connect(fixture: &Fixture) -> TcpStream {
    TcpStream::connect(fixture.address).await.unwrap()
}

/// Everything until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(WAIT, stream.read_to_end(&mut text)).await.expect("the server closes").ok();
    String::from_utf8(text).unwrap()
}

/// One answer of `length` bytes of body.
async fn answer(stream: &mut TcpStream, length: usize) -> String {
    let mut text = Vec::new();
    let reading = async {
        loop {
            text.push(stream.read_u8().await.expect("an answer"));
            if let Some(head) = text.windows(4).position(|end| end == b"\r\n\r\n")
                && text.len() == head + 4 + length
            {
                break;
            }
        }
    };
    tokio::time::timeout(WAIT, reading).await.expect("an answer in time");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection_also_pipelined() {
    let fixture = start(|_| {}).await;
    let mut stream = connect(&fixture).await;
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(answer(&mut stream, 5).await.ends_with("hello"));
    }
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.0\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await.matches("hello").count(), 2, "HTTP/1.0 ends the connection");
}

#[tokio::test]
async fn a_head_in_pieces_ends_with_408_however_often_a_piece_comes() {
    let fixture = start(|_| {}).await;
    let mut stream = connect(&fixture).await;
    let (mut reader, mut writer) = stream.split();
    let dripping = async {
        let mut drip = tokio::time::interval(Duration::from_millis(50));
        loop {
            drip.tick().await;
            if writer.write_all(b"G").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut text = Vec::new();
    tokio::select! {
        read = tokio::time::timeout(WAIT, reader.read_to_end(&mut text)) => { read.expect("the server closes").ok(); }
        () = dripping => {}
    }
    assert!(String::from_utf8(text).unwrap().starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_slow_head_after_a_good_request_is_late_too() {
    let fixture = start(|rules| rules.idle_timeout = Duration::from_secs(600)).await;
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /").await.unwrap();
    answer(&mut stream, 5).await;
    stream.write_all(b" HTTP/1.1\r\n").await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn silence_is_closed_without_an_answer() {
    let fixture = start(|_| {}).await;
    let mut stream = connect(&fixture).await;
    assert_eq!(rest(&mut stream).await, "", "nothing was ever sent");
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    answer(&mut stream, 5).await;
    assert_eq!(rest(&mut stream).await, "", "nothing was sent after the first request");
}

#[tokio::test]
async fn a_handler_may_take_longer_than_an_idle_client() {
    let fixture = start(|_| {}).await;
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    fixture.entered.notified().await;
    let waited = tokio::time::timeout(Duration::from_secs(1), stream.read_u8()).await;
    assert!(waited.is_err(), "still open after the idle time");
    fixture.release.notify_one();
    assert!(answer(&mut stream, 8).await.ends_with("released"));
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_headers() {
    let fixture = start(|_| {}).await;
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(70));
    for request in [long, many] {
        let mut stream = connect(&fixture).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431 "));
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_server_goes_on() {
    let fixture = start(|_| {}).await;
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 500 "));
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("hello"));
}

#[tokio::test]
async fn at_the_ceiling_clients_wait_for_a_place() {
    let fixture = start(|rules| {
        rules.max_connections = 1;
        rules.idle_timeout = Duration::from_secs(600);
    })
    .await;
    let mut first = connect(&fixture).await;
    first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    answer(&mut first, 5).await;
    let mut second = connect(&fixture).await;
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(early.is_err(), "the second must wait");
    drop(first);
    assert!(answer(&mut second, 4 + 1).await.ends_with("hello"));
}

#[tokio::test]
async fn draining_answers_what_has_begun_and_nothing_else() {
    let fixture = start(|rules| {
        rules.idle_timeout = Duration::from_secs(600);
        rules.header_timeout = Duration::from_secs(600);
    })
    .await;
    let mut busy = connect(&fixture).await;
    let mut idle = connect(&fixture).await;
    let mut silent = connect(&fixture).await;
    busy.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    answer(&mut idle, 5).await;
    fixture.entered.notified().await;

    let closed = AtomicUsize::new(0);
    let clients = async {
        assert_eq!(rest(&mut idle).await, "");
        assert_eq!(rest(&mut silent).await, "");
        closed.store(2, SeqCst);
        fixture.release.notify_one();
        assert!(rest(&mut busy).await.ends_with("released"));
    };
    let (finished, ()) = tokio::join!(fixture.server.drain(WAIT), clients);
    assert!(finished);
    assert_eq!(closed.load(SeqCst), 2, "idle ones were closed before the busy one was done");
}

#[tokio::test]
async fn what_does_not_finish_is_cut() {
    let fixture = start(|_| {}).await;
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    fixture.entered.notified().await;
    assert!(!fixture.server.drain(Duration::from_millis(50)).await);
    assert_eq!(rest(&mut stream).await, "");
}

/// Not over TCP, where the system takes megabytes before the server notices that a client does not read.
#[tokio::test(start_paused = true)]
async fn a_large_answer_must_be_taken_at_a_pace() {
    const BUFFER: usize = 16 * 1024;
    for (pause, is_whole) in [(Duration::from_secs(1), true), (Duration::from_secs(10), false)] {
        let router = Router::new().route("/", get(|| async { vec![b'x'; LARGE] }));
        let Server { shared } = Server::new(config::Server::default());
        let (mut client, stream) = tokio::io::duplex(BUFFER);
        tokio::spawn(connection::serve(stream, None, router, shared));
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let (mut chunk, mut taken) = (vec![0; BUFFER], 0);
        loop {
            // No pause is as long as the idle timeout: each read is a sign of life, if a small one.
            match client.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(read) => taken += read,
            }
            tokio::time::sleep(pause).await;
        }
        assert_eq!(taken > LARGE, is_whole, "{pause:?}: {taken}");
    }
}
