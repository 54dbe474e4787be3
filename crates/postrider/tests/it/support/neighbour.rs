//! The healthy application next door, whose deliveries are timed while something else happens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;

use super::{Client, PATIENCE, Sink, new_app, new_endpoint, publish};

/// Deliveries that a measurement has at least.
const SAMPLES_MIN: usize = 100;

/// An application of its own with one endpoint that answers at once.
pub(crate) struct Neighbour {
    client: Client,
    app: String,
    arrivals: mpsc::UnboundedReceiver<(u64, Instant)>,
    published: u64,
    _sink: Sink,
}

/// Times from publishing to arrival, in ascending order.
#[derive(Debug)]
pub(crate) struct Latencies(Vec<Duration>);

impl Neighbour {
    pub(crate) async fn of(client: &Client) -> Self {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let sink = Sink::start(move |request: http::Request<bytes::Bytes>| {
            let at = Instant::now();
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let _ = arrived.send((body["n"].as_u64().unwrap(), at));
            async { 200 }
        })
        .await;
        let app = new_app(client, "the neighbour").await;
        new_endpoint(client, &app, &sink.url("/"), json!({})).await;
        Self { client: client.clone(), app, arrivals, published: 0, _sink: sink }
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
        let sampling = async {
            let mut latencies = Vec::new();
            while !over.load(Ordering::Relaxed) || latencies.len() < SAMPLES_MIN {
                latencies.push(self.sample().await);
            }
            latencies.sort_unstable();
            Latencies(latencies)
        };
        tokio::join!(work, sampling)
    }

    async fn sample(&mut self) -> Duration {
        self.published += 1;
        let (own, began) = (self.published, Instant::now());
        publish(&self.client, &self.app, json!({"eventType": "t", "payload": {"n": own}})).await;
        loop {
            let arrival = tokio::time::timeout(PATIENCE, self.arrivals.recv()).await;
            let (n, at) = arrival.expect("the neighbour gets its deliveries").unwrap();
            if n == own {
                return at.duration_since(began);
            }
        }
    }
}

impl Latencies {
    /// What 99 of 100 stay within.
    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() * 99).div_ceil(100) - 1]
    }

    /// Fails the test when these are much worse than `calm`: more than twice, and more than what a busy machine does
    /// to anybody.
    #[track_caller]
    pub(crate) fn assert_like(&self, calm: &Self) {
        const BUSY_MACHINE: Duration = Duration::from_millis(250);
        let bound = (calm.p99() * 2).max(BUSY_MACHINE);
        assert!(self.p99() <= bound, "p99 {:?}, calm {:?}, {} samples", self.p99(), calm.p99(), self.0.len());
    }
}
