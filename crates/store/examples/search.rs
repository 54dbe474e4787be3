//! How long a search takes in a database of so many messages.
//!
//! `cargo run --release -p postrider-store --example search -- [messages] [directory] [index]`
//!
//! The database is written with SQL of its own, because the verbs make ids and times of now and take minutes for millions
//! of messages: thirty days of messages with a payload of 200 bytes each, of 20 applications with 10 endpoints each, one
//! delivery and one attempt a message. In a thousand deliveries five have failed and five are being retried; one message
//! in a hundred thousand is of a rare type. A directory that has a database already is measured as it is.
//!
//! With `index`, payloads have about 500 bytes, with a number of ids and words as those of a shop may have, and all of them are
//! put into the payload index before the searches.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_core::app::App;
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{AppId, EndpointId, EnvironmentId, IdGenerator, MessageId, first_row_at};
use postrider_core::rng::{Rng, SystemRng};
use postrider_core::scope::{EnvironmentScope, SystemScope};
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::time::{Clock, SystemClock, Timestamp};
use postrider_store::seal::{Sealer, load_or_create};
use postrider_store::sqlite::{self, Sqlite};
use postrider_store::{AppFilter, Effort, Page, Search, SearchScope, Store};
use rusqlite::{Connection, params};

const APPS: usize = 20;
const ENDPOINTS: usize = 10;
const DAYS: u64 = 30;
const RUNS: usize = 15;
/// What one page of the server may take.
const EFFORT: Effort = Effort { rows: 200_000, time: Duration::from_millis(80) };

/// An application's row, and those of its endpoints.
type Tenant = (i64, Vec<i64>);

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let messages: u64 = args.next().map_or(1_000_000, |text| text.parse().expect("a number"));
    let fresh = tempfile::tempdir_in("target").expect("a directory for the database");
    let place = args.next().map_or_else(|| fresh.path().to_owned(), Into::into);
    let is_indexed = args.next().is_some_and(|text| text == "index");
    let is_new = !place.join("postrider.db").exists();
    let store = open(&place);
    if is_new {
        let tenants = tenants(&store).await;
        store.close().await.expect("the store closes");
        drop(store);
        let began = Instant::now();
        fill(&place, &tenants, messages, is_indexed).expect("the database takes it");
        println!("{messages} messages written in {:.0?}", began.elapsed());
    } else {
        store.close().await.expect("the store closes");
        drop(store);
    }
    let store = open(&place);
    if is_indexed {
        rare(&store, "without the index").await;
        index(&store, &place).await;
        rare(&store, "with the index").await;
    }
    measure(&store).await;
    store.close().await.expect("the store closes");
}

fn open(dir: &Path) -> Sqlite {
    std::fs::create_dir_all(dir).expect("a directory for the database");
    let key = load_or_create(&dir.join("key"), &SystemRng::new()).expect("a key");
    let sealer = Arc::new(Sealer::new(&key, Arc::new(SystemRng::new())));
    Sqlite::open(&sqlite::Options::new(dir, sealer)).expect("the store opens")
}

async fn tenants(store: &Sqlite) -> Vec<Tenant> {
    let (ids, clock, rng, system) =
        (IdGenerator::default(), SystemClock::default(), SystemRng::new(), SystemScope::assume());
    let now = clock.now();
    let id = EnvironmentId::make(&ids, &clock, &rng);
    let environment =
        Environment { id, name: "bench".to_owned(), settings: Settings::default(), created_at: now };
    store.create_environment(system.instance(), environment).await.expect("it is new");
    let mut tenants = Vec::new();
    for number in 0..APPS {
        let app = App {
            id: AppId::make(&ids, &clock, &rng),
            environment: id,
            uid: Some(format!("customer-{number}")),
            name: format!("Customer {number}"),
            throttle_rate: None,
            metadata: BTreeMap::default(),
            source: None,
            created_at: now,
            updated_at: now,
        };
        let scope = system.app(id, app.id);
        store.create_app(system.environment(id), app, None).await.expect("it is new");
        let mut endpoints = Vec::new();
        for _ in 0..ENDPOINTS {
            let endpoint = Endpoint {
                id: EndpointId::make(&ids, &clock, &rng),
                app: scope.app(),
                uid: None,
                url: format!("https://customer-{number}.example/webhooks"),
                description: String::new(),
                event_types: Vec::new(),
                channels: Vec::new(),
                throttle_rate: None,
                disabled: None,
                metadata: BTreeMap::default(),
                headers: BTreeMap::default(),
                keys: SigningKeys::new(SigningKey::generate_hmac(&rng)),
                timeout: None,
                ordering: Ordering::None,
                retry_schedule: None,
                failing_since: None,
                created_at: now,
                updated_at: now,
            };
            endpoints.push(endpoint.id.row());
            store.create_endpoint(scope, endpoint, None).await.expect("it is new");
        }
        tenants.push((scope.app().row(), endpoints));
    }
    tenants
}

fn fill(dir: &Path, tenants: &[Tenant], messages: u64, is_long: bool) -> rusqlite::Result<()> {
    let mut conn = Connection::open(dir.join("postrider.db"))?;
    conn.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA wal_autocheckpoint = 20000",
    )?;
    let rng = SystemRng::new();
    let now = SystemClock::default().now();
    let since = now.before(Duration::from_secs(DAYS * 24 * 3_600));
    let step = Duration::from_secs(DAYS * 24 * 3_600).as_micros() / u128::from(messages);
    let at = |number: u64| since.after(Duration::from_micros((step * u128::from(number)) as u64));
    let mut number = 0;
    while number < messages {
        let transaction = conn.transaction()?;
        {
            let mut message = transaction.prepare(
                "INSERT INTO message (row, id, app_row, event_type, payload) VALUES (?, ?, ?, ?, ?)",
            )?;
            let mut delivery = transaction.prepare(
                "INSERT INTO delivery (message_row, endpoint_row, state, attempts, uncounted, trigger, due)
                 VALUES (?, ?, ?, ?, 0, 0, ?)",
            )?;
            let mut attempt = transaction.prepare(
                "INSERT INTO attempt (row, id, message_row, endpoint_row, number, at, trigger, succeeded, status_code,
                     url, timings, request_headers, response_headers, response)
                 VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, 'https://receiver.example/webhooks', ?, ?, ?, x'6f6b')",
            )?;
            for number in number..messages.min(number + 100_000) {
                let mut tail = [0; 28];
                rng.fill(&mut tail);
                let chance = u64::from_be_bytes(tail[20..].try_into().expect("eight bytes"));
                // Several messages may be of one tick: their rows count on.
                let row = first_row_at(at(number)) + (number as i64 & 0xffff) * 2;
                let (app_row, endpoints) = &tenants[(chance % APPS as u64) as usize];
                let endpoint = endpoints[(chance / 32 % ENDPOINTS as u64) as usize];
                let event_type = if (chance / 1_024).is_multiple_of(100_000) {
                    "rare.event".to_owned()
                } else {
                    format!("kind{}.event", chance / 4_096 % 25)
                };
                let body = if is_long { long_body(chance, &tail) } else { short_body(chance) };
                let (state, attempts, code) = match chance / 16_384 % 1_000 {
                    0..5 => (4, 8, 503),
                    5..10 => (0, 2, 500),
                    _ => (3, 1, 200),
                };
                let due = (state == 0).then(|| now.as_micros());
                message.execute(params![row, id(row, &tail), app_row, event_type, body.as_bytes()])?;
                delivery.execute(params![row, endpoint, state, attempts, due])?;
                attempt.execute(params![
                    row + 1,
                    id(row + 1, &tail),
                    row,
                    endpoint,
                    attempts,
                    at(number).as_micros(),
                    state == 3,
                    code,
                    [1_u8; 20],
                    [b'h'; 350],
                    [b'h'; 150]
                ])?;
            }
        }
        transaction.commit()?;
        number += 100_000;
    }
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
}

fn short_body(chance: u64) -> String {
    format!(
        r#"{{"customer":{{"id":"cus_{:06}"}},"total":{},"text":"{}"}}"#,
        chance / 65_536 % 100_000,
        chance % 997,
        "x".repeat(140)
    )
}

/// About 500 bytes: four ids, two of them random, an address, times, and words.
fn long_body(chance: u64, tail: &[u8; 28]) -> String {
    const WORDS: [&str; 16] = [
        "lamp", "chair", "round", "green", "oak", "table", "small", "garden", "steel", "light", "cotton",
        "blue", "large", "kitchen", "paper", "wool",
    ];
    let hex = |bytes: &[u8]| format!("{:016x}", u64::from_be_bytes(bytes.try_into().expect("eight bytes")));
    let words: Vec<&str> = tail[..20].iter().map(|byte| WORDS[usize::from(byte % 16)]).collect();
    format!(
        r#"{{"customer":{{"id":"cus_{:06}","email":"{}.{}@customer.example","country":"DE"}},"order":{{"id":"ord_{}","created":"2026-0{}-1{}T1{}:2{}:3{}Z","total":{},"currency":"EUR"}},"payment":{{"id":"pay_{}","method":"card","last4":"{:04}"}},"lines":[{{"sku":"SKU-{}","quantity":{},"name":"{}"}},{{"sku":"SKU-{}","quantity":1,"name":"{}"}}],"note":"{}"}}"#,
        chance / 65_536 % 100_000,
        words[0],
        words[1],
        hex(&tail[..8]),
        1 + tail[3] % 9,
        tail[4] % 10,
        tail[5] % 10,
        tail[6] % 10,
        tail[7] % 10,
        chance % 99_997,
        hex(&tail[8..16]),
        chance % 10_000,
        chance / 7 % 5_000,
        1 + tail[8] % 9,
        words[2..6].join(" "),
        chance / 11 % 5_000,
        words[6..10].join(" "),
        words[10..].join(" ")
    )
}

/// Puts everything into the payload index.
async fn index(store: &Sqlite, dir: &Path) {
    let size = || std::fs::metadata(dir.join("postrider.db")).map_or(0, |file| file.len());
    let (began, before, mut messages, mut longest) = (Instant::now(), size(), 0, Duration::ZERO);
    loop {
        let pass = Instant::now();
        let now = SystemClock::default().now();
        let indexed = store.index_payloads(SystemScope::assume(), now, 250).await.expect("it is indexed");
        messages += indexed.messages;
        longest = longest.max(pass.elapsed());
        if !indexed.more {
            break;
        }
    }
    let took = began.elapsed();
    let bytes = size().saturating_sub(before) as f64 / messages.max(1) as f64;
    println!(
        "{messages} messages indexed in {took:.1?}, {bytes:.0} bytes each, the longest pass {longest:.1?}"
    );
}

/// The searches that the payload index is for, to their end.
async fn rare(store: &Sqlite, how: &str) {
    let system = SystemScope::assume();
    let environment = store.environments(system.instance()).await.expect("it reads").remove(0).id;
    let all = SearchScope::Environment(system.environment(environment));
    println!("{how}:");
    for text in [
        "\"cus_000042\"",
        "body.customer.id:\"cus_000042\"",
        "\"nowhere to be found\"",
        "\"wool lamp oak\" type:rare.event",
        "invoice",
    ] {
        whole(store, all, text).await;
    }
}

fn id(row: i64, tail: &[u8; 28]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&row.to_be_bytes());
    bytes[8..].copy_from_slice(&tail[..12]);
    bytes
}

async fn measure(store: &Sqlite) {
    let system = SystemScope::assume();
    let environment = store.environments(system.instance()).await.expect("it reads").remove(0).id;
    let scope = system.environment(environment);
    let page = Page { limit: 1, edge: None, order: None };
    let app = store.apps(scope, AppFilter::default(), page).await.expect("it reads").rows.remove(0);
    let own = system.app(environment, app.id);
    let endpoint = store.all_endpoints(own).await.expect("it reads")[0].id;
    let (all, one) = (SearchScope::Environment(scope), SearchScope::App(own));
    let newest = newest(store, scope).await;
    let endpoint_failed = format!("endpoint:{endpoint} status:failed");
    let endpoint = format!("endpoint:{endpoint}");
    println!(
        "| query | first page, median | slowest | found | looked at | came back |\n|---|--:|--:|--:|--:|--:|"
    );
    for (name, scope, text) in [
        ("everything", all, ""),
        ("everything, one application", one, ""),
        ("one message", all, newest.as_str()),
        ("endpoint:…", all, endpoint.as_str()),
        ("endpoint:… status:failed", all, &endpoint_failed),
        ("status:failed", all, "status:failed"),
        ("status:failed, one application", one, "status:failed"),
        ("code:5xx", all, "code:5xx"),
        ("code:5xx since:7d until:6d", all, "code:5xx since:7d until:6d"),
        ("type:kind7.*", all, "type:kind7.*"),
        ("type:rare.event", all, "type:rare.event"),
        ("status:pending", all, "status:pending"),
        ("latency:>10s", all, "latency:>10s"),
        ("body.customer.id:\"cus_000042\"", all, "body.customer.id:\"cus_000042\""),
        ("body.customer.id:… status:failed", all, "body.customer.id:\"cus_000042\" status:failed"),
        ("\"cus_000042\"", all, "\"cus_000042\""),
    ] {
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..RUNS {
            let began = Instant::now();
            let page = Page { limit: 50, edge: None, order: None };
            last = Some(store.search_deliveries(scope, search(text), page).await.expect("it reads"));
            times.push(began.elapsed());
        }
        let last = last.expect("there are runs");
        let back = last.reached.map_or("-".to_owned(), |reached| {
            let ago = SystemClock::default().now().since(reached);
            format!("{:.1} d", ago.as_secs_f64() / 86_400.0)
        });
        let back = if last.next.is_none() { "all".to_owned() } else { back };
        report(name, times, last.rows.len(), last.looked, &back);
    }
    for text in ["", "code:5xx"] {
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..RUNS {
            let began = Instant::now();
            last = Some(store.facets(all, search(text)).await.expect("it reads"));
            times.push(began.elapsed());
        }
        let last = last.expect("there are runs");
        report(&format!("facets of {text:?}"), times, last.matched as usize, last.looked, "");
    }
    whole(store, all, "type:rare.event").await;
    whole(store, all, "\"cus_000042\"").await;
}

/// Follows a search to its end, as a person who keeps asking for more does.
async fn whole(store: &Sqlite, scope: SearchScope, text: &str) {
    let (began, mut edge, mut pages, mut found, mut looked) = (Instant::now(), None, 0, 0, 0);
    loop {
        let page = Page { limit: 250, edge, order: None };
        let searched = store.search_deliveries(scope, search(text), page).await.expect("it reads");
        (pages, found, looked) = (pages + 1, found + searched.rows.len(), looked + searched.looked);
        let Some(next) = searched.next else { break };
        edge = Some(postrider_store::Edge::After(next));
    }
    println!("{text} to the end: {found} found, {looked} looked at, {pages} pages, {:.1?}", began.elapsed());
}

async fn newest(store: &Sqlite, scope: EnvironmentScope) -> String {
    let page = Page { limit: 1, edge: None, order: None };
    let found = store.search_messages(SearchScope::Environment(scope), search(""), page).await;
    let id: Option<MessageId> = found.expect("it reads").rows.first().map(|hit| hit.message.id);
    id.map_or_else(String::new, |id| id.to_string())
}

fn search(text: &str) -> Search {
    let now: Timestamp = SystemClock::default().now();
    Search { query: text.parse().expect("a query"), now, effort: EFFORT }
}

fn report(name: &str, mut times: Vec<Duration>, found: usize, looked: u64, back: &str) {
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("| {name} | {median:.1?} | {slowest:.1?} | {found} | {looked} | {back} |");
}
