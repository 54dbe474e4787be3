//! The healthy application next door, whose deliveries are timed while something else happens.
//!
//! It publishes at a steady pace and does not wait for one delivery before it publishes the next: when everything
//! stands still for a second, that is not one slow delivery but a hundred.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Client, PATIENCE, Sink, new_app, new_endpoint, publish};

/// Messages that a measurement has at least.
const MESSAGES_MIN: usize = 100;

/// An application with endpoints that answer at once.
pub(crate) struct Neighbour {
    client: Client,
    app: String,
    healthy: usize,
    pace: Duration,
    arrivals: mpsc::UnboundedReceiver<(usize, Instant)>,
    /// When each message was published; its payload has its place here.
    published: Vec<Instant>,
    _sink: Sink,
}

/// Times from publishing to arrival, in ascending order.
#[derive(Debug)]
pub(crate) struct Latencies(Vec<Duration>);

impl Neighbour {
    /// With one endpoint, and a hundred messages a second.
    pub(crate) async fn of(client: &Client) -> Self {
        Self::with_endpoints(client, 1, &[], Duration::from_millis(10)).await
    }

    /// With so many endpoints that answer at once, and some at these URLs, which it does not answer for. A message is
    /// published every `pace`.
    pub(crate) async fn with_endpoints(
        client: &Client,
        healthy: usize,
        others: &[String],
        pace: Duration,
    ) -> Self {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let sink = Sink::start(move |request: http::Request<bytes::Bytes>| {
            let at = Instant::now();
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let _ = arrived.send((body["n"].as_u64().unwrap() as usize, at));
            async { 200 }
        })
        .await;
        let app = new_app(client, "the neighbour").await;
        for url in std::iter::repeat_n(&sink.url("/"), healthy).chain(others) {
            new_endpoint(client, &app, url, json!({"timeoutSeconds": 5})).await;
        }
        Self { client: client.clone(), app, healthy, pace, arrivals, published: Vec::new(), _sink: sink }
    }

    /// Its latencies with nothing else going on.
    pub(crate) async fn calm(&mut self) -> Latencies {
        self.beside(async {}).await.1
    }

    /// Its latencies while `work` is done.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> (T, Latencies) {
        let over = AtomicBool::new(false);
        let work = async {
            let done = work.await;
            over.store(true, Ordering::Relaxed);
            done
        };
        tokio::join!(work, self.measure(&over))
    }

    async fn measure(&mut self, over: &AtomicBool) -> Latencies {
        let (first, mut publishing) = (self.published.len(), JoinSet::new());
        let mut ticks = tokio::time::interval(self.pace);
        while !over.load(Ordering::Relaxed) || self.published.len() - first < MESSAGES_MIN {
            ticks.tick().await;
            let (client, app, n) = (self.client.clone(), self.app.clone(), self.published.len());
            self.published.push(Instant::now());
            publishing.spawn(async move {
                publish(&client, &app, json!({"eventType": "t", "payload": {"n": n}})).await;
            });
        }
        while let Some(published) = publishing.join_next().await {
            published.unwrap();
        }
        let deliveries = (self.published.len() - first) * self.healthy;
        let mut latencies = Vec::with_capacity(deliveries);
        for _ in 0..deliveries {
            let arrival = tokio::time::timeout(PATIENCE, self.arrivals.recv()).await;
            let (n, at) = arrival.expect("the neighbour gets its deliveries").unwrap();
            latencies.push(at.duration_since(self.published[n]));
        }
        latencies.sort_unstable();
        Latencies(latencies)
    }
}

impl Latencies {
    /// What 99 of 100 stay within.
    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() * 99).div_ceil(100) - 1]
    }

    /// Fails the test when these are much worse than `calm`: more than twice, and more than what a busy machine does
    /// to anybody. At a steady pace that is also a bound on what is not delivered in its time.
    #[track_caller]
    pub(crate) fn assert_like(&self, calm: &Self) {
        const BUSY_MACHINE: Duration = Duration::from_millis(500);
        let bound = (calm.p99() * 2).max(BUSY_MACHINE);
        assert!(self.p99() <= bound, "p99 {:?}, calm {:?}, {} samples", self.p99(), calm.p99(), self.0.len());
    }
}
