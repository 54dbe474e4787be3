//! The receivers: they refuse one first try in ten, check every signature, and write everything down.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request};
use postrider_core::id::MessageId;
use postrider_core::secret::SigningKey;
use postrider_core::time::{Clock as _, SystemClock};
use postrider_core::verify::{Signed, verify};
use serde::Deserialize;
use tokio::sync::watch;

use super::publisher::{Topic, payload};
use crate::support::Sink;

/// How far a signature's time may be off: these are all fresh.
const TOLERANCE: Duration = Duration::from_secs(60);
/// When nothing has come for so long, nothing is left of what a dead server had written.
const SILENCE: Duration = Duration::from_millis(100);

/// Where messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Endpoint {
    /// Everything of application 0.
    All,
    /// What is even of application 0.
    Even,
    /// Everything of application 1.
    Other,
}

/// A request that came. Small, for there are millions in a long run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) endpoint: Endpoint,
    pub(super) id: MessageId,
    /// The number in the body; the largest of all where there is none.
    pub(super) n: u64,
    /// Whether the body is that number's payload.
    pub(super) is_intact: bool,
    pub(super) is_signed: bool,
    pub(super) status: u16,
    /// How many servers had been killed before.
    pub(super) life: u64,
}

/// All endpoints, behind one listener.
pub(super) struct Receivers {
    sink: Sink,
    shared: Arc<Shared>,
    grown: watch::Receiver<usize>,
}

struct Shared {
    seed: u64,
    life: AtomicU64,
    keys: [OnceLock<SigningKey>; 3],
    book: Mutex<Book>,
    grown: watch::Sender<usize>,
}

#[derive(Deserialize)]
struct Body {
    n: u64,
}

#[derive(Default)]
struct Book {
    arrivals: Vec<Arrival>,
    seen: HashSet<(Endpoint, MessageId)>,
}

impl Endpoint {
    pub(super) const ALL: [Self; 3] = [Self::All, Self::Even, Self::Other];

    pub(super) fn app(self) -> usize {
        usize::from(self == Self::Other)
    }

    pub(super) fn wants(self, topic: Topic) -> bool {
        self != Self::Even || topic == Topic::Even
    }
}

impl Receivers {
    pub(super) async fn start(seed: u64) -> Self {
        let (sender, grown) = watch::channel(0);
        let shared = Arc::new(Shared {
            seed,
            life: AtomicU64::new(0),
            keys: Default::default(),
            book: Mutex::default(),
            grown: sender,
        });
        let own = Arc::clone(&shared);
        let sink = Sink::start(move |request| std::future::ready(own.take(request))).await;
        Self { sink, shared, grown }
    }

    pub(super) fn url(&self, endpoint: Endpoint) -> String {
        self.sink.url(&format!("/{}", endpoint as usize))
    }

    /// From now on what comes to `endpoint` must be signed by this.
    pub(super) fn trust(&self, endpoint: Endpoint, secret: &str) {
        self.shared.keys[endpoint as usize].set(SigningKey::parse(secret).unwrap()).unwrap();
    }

    /// A server is dead. What it had written is still read and counted as its own; what comes after that is the next
    /// one's.
    pub(super) async fn next_life(&self) {
        while self.grown(SILENCE).await {}
        self.shared.life.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.shared.book.lock().unwrap().arrivals.clone()
    }

    /// Whether more comes within this time.
    async fn grown(&self, within: Duration) -> bool {
        let mut grown = self.grown.clone();
        grown.mark_unchanged();
        tokio::time::timeout(within, grown.changed()).await.is_ok()
    }

    /// Waits until `enough` says so of all arrivals, which it looks at now and then: that takes a while. Gives what
    /// it said last if that is not so in time.
    pub(super) async fn wait_until<T>(
        &self,
        within: Duration,
        enough: impl Fn(&[Arrival]) -> Option<T>,
    ) -> Option<T> {
        let began = Instant::now();
        loop {
            let lacking = enough(&self.shared.book.lock().unwrap().arrivals);
            if lacking.is_none() || began.elapsed() > within {
                return lacking;
            }
            tokio::time::sleep(SILENCE).await;
        }
    }
}

impl Shared {
    fn take(&self, request: Request<Bytes>) -> u16 {
        let (head, body) = request.into_parts();
        let index: usize = head.uri.path()[1..].parse().unwrap();
        let (endpoint, life) = (Endpoint::ALL[index], self.life.load(Ordering::SeqCst));
        let is_signed = is_signed(self.keys[index].get().unwrap(), &head.headers, &body);
        let id: MessageId = std::str::from_utf8(field(&head.headers, "webhook-id")).unwrap().parse().unwrap();
        let n = serde_json::from_slice(&body).map_or(u64::MAX, |Body { n }| n);
        let is_intact = body == payload(n);
        let mut book = self.book.lock().unwrap();
        let is_first = book.seen.insert((endpoint, id));
        let is_unlucky = id
            .as_bytes()
            .iter()
            .fold(self.seed, |hash, byte| hash.wrapping_mul(31) ^ u64::from(*byte))
            .is_multiple_of(10);
        let status = if is_first && is_unlucky { 500 } else { 200 };
        book.arrivals.push(Arrival { endpoint, id, n, is_intact, is_signed, status, life });
        self.grown.send_replace(book.arrivals.len());
        status
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> &'a [u8] {
    headers.get(name).map_or(b"", |value| value.as_bytes())
}

fn is_signed(key: &SigningKey, headers: &HeaderMap, body: &[u8]) -> bool {
    let [id, timestamp, signatures] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| field(headers, name));
    let now = SystemClock::default().now();
    verify(key, &Signed { id, timestamp, signatures }, body, TOLERANCE, now).is_ok()
}
