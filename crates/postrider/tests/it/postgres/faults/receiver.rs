//! The receivers: one listener for all endpoints, which writes everything down. One endpoint refuses some first tries,
//! and the plain ones take a while for some.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use postrider_core::id::{EndpointId, MessageId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::publisher::Topic;
use crate::support::{Client, Sink, new_endpoint};

/// Attempts a second at the throttled endpoint.
pub(super) const RATE: usize = 20;
/// One first try in so many is refused where some are.
const REFUSED: u64 = 10;
/// One request in so many takes a while, so that some are always under way; not where one waits for another.
const SLOW: u64 = 8;
const SLOW_FOR: Duration = Duration::from_millis(300);

/// An endpoint, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Endpoint(u8);

/// What is special about an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// It refuses some.
    Flaky,
    /// One after another.
    Fifo,
    /// One after another with the same key.
    Keyed,
    /// So many a second.
    Throttled,
}

/// What each endpoint is. Several plain ones, so that each node has some.
const KINDS: [Kind; 11] = [
    Kind::Plain,
    Kind::Plain,
    Kind::Plain,
    Kind::Plain,
    Kind::Plain,
    Kind::Flaky,
    Kind::Fifo,
    Kind::Fifo,
    Kind::Keyed,
    Kind::Keyed,
    Kind::Throttled,
];

/// A request that came. Small, for there are a million in a long run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) endpoint: Endpoint,
    /// The number in the body.
    pub(super) n: u64,
    pub(super) id: MessageId,
    pub(super) is_success: bool,
    pub(super) at: Instant,
}

/// All endpoints.
pub(super) struct Receivers {
    sink: Sink,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    arrivals: Vec<Arrival>,
    seen: HashSet<(Endpoint, u64)>,
}

#[derive(Deserialize)]
struct Body {
    n: u64,
}

impl Endpoint {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..KINDS.len() as u8).map(Self)
    }

    pub(super) fn kind(self) -> Kind {
        KINDS[usize::from(self.0)]
    }

    pub(super) fn wants(self, topic: Topic) -> bool {
        self.topic() == topic
    }

    fn topic(self) -> Topic {
        match self.kind() {
            Kind::Plain | Kind::Flaky => Topic::Plain,
            Kind::Fifo => Topic::Ordered,
            Kind::Keyed => Topic::Keyed,
            Kind::Throttled => Topic::Throttled,
        }
    }

    /// What the API is told of it, besides the URL. Retries come so soon and so often that none runs out of them.
    fn fields(self) -> Value {
        let mut fields = json!({
            "filterTypes": [self.topic().name()],
            "retrySchedule": vec![0].into_iter().chain([1; 40]).collect::<Vec<_>>(),
        });
        match self.kind() {
            Kind::Fifo => fields["ordering"] = json!("fifo"),
            Kind::Throttled => fields["throttleRate"] = json!(RATE),
            Kind::Plain | Kind::Flaky | Kind::Keyed => {}
        }
        fields
    }
}

impl Receivers {
    pub(super) async fn start() -> Self {
        let book = Arc::<Mutex<Book>>::default();
        let own = Arc::clone(&book);
        let sink = Sink::start(move |request: Request<Bytes>| {
            let (status, wait) = own.lock().unwrap().take(&request);
            async move {
                tokio::time::sleep(wait).await;
                status
            }
        })
        .await;
        Self { sink, book }
    }

    /// Makes all endpoints in the application at the path `app`.
    pub(super) async fn enlist(&self, client: &Client, app: &str) -> Vec<(Endpoint, EndpointId)> {
        let mut ids = Vec::new();
        for endpoint in Endpoint::all() {
            let url = self.sink.url(&format!("/{}", endpoint.0));
            let id = new_endpoint(client, app, &url, endpoint.fields()).await;
            ids.push((endpoint, id.parse().unwrap()));
        }
        ids
    }

    /// What came since this was asked last, in the order of its coming.
    pub(super) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.book.lock().unwrap().arrivals)
    }
}

impl Book {
    /// Writes a request down; gives what is answered, and after how long.
    fn take(&mut self, request: &Request<Bytes>) -> (u16, Duration) {
        let endpoint = Endpoint(request.uri().path()[1..].parse().unwrap());
        let id = request.headers()["webhook-id"].to_str().unwrap().parse().unwrap();
        let Body { n } = serde_json::from_slice(request.body()).unwrap();
        let is_first = self.seen.insert((endpoint, n));
        let is_refused = endpoint.kind() == Kind::Flaky && is_first && n.is_multiple_of(REFUSED);
        let is_slow = endpoint.kind() == Kind::Plain && n.is_multiple_of(SLOW);
        self.arrivals.push(Arrival { endpoint, n, id, is_success: !is_refused, at: Instant::now() });
        (if is_refused { 500 } else { 200 }, if is_slow { SLOW_FOR } else { Duration::ZERO })
    }
}
