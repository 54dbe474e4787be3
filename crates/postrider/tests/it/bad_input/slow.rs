//! Requests that take their time: each has an end, and others do not notice.

use std::time::{Duration, Instant};

use super::told;
use crate::support::{KEY, Raw, Server};

const BODY_HEAD: &str = "content-length: 1000\r\n\r\n{\"name\":";

fn head(rest: &str) -> String {
    format!("POST /api/v1/app HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{rest}")
}

async fn short() -> Server {
    Server::builder().set("server.header_timeout", "1s").set("server.idle_timeout", "1s").start().await
}

#[tokio::test]
async fn slow_heads_and_bodies_end_with_408_and_silence_without_a_word() {
    let server = short().await;
    let address = server.address;
    let cases = [
        (head("x-more:"), "408"),
        ("GET".to_owned(), "408"),
        (head(BODY_HEAD), "408"),
        (head("transfer-encoding: chunked\r\n\r\n5\r\n{\"nam"), "408"),
        (String::new(), ""),
    ];
    let ending = cases.map(|(sent, expected)| async move {
        let began = Instant::now();
        let mut connection = Raw::connect(address).await;
        connection.write(&sent).await;
        let said = connection.read_to_end().await;
        let (status, body) = told(&said);
        assert_eq!(status, expected, "{sent:?}: {said:?}");
        assert!(body.is_none_or(|body| body["code"] == "request_timeout"), "{sent:?}: {said:?}");
        assert_eq!(said.contains("request_timeout"), !expected.is_empty(), "{sent:?}: {said:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{sent:?} took {:?}", began.elapsed());
    });
    futures_util::future::join_all(ending).await;
    let page = server.client().get("/api/v1/app").await.must(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn dripping_does_not_buy_time() {
    let server = short().await;
    for (begin, drip) in [(head("x-drip: "), "y"), (head("content-length: 100000\r\n\r\n"), " ")] {
        let mut connection = Raw::connect(server.address).await;
        connection.write(&begin).await;
        let (mut reader, mut writer) = connection.0.split();
        let dripping = async {
            let mut beat = tokio::time::interval(Duration::from_millis(50));
            loop {
                beat.tick().await;
                if tokio::io::AsyncWriteExt::write_all(&mut writer, drip.as_bytes()).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let mut said = Vec::new();
        let reading = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut said);
        let bounded = tokio::time::timeout(Duration::from_secs(10), reading);
        tokio::select! {
            ended = bounded => { ended.expect("the server ends it").ok(); }
            () = dripping => {}
        }
        let said = String::from_utf8_lossy(&said);
        assert_eq!(told(&said).0, "408", "{said:?}");
    }
}

#[tokio::test]
async fn hundreds_of_slow_requests_do_not_delay_a_quick_one() {
    let server = Server::start().await;
    let mut slow = Vec::new();
    for number in 0..400 {
        let mut connection = Raw::connect(server.address).await;
        connection.write(if number % 2 == 0 { head("x-more:") } else { head(BODY_HEAD) }).await;
        slow.push(connection);
    }
    let began = Instant::now();
    for _ in 0..20 {
        server.client().get("/api/v1/app").await.must(200);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
