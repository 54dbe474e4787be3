//! Rate limits: what arrives in half a minute is what was set, within two in a hundred.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postrider_core::time::Clock as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use crate::support::{Client, KEY, Raw, Server, Sink, alone, await_until, new_app, new_endpoint, publish};

/// How long arrivals are counted.
const WINDOW: Duration = Duration::from_secs(30);
/// Two in a hundred.
const TOLERANCE: f64 = 0.02;
/// Publishers of one application.
const PUBLISHERS: u64 = 2;
/// Connections that fill a backlog.
const CONNECTIONS: u64 = 32;
/// How far ahead the backlog is due.
const LATER: Duration = Duration::from_secs(24 * 3600);

/// Counts what arrives in the window after the first arrival.
#[derive(Default)]
struct Meter {
    began: Mutex<Option<Instant>>,
    counted: AtomicU64,
}

/// An application with endpoints that all count on one meter.
struct Metered {
    app: String,
    meter: Arc<Meter>,
    rate: u32,
    endpoints: u64,
    _sink: Sink,
}

impl Meter {
    fn arrived(&self) {
        let began = *self.began.lock().unwrap().get_or_insert_with(Instant::now);
        if began.elapsed() < WINDOW {
            self.counted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the window is over.
    async fn finish(&self) {
        let began = await_until("a first arrival", async || *self.began.lock().unwrap()).await;
        tokio::time::sleep_until((began + WINDOW).into()).await;
    }

    #[track_caller]
    fn assert_rate(&self, rate: u32) {
        let counted = self.counted.load(Ordering::Relaxed) as f64;
        let expected = f64::from(rate) * WINDOW.as_secs_f64();
        println!("{rate} a second: {counted} of {expected}");
        assert!(
            (counted - expected).abs() <= expected * TOLERANCE,
            "{rate} a second: {counted} of {expected}"
        );
    }
}

impl Metered {
    /// `app_rate` limits the application, `rates` its endpoints; each endpoint gets every message.
    async fn new(client: &Client, app_rate: Option<u32>, rates: &[Option<u32>]) -> Self {
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
        Self { app, meter, rate, endpoints: rates.len() as u64, _sink: sink }
    }

    /// Messages of which the window cannot see the end.
    fn messages(&self) -> u64 {
        u64::from(self.rate) / self.endpoints * (WINDOW.as_secs() + 3)
    }

    /// Publishes them one after another, faster than they may be delivered.
    fn publish(&self, client: &Client, publishers: &mut JoinSet<()>) {
        for _ in 0..PUBLISHERS {
            let (client, app, count) = (client.clone(), self.app.clone(), self.messages() / PUBLISHERS);
            publishers.spawn(async move {
                for _ in 0..count {
                    publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
                }
            });
        }
    }

    /// Publishes them for a later time, over connections with many requests on their way.
    async fn publish_for_later(&self, server: &Server) {
        let later = server.clock.now().after(LATER);
        let body = json!({"eventType": "t", "payload": {}, "deliverAt": later}).to_string();
        let request = format!(
            "POST {}/msg HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\ncontent-length: {}\r\n\r\n{body}",
            self.app,
            body.len()
        );
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (raw, request) = (Raw::connect(server.address).await, request.clone());
            connections.spawn(pipeline(raw, request, self.messages() / CONNECTIONS));
        }
        while let Some(done) = connections.join_next().await {
            done.unwrap();
        }
    }
}

/// Sends the same request `count` times without waiting for answers, and reads these at the same time.
async fn pipeline(raw: Raw, request: String, count: u64) {
    let (mut reader, mut writer) = raw.0.into_split();
    let writing = tokio::spawn(async move {
        for _ in 0..count {
            writer.write_all(request.as_bytes()).await.unwrap();
        }
        writer
    });
    let (mut answers, mut accepted) = (Vec::new(), 0);
    while accepted < count {
        let line = b"HTTP/1.1 ";
        assert!(reader.read_buf(&mut answers).await.unwrap() > 0, "the server closed after {accepted}");
        while let Some(at) = answers.windows(line.len() + 3).position(|window| window.starts_with(line)) {
            let rest = answers.split_off(at + line.len());
            assert!(rest.starts_with(b"202"), "{}", String::from_utf8_lossy(&rest));
            (answers, accepted) = (rest, accepted + 1);
        }
        // What is left may hold the beginning of a status line.
        answers.drain(..answers.len().saturating_sub(line.len() + 3));
    }
    writing.await.unwrap();
}

/// Three endpoints at very different rates and an application with a rate of its own, all at once in one server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrivals_keep_to_the_rate() {
    let _alone = alone().await;
    let server = Server::start().await;
    let client = server.client();
    let fast = Metered::new(&client, None, &[Some(2_000)]).await;
    let slower = [
        Metered::new(&client, None, &[Some(5)]).await,
        Metered::new(&client, None, &[Some(100)]).await,
        // Two endpoints share what their application may have.
        Metered::new(&client, Some(60), &[None, None]).await,
    ];
    fast.publish_for_later(&server).await;
    let mut publishers = JoinSet::new();
    for metered in &slower {
        metered.publish(&client, &mut publishers);
    }
    server.clock.advance(LATER);

    for metered in slower.iter().chain([&fast]) {
        metered.meter.finish().await;
    }
    for Metered { meter, rate, .. } in slower.iter().chain([&fast]) {
        meter.assert_rate(*rate);
    }
    publishers.abort_all();
}
