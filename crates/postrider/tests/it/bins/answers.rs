//! What a bin answers, as senders see it.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::{open, requests};
use crate::support::Raw;

#[tokio::test]
async fn each_step_of_a_script_is_one_answer() {
    let (_server, client) = open().await;
    let script = json!({"steps": [
        {"status": 500},
        {"status": 429, "headers": {"retry-after": "7", "x-why": "test"}, "body": "slow down"},
        {"status": 201, "delay": "300ms", "body": {"made": true}},
    ], "then": "cycle"});
    let set = client.put("/bin/a/script", script.clone()).await.must(200);
    assert_eq!(set, client.get("/bin/a/script").await.must(200));

    client.post("/bin/a", json!({})).await.must(500);
    let slow = client.post("/bin/a/x", json!({})).await;
    assert_eq!((slow.status, slow.text().as_str()), (429, "slow down"));
    assert_eq!((slow.header("retry-after"), slow.header("x-why")), ("7", "test"));
    assert!(slow.header("content-type").starts_with("text/plain"), "{slow}");
    assert_eq!(slow.header("x-content-type-options"), "nosniff");
    let began = Instant::now();
    let late = client.get("/bin/a/y").await;
    assert_eq!((late.status, late.json()), (201, json!({"made": true})));
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    client.post("/bin/a", json!({})).await.must(500);
    let told: Vec<_> =
        requests(&client, "a").await.iter().map(|one| one["answered"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["500", "201 after 300ms", "429", "500"]);
}

#[tokio::test]
async fn an_address_asks_for_one_answer() {
    let (_server, client) = open().await;
    client.post("/bin/a/status/503", json!({})).await.must(503);
    client.post("/bin/a/hook?status=410", json!({})).await.must(410);
    client.post("/bin/a?status=paid", json!({})).await.must(200);
    let began = Instant::now();
    client.post("/bin/a?delay=200ms", json!({})).await.must(200);
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(requests(&client, "a").await.len(), 4);
}

#[tokio::test]
async fn a_reset_is_one() {
    let (server, client) = open().await;
    client.put("/bin/a/script", json!({"steps": [{"reset": true}]})).await.must(200);
    let mut raw = Raw::connect(server.address).await;
    assert!(raw.write("POST /bin/a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").await);
    let mut said = Vec::new();
    let end = raw.0.read_to_end(&mut said).await.unwrap_err();
    assert_eq!((end.kind(), said.len()), (std::io::ErrorKind::ConnectionReset, 0));
    assert_eq!(requests(&client, "a").await[0]["answered"], "connection reset");
}

#[tokio::test]
async fn what_is_never_answered_hurts_nobody_and_ends_with_the_server() {
    let (server, client) = open().await;
    client.put("/bin/a/script", json!({"steps": [{"timeout": true}]})).await.must(200);
    let mut raw = Raw::connect(server.address).await;
    assert!(raw.write("POST /bin/a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").await);
    crate::support::await_until("the request to be kept", async || {
        (requests(&client, "a").await.len() == 1).then_some(())
    })
    .await;
    client.post("/bin/b", json!({})).await.must(200);
    let began = Instant::now();
    server.stop().await;
    assert_eq!(raw.read_to_end().await, "", "no answer at all");
    assert!(began.elapsed() < Duration::from_secs(9), "the stop does not wait for it: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_script_is_refused_with_the_place_of_what_is_wrong() {
    let (_server, client) = open().await;
    let script = json!({"steps": [{}, {"status": 99}, {"headers": {"set-cookie": "a=b"}}]});
    let refused = client.put("/bin/a/script", script).await.must(422);
    let places: Vec<_> =
        refused["detail"].as_array().unwrap().iter().map(|one| one["loc"].to_string()).collect();
    assert_eq!(
        places,
        [r#"["body","steps","1","status"]"#, r#"["body","steps","2","headers","set-cookie"]"#]
    );
    let html = json!({"steps": [{"headers": {"content-type": "text/html"}, "body": "<b>"}]});
    client.put("/bin/a/script", html).await.must(422);
    assert_eq!(client.get("/bin/a/script").await.must(200)["steps"], json!([]));
}

#[tokio::test]
async fn the_form_of_the_page_sets_the_same() {
    let (_server, client) = open().await;
    let token = super::token(&client, "a").await;
    let fields = [("token", token.as_str()), ("steps", "503\r\n200 after 1ms hello\r\n"), ("then", "repeat")];
    super::send(&client, "/bin/a/-/script", &fields).await.must(303);
    client.post("/bin/a", json!({})).await.must(503);
    for _ in 0..2 {
        assert_eq!(client.post("/bin/a", json!({})).await.text(), "hello");
    }
    let wrong = [("token", token.as_str()), ("steps", "503\nnonsense"), ("then", "repeat")];
    let refused = super::send(&client, "/bin/a/-/script", &wrong).await;
    assert!(refused.status == 422 && refused.text().contains("line 2"), "{refused}");
}
