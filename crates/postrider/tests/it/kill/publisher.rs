//! The publishers, and the books they keep: a message is written down before it is sent, and again when it is
//! acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use tokio::sync::watch;

use crate::support::Client;

/// Bytes of the longest payload's filling; most are much shorter.
const FILLING: u64 = 4_000;

/// An event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Odd,
    Even,
}

/// A message that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) app: usize,
    pub(super) topic: Topic,
    /// The payload, byte for byte.
    pub(super) payload: String,
    /// Its id, once it was acknowledged. Without one nobody knows whether it was accepted.
    pub(super) acknowledged: Option<String>,
}

/// What was sent, by the number in its payload. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Books(Arc<Mutex<BTreeMap<u64, Sent>>>);

impl Topic {
    pub(super) const ALL: [Self; 2] = [Self::Odd, Self::Even];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Odd => "odd",
            Self::Even => "even",
        }
    }
}

impl Books {
    /// Writes down the next message of an application, which is about to be sent.
    fn open_entry(&self, app: usize) -> (u64, Sent) {
        let mut books = self.0.lock().unwrap();
        let n = books.len() as u64;
        let topic = if n.is_multiple_of(2) { Topic::Even } else { Topic::Odd };
        // Mixed lengths, so that some payloads cross pages.
        let filling = "é".repeat((n * n % FILLING / (1 + n % 7)) as usize);
        let sent = Sent {
            app,
            topic,
            payload: format!(r#"{{"n": {n},"filling":"{filling}"}}"#),
            acknowledged: None,
        };
        books.insert(n, sent.clone());
        (n, sent)
    }

    fn acknowledge(&self, n: u64, id: String) {
        self.0.lock().unwrap().get_mut(&n).unwrap().acknowledged = Some(id);
    }

    /// All entries; nobody may publish any more.
    pub(super) fn close(&self) -> BTreeMap<u64, Sent> {
        self.0.lock().unwrap().clone()
    }
}

/// Publishes one message after another while the server is up.
pub(super) async fn publish_all(
    client: Client,
    app: usize,
    path: Arc<str>,
    books: Books,
    mut is_up: watch::Receiver<bool>,
) {
    let path = format!("{path}/msg?with_content=false");
    loop {
        is_up.wait_for(|up| *up).await.unwrap();
        let (n, sent) = books.open_entry(app);
        let body = format!(r#"{{"eventType":"{}","payload":{}}}"#, sent.topic.name(), sent.payload);
        match client.ask(Method::POST, &path).body(body).try_send().await {
            Ok(reply) if reply.status == 202 => {
                books.acknowledge(n, reply.json()["id"].as_str().unwrap().to_owned());
            }
            // Refused for now; it is one of those that nobody knows anything of.
            Ok(reply) => assert!([429, 503].contains(&reply.status), "{reply}"),
            // The server went away before it answered.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}
