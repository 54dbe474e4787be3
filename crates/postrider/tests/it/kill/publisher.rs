//! The publishers, and the books they keep: a message is written down before it is sent, and again when it is
//! acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use postrider_core::id::MessageId;
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

/// A message that was sent. Its payload follows from its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) app: usize,
    pub(super) topic: Topic,
    /// Its id, once it was acknowledged. Without one nobody knows whether it was accepted.
    pub(super) acknowledged: Option<MessageId>,
}

/// What was sent, by number. Clones share it.
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
        let sent = Sent { app, topic, acknowledged: None };
        books.insert(n, sent);
        (n, sent)
    }

    fn acknowledge(&self, n: u64, id: MessageId) {
        self.0.lock().unwrap().get_mut(&n).unwrap().acknowledged = Some(id);
    }

    /// All entries; nobody may publish any more.
    pub(super) fn close(&self) -> BTreeMap<u64, Sent> {
        self.0.lock().unwrap().clone()
    }
}

/// The payload of the message with this number, byte for byte. Lengths are mixed, so that some cross pages.
pub(super) fn payload(n: u64) -> String {
    let filling = "é".repeat((n.wrapping_mul(n) % FILLING / (1 + n % 7)) as usize);
    format!(r#"{{"n": {n},"filling":"{filling}"}}"#)
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
        let body = format!(r#"{{"eventType":"{}","payload":{}}}"#, sent.topic.name(), payload(n));
        match client.ask(Method::POST, &path).body(body).try_send().await {
            Ok(reply) if reply.status == 202 => {
                books.acknowledge(n, reply.json()["id"].as_str().unwrap().parse().unwrap());
            }
            // Refused for now; it is one of those that nobody knows anything of.
            Ok(reply) => assert!([429, 503].contains(&reply.status), "{reply}"),
            // The server went away before it answered.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}
