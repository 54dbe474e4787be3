//! How many messages a second one machine accepts and settles, each made durable twice, through the trait.
//!
//! `cargo run --release -p postrider-store --example throughput -- [seconds] [tasks] [tenants] [bytes] [where]`
//!
//! `where` is a directory for SQLite, or the URL of a PostgreSQL database, in which a new schema is made and left behind.
//! //! Every task publishes a message of so many bytes to the one endpoint of its tenant and settles its delivery, one after
//! the other, as a publisher and a lane would. So the tasks are the concurrency, and what is measured is the shared
//! commit. Many tenants cost more than one: each has its own pages in the indexes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_core::app::App;
use postrider_core::attempt::{Attempt, Timings, Trigger};
use postrider_core::endpoint::Endpoint;
use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{AppId, AttemptId, EndpointId, EnvironmentId, IdGenerator, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::rng::{Rng, SystemRng};
use postrider_core::scope::{AppScope, SystemScope};
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::time::{Clock, SystemClock};
use postrider_store::postgres::{self, Postgres};
use postrider_store::seal::{SealKey, Sealer, load_or_create};
use postrider_store::sqlite::{self, Sqlite};
use postrider_store::{Acceptance, NewDelivery, Settlement, Store, Then};

struct Bench {
    store: Arc<dyn Store>,
    ids: IdGenerator,
    clock: SystemClock,
    rng: SystemRng,
    done: AtomicU64,
    payload: Bytes,
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u64| args.next().map_or(default, |text| text.parse().expect("a number"));
    let (seconds, tasks, tenants, bytes) = (number(5), number(64), number(1), number(500));
    let fresh = tempfile::tempdir_in("target").expect("a directory for the database");
    let place = args.next().unwrap_or_else(|| fresh.path().display().to_string());
    let clock = SystemClock::default();
    let opening = Instant::now();
    let store =
        if place.contains("://") { in_postgres(place, &clock).await } else { in_sqlite(place.as_ref()) };
    println!("opened in {:.0?}", opening.elapsed());
    let bench = Arc::new(Bench {
        store,
        ids: IdGenerator::default(),
        clock,
        rng: SystemRng::new(),
        done: AtomicU64::new(0),
        payload: Bytes::from(format!("{{\"text\":\"{}\"}}", "x".repeat(bytes as usize))),
    });
    let mut targets = Vec::new();
    for _ in 0..tenants {
        targets.push(bench.tenant().await);
    }
    let (began, length) = (Instant::now(), Duration::from_secs(seconds));
    let lane = |index: u64| Arc::clone(&bench).lane(targets[(index % tenants) as usize], began, length);
    let tasks: Vec<_> = (0..tasks).map(|index| tokio::spawn(lane(index))).collect();
    for task in tasks {
        task.await.expect("no lane panics");
    }
    let (done, elapsed) = (bench.done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
    println!("{done} messages accepted and settled in {elapsed:.2} s: {:.0} a second", done as f64 / elapsed);
    bench.store.close().await.expect("the store closes");
}

fn in_sqlite(dir: &Path) -> Arc<dyn Store> {
    std::fs::create_dir_all(dir).expect("a directory for the database");
    let key = load_or_create(&dir.join("key"), &SystemRng::new()).expect("a key");
    let sealer = Arc::new(Sealer::new(&key, Arc::new(SystemRng::new())));
    Arc::new(Sqlite::open(&sqlite::Options::new(dir, sealer)).expect("the store opens"))
}

async fn in_postgres(url: String, clock: &SystemClock) -> Arc<dyn Store> {
    let key = SealKey::generate(&SystemRng::new());
    let sealer = Arc::new(Sealer::new(&key, Arc::new(SystemRng::new())));
    let schema = format!("throughput_{}", clock.now().as_seconds());
    let options = postgres::Options { schema, ..postgres::Options::new(url, sealer) };
    Arc::new(Postgres::open(&options).await.expect("the store opens"))
}

impl Bench {
    fn id<I>(&self, make: impl FnOnce(&IdGenerator, &dyn Clock, &dyn Rng) -> I) -> I {
        make(&self.ids, &self.clock, &self.rng)
    }

    /// An application with one endpoint.
    async fn tenant(&self) -> (AppScope, EndpointId) {
        let system = SystemScope::assume();
        let now = self.clock.now();
        let environment = Environment {
            id: self.id(EnvironmentId::make),
            name: "bench".to_owned(),
            settings: Settings::default(),
            created_at: now,
        };
        let app = App {
            id: self.id(AppId::make),
            environment: environment.id,
            uid: None,
            name: "bench".to_owned(),
            throttle_rate: None,
            metadata: std::collections::BTreeMap::default(),
            source: None,
            created_at: now,
            updated_at: now,
        };
        let endpoint = Endpoint {
            id: self.id(EndpointId::make),
            app: app.id,
            uid: None,
            url: "https://receiver.example/webhooks".to_owned(),
            description: String::new(),
            event_types: Vec::new(),
            channels: Vec::new(),
            throttle_rate: None,
            disabled: None,
            metadata: std::collections::BTreeMap::default(),
            headers: std::collections::BTreeMap::default(),
            keys: SigningKeys::new(SigningKey::generate_hmac(&self.rng)),
            timeout: None,
            ordering: postrider_core::endpoint::Ordering::None,
            retry_schedule: None,
            failing_since: None,
            created_at: now,
            updated_at: now,
        };
        let scope = system.app(environment.id, app.id);
        let target = endpoint.id;
        self.store.create_environment(system.instance(), environment).await.expect("it is new");
        self.store.create_app(system.environment(scope.environment()), app, None).await.expect("it is new");
        self.store.create_endpoint(scope, endpoint, None).await.expect("it is new");
        (scope, target)
    }

    async fn lane(
        self: Arc<Self>,
        (scope, target): (AppScope, EndpointId),
        began: Instant,
        length: Duration,
    ) {
        let system = SystemScope::assume();
        while began.elapsed() < length {
            let now = self.clock.now();
            let message = Message {
                id: self.id(MessageId::make),
                app: scope.app(),
                event_type: "invoice.paid".to_owned(),
                event_id: None,
                channels: Vec::new(),
                tags: Vec::new(),
                ordering_key: None,
                deliver_at: None,
                expire_at: None,
                edited_of: None,
                payload: Some(Payload { body: self.payload.clone(), raw: None }),
            };
            let id = message.id;
            let deliveries = vec![NewDelivery { endpoint: target, hold: true, order: None }];
            let acceptance =
                Acceptance { message, deliveries, trigger: Trigger::Scheduled, now, idempotency: None };
            self.store.accept(scope, acceptance).await.expect("it is accepted");
            let settlement = Settlement {
                attempt: self.attempt(id, target),
                app: scope.app(),
                event_type: "invoice.paid".to_owned(),
                counted: true,
                then: Then::Succeeded,
            };
            self.store.settle(system, vec![settlement].into(), Vec::new()).await.expect("it is settled");
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn attempt(&self, message: MessageId, endpoint: EndpointId) -> Attempt {
        Attempt {
            id: self.id(AttemptId::make),
            message,
            endpoint,
            number: 1,
            at: self.clock.now(),
            trigger: Trigger::Scheduled,
            succeeded: true,
            status_code: 200,
            failure: None,
            url: "https://receiver.example/webhooks".to_owned(),
            remote: Some(([192, 0, 2, 1], 443).into()),
            timings: Timings::default(),
            request_headers: Bytes::from_static(&[b'h'; 350]),
            response_headers: Bytes::from_static(&[b'h'; 150]),
            response: Some(Bytes::from_static(b"ok")),
        }
    }
}
