//! A client of streams of events, as simple as they allow.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::in_time;
use crate::support::{Raw, Server};

/// A stream that is read.
pub(super) struct Stream {
    body: Incoming,
    text: String,
    pub(super) ready: Value,
    _sender: SendRequest<Empty<Bytes>>,
}

/// An event.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) data: Value,
}

impl Stream {
    /// Opens a stream, which must begin with the event `ready`.
    pub(super) async fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> Self {
        let connection = TokioIo::new(Raw::connect(server.address).await.0);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(connection).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().uri(path).header("host", server.address.to_string());
        for (name, value) in [("accept", "text/event-stream")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::new()).unwrap();
        let answer = in_time("an answer", sender.send_request(request)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        let mut stream =
            Self { body: answer.into_body(), text: String::new(), ready: Value::Null, _sender: sender };
        let first = stream.next().await;
        assert_eq!(first.name, "ready");
        stream.ready = first.data;
        stream
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> Event {
        in_time("an event", async { self.event().await.expect("the stream goes on") }).await
    }

    /// The next event, or `None` at the end.
    pub(super) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let found = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.map(str::to_owned)
                };
                if let Some(data) = field("data") {
                    let data = serde_json::from_str(&data).unwrap();
                    let name = field("event").unwrap_or_else(|| "message".to_owned());
                    return Some(Event { id: field("id"), name, data });
                }
                continue;
            }
            let frame = self.body.frame().await?.ok()?;
            self.text.push_str(std::str::from_utf8(frame.data_ref()?).unwrap());
        }
    }
}
