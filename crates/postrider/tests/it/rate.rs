//! Rate limits: what arrives in half a minute is what was set, within two in a hundred.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Client, Server, Sink, alone, new_app, new_endpoint, publish};

/// How long arrivals are counted.
const WINDOW: Duration = Duration::from_secs(30);
/// Two in a hundred.
const TOLERANCE: f64 = 0.02;
/// Publishers of one application: enough to keep ahead of the highest rate although each waits for the disk.
const PUBLISHERS: usize = 32;

/// Counts what arrives in the window after the first arrival.
#[derive(Default)]
struct Meter {
    began: Mutex<Option<Instant>>,
    counted: AtomicU64,
}

impl Meter {
    fn arrived(&self) {
        let began = *self.began.lock().unwrap().get_or_insert_with(Instant::now);
        if began.elapsed() < WINDOW {
            self.counted.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[track_caller]
    fn assert_rate(&self, rate: u32) {
        let counted = self.counted.load(Ordering::Relaxed) as f64;
        let expected = f64::from(rate) * WINDOW.as_secs_f64();
        println!("{rate} a second: {counted} of {expected}");
        assert!((counted - expected).abs() <= expected * TOLERANCE, "{rate} a second: {counted} of {expected}");
    }
}

/// An application whose endpoints all count on one meter, and more messages than it may have.
struct Metered {
    meter: Arc<Meter>,
    rate: u32,
    _sink: Sink,
}

impl Metered {
    /// `app_rate` limits the application, `rates` its endpoints; each endpoint gets every message.
    async fn start(client: &Client, app_rate: Option<u32>, rates: &[Option<u32>], publishers: &mut JoinSet<()>) -> Self {
        let meter = Arc::<Meter>::default();
        let counting = Arc::clone(&meter);
        let sink = Sink::start(move |_| {
            counting.arrived();
            async { 200 }
        })
        .await;
        let app = new_app(client, "metered").await;
        client.patch(&app, json!({"throttleRate": app_rate})).await.must(200);
        for rate in rates {
            new_endpoint(client, &app, &sink.url("/"), json!({"throttleRate": rate})).await;
        }
        let rate = app_rate.unwrap_or_else(|| rates.iter().flatten().sum());
        // A tenth more than it may have, so that it always has some: as many as that takes, and a second's worth ahead.
        let messages = u64::from(rate) / rates.len() as u64 * (WINDOW.as_secs() + 4) * 11 / 10;
        let left = Arc::new(AtomicU64::new(messages));
        for _ in 0..PUBLISHERS {
            publishers.spawn(publish_all(client.clone(), app.clone(), Arc::clone(&left)));
        }
        Self { meter, rate, _sink: sink }
    }
}

async fn publish_all(client: Client, app: String, left: Arc<AtomicU64>) {
    let take_one = |left: u64| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_ok() {
        publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    }
}

/// Three endpoints at very different rates and an application with a rate of its own, all at once in one server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrivals_keep_to_the_rate() {
    let _alone = alone().await;
    let server = Server::start().await;
    let client = server.client();
    let mut publishers = JoinSet::new();
    let mut metered = Vec::new();
    for rate in [5, 100, 2_000] {
        metered.push(Metered::start(&client, None, &[Some(rate)], &mut publishers).await);
    }
    // Two endpoints share what their application may have.
    metered.push(Metered::start(&client, Some(60), &[None, None], &mut publishers).await);

    tokio::time::sleep(WINDOW + Duration::from_secs(1)).await;
    for Metered { meter, rate, .. } in &metered {
        meter.assert_rate(*rate);
    }
    publishers.abort_all();
}
