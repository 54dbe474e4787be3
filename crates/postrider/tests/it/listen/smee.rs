//! The protocol of smee.io.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use http::Method;
use serde_json::json;

use super::stream::Stream;
use super::{collect, in_time};
use crate::support::{Client, Receiver, Server, await_until, tool};

/// A name as nobody can guess.
const NAME: &str = "AAAAAAAAAAAAAAAAAAAAAA";

async fn server() -> (Server, Client) {
    let server = Server::builder().set("relay.enabled", "true").start().await;
    let client = server.client().without_key();
    (server, client)
}

#[tokio::test]
async fn a_new_channel_has_a_name_that_nobody_can_guess() {
    let (server, client) = server().await;
    let mut names = Vec::new();
    for method in [Method::HEAD, Method::GET] {
        let reply = client.ask(method, "/smee/new").send().await;
        assert_eq!(reply.status, 307);
        let place = reply.header("location").to_owned();
        let name = place.strip_prefix(&format!("http://{}/smee/", server.address)).unwrap().to_owned();
        assert_eq!(name.len(), 22, "{place}");
        client.ask(Method::POST, &format!("/smee/{name}")).body("{}").send().await.must(200);
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
    assert_eq!(client.ask(Method::POST, "/smee/guessable").body("{}").send().await.status, 404);
}

#[tokio::test]
async fn listeners_get_what_is_posted_and_what_came_while_they_were_away() {
    let (server, client) = server().await;
    let path = format!("/smee/{NAME}");
    let mut stream = Stream::open(&server, &path, &[]).await;
    assert_eq!(stream.ready, json!({}));
    let post = client.ask(Method::POST, &format!("{path}?a=b")).header("x-github-event", "push");
    post.body("{ \"z\": 1,\n  \"a\": 2 }").send().await.must(200);
    let event = stream.next().await;
    assert_eq!(event.name, "message");
    assert_eq!(event.data["body"], json!({"z": 1, "a": 2}));
    assert_eq!((&event.data["query"], &event.data["x-github-event"]), (&json!({"a": "b"}), &json!("push")));
    assert!(event.data["timestamp"].as_i64().is_some_and(|time| time > 1_600_000_000_000));
    assert_eq!((event.data.get("host"), event.data.get("rawbody")), (None, None));
    drop(stream);
    for body in ["[1]", "[2]"] {
        client.ask(Method::POST, &path).body(body).send().await.must(200);
    }
    let last = event.id.unwrap();
    let mut again = Stream::open(&server, &format!("{path}?raw=true"), &[("last-event-id", &last)]).await;
    for body in ["[1]", "[2]"] {
        let event = again.next().await.data;
        assert_eq!((&event["rawbody"], event["body"].to_string().as_str()), (&json!(body), body));
    }
    let stopping = tokio::spawn(server.stop());
    assert!(in_time("the end", again.event()).await.is_none(), "it ends with the server");
    in_time("the server", stopping).await.unwrap();
}

#[tokio::test]
async fn what_a_channel_cannot_carry_is_refused() {
    let (_server, client) = server().await;
    let path = format!("/smee/{NAME}");
    for (kind, body, status) in [
        ("application/json", "{".to_owned(), 400),
        ("application/octet-stream", "{}".to_owned(), 415),
        ("application/json", format!("\"{}\"", "x".repeat(1024 * 1024)), 413),
        ("application/x-www-form-urlencoded", "payload=%7B%7D".to_owned(), 200),
    ] {
        let reply = client.ask(Method::POST, &path).header("content-type", kind).body(body).send().await;
        assert_eq!(reply.status, status, "{kind}");
    }
    let page = client.get(&path).await;
    assert!(page.text().contains("smee-client") && page.header("content-type").starts_with("text/plain"));
}

#[tokio::test]
async fn there_are_no_channels_unless_the_operator_wants_them() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.get("/smee/new").await.status, 404);
    assert_eq!(client.ask(Method::POST, &format!("/smee/{NAME}")).body("{}").send().await.status, 404);
    assert_eq!(client.get("/api/v1/listen/").await.status, 404);
}

#[tokio::test]
async fn the_smee_client_receives_through_the_server() {
    let Some(modules) = tool("node/node_modules/smee-client") else { return };
    let (server, client) = server().await;
    let receiver = Receiver::start().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/smee.mjs");
    let mut child = Command::new("node")
        // A script from stdin finds its packages from the working directory.
        .arg("--input-type=module")
        .current_dir(modules.ancestors().nth(2).unwrap())
        .env("SMEE_NEW", format!("http://{}/smee/new", server.address))
        .env("SMEE_TARGET", receiver.url("/hook"))
        .stdin(File::open(script).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = collect(child.stdout.take().unwrap());
    let address = await_until("the channel", async || {
        let told = told.lock().unwrap();
        told.lines().find_map(|line| line.strip_prefix("channel ").map(str::to_owned))
    })
    .await;
    let path = &address[address.find("/smee/").unwrap()..];
    let body = r#"{"zen":"b","action":"a","n":[1,2]}"#;
    let post = client.ask(Method::POST, &format!("{path}?a=b")).header("x-github-event", "push");
    post.header("x-hub-signature-256", "sha256=ab").body(body).send().await.must(200);
    let arrived = receiver.wait("/hook", 1).await.remove(0);
    assert_eq!(arrived.body, body, "as GitHub writes it, so that its signature verifies");
    assert_eq!(
        (arrived.header("x-github-event"), arrived.header("x-hub-signature-256")),
        ("push", "sha256=ab")
    );
    child.kill().unwrap();
    child.wait().unwrap();
}
