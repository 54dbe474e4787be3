//! The protocol of the `svix` command's relay, spoken as that command does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::in_time;
use crate::support::{Raw, Server};

const TOKEN: &str = "c_AbCdEfGh12";

/// A client's end of a WebSocket, which knows what it needs: short frames and those of 16 bits.
struct Socket(Raw);

/// A frame.
#[derive(Debug, PartialEq)]
enum Frame {
    Text(Value),
    Ping,
    Close(u16, String),
}

impl Socket {
    async fn open(server: &Server) -> Self {
        let mut raw = Raw::connect(server.address).await;
        let head = format!(
            "GET /api/v1/listen/ HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address
        );
        assert!(raw.write(head).await);
        let mut said = Vec::new();
        while !said.ends_with(b"\r\n\r\n") {
            said.push(in_time("the upgrade", raw.0.read_u8()).await.unwrap());
        }
        let said = String::from_utf8(said).unwrap().to_lowercase();
        assert!(said.starts_with("http/1.1 101") && said.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{said}");
        Self(raw)
    }

    /// Asks for the token, as the command does.
    async fn start(server: &Server) -> Self {
        let mut socket = Self::open(server).await;
        let start = json!({"type": "start", "version": 1, "data": {"token": TOKEN}});
        socket.send(1, &start).await;
        assert_eq!(socket.next().await, Frame::Text(start));
        socket
    }

    /// Sends a frame, masked with zeros: text is 1, binary 2.
    async fn send(&mut self, kind: u8, value: &Value) {
        let text = value.to_string();
        let length = u16::try_from(text.len()).unwrap();
        let mut frame = vec![0x80 | kind, 0x80 | 0x7e];
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.0.0.write_all(&frame).await.unwrap();
    }

    /// The next frame but for pings.
    async fn next(&mut self) -> Frame {
        loop {
            match in_time("a frame", self.frame()).await {
                Frame::Ping => {}
                frame => return frame,
            }
        }
    }

    async fn frame(&mut self) -> Frame {
        let stream = &mut self.0.0;
        let kind = stream.read_u8().await.unwrap();
        let length = match stream.read_u8().await.unwrap() {
            126 => stream.read_u16().await.unwrap(),
            short => u16::from(short),
        };
        let mut payload = vec![0; length.into()];
        stream.read_exact(&mut payload).await.unwrap();
        match kind {
            0x81 => Frame::Text(serde_json::from_slice(&payload).unwrap()),
            0x88 => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                Frame::Close(code, String::from_utf8(payload.split_off(2)).unwrap())
            }
            0x89 => Frame::Ping,
            other => panic!("{other:x}"),
        }
    }
}

async fn server() -> Server {
    Server::builder().set("relay.enabled", "true").start().await
}

#[tokio::test]
async fn what_is_answered_on_the_socket_goes_back() {
    let server = server().await;
    let mut socket = Socket::start(&server).await;
    let client = server.client().without_key();
    let path = format!("/in/{TOKEN}/");
    let sending = async {
        let asking = client.ask(Method::PUT, &path).header("x-a", "1").body("{\"b\":2}");
        asking.send().await
    };
    let answering = async {
        let Frame::Text(event) = socket.next().await else { panic!("a request") };
        let data = &event["data"];
        assert_eq!((&event["type"], &event["version"]), (&json!("event"), &json!(1)));
        assert_eq!((&data["method"], &data["headers"]["x-a"]), (&json!("PUT"), &json!("1")));
        assert_eq!(STANDARD.decode(data["body"].as_str().unwrap()).unwrap(), b"{\"b\":2}");
        let headers = json!({"content-type": "application/json", "set-cookie": "a=b"});
        let body = STANDARD.encode("{\"c\":3}");
        let answer = json!({"id": data["id"], "status": 201, "headers": headers, "body": body});
        socket.send(2, &json!({"type": "event", "version": 1, "data": answer})).await;
    };
    let (reply, ()) = tokio::join!(sending, answering);
    assert_eq!(reply.must(201), json!({"c": 3}));
    assert_eq!((reply.header("set-cookie"), reply.header("x-content-type-options")), ("", "nosniff"));
}

#[tokio::test]
async fn a_token_is_one_listeners_at_a_time() {
    let server = server().await;
    let client = server.client().without_key();
    let path = format!("/in/{TOKEN}/");
    assert_eq!(client.ask(Method::POST, &path).body("{}").send().await.status, 404);
    let first = Socket::start(&server).await;
    let mut second = Socket::open(&server).await;
    second.send(1, &json!({"type": "start", "version": 1, "data": {"token": TOKEN}})).await;
    assert_eq!(second.next().await, Frame::Close(1008, "This socket is already in use".into()));
    drop(first);
    crate::support::await_until("the token to be free", async || {
        (client.ask(Method::POST, &path).body("{}").send().await.status == 404).then_some(())
    })
    .await;
    Socket::start(&server).await;
}

#[tokio::test]
async fn sockets_end_with_the_server() {
    let server = server().await;
    let mut socket = Socket::start(&server).await;
    let stopping = tokio::spawn(server.stop());
    let mut rest = Vec::new();
    in_time("the end", socket.0.0.read_to_end(&mut rest)).await.ok();
    in_time("the server", stopping).await.unwrap();
}
