//! Order: at an endpoint that asks for it, and among messages with the same key.
//!
//! Receivers log each request with what they answered. The order is right when the log has each number again and again
//! until it succeeds, and only then the next one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use postrider_core::rng::{Rng as _, TestRng};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{
    Answer, Binary, Client, Gate, PATIENCE, Scene, Sink, await_until, new_app, new_endpoint, publish,
};

/// A schedule that never ends within a test and has no waits.
fn at_once() -> Value {
    json!(vec![0; 50])
}

/// A receiver that refuses some of what comes, by chance, and logs `n` of each payload with the status it gave.
struct Log {
    sink: Sink,
    entries: Arc<Mutex<Vec<(u64, u16)>>>,
    length: watch::Receiver<usize>,
}

impl Log {
    /// `percent` of the requests are refused, after `open` is true.
    async fn refusing(percent: u64, seed: u64, open: watch::Receiver<bool>) -> Self {
        let entries = Arc::<Mutex<Vec<(u64, u16)>>>::default();
        let (rng, (grown, length)) = (Arc::new(TestRng::seed(seed)), watch::channel(0));
        let log = Arc::clone(&entries);
        let sink = Sink::start(move |request: Request<Bytes>| {
            let (log, rng, grown, mut open) =
                (Arc::clone(&log), Arc::clone(&rng), grown.clone(), open.clone());
            async move {
                let body: Value = serde_json::from_slice(request.body()).unwrap();
                open.wait_for(|open| *open).await.unwrap();
                let status = if rng.below(100) < percent { 500 } else { 200 };
                log.lock().unwrap().push((body["n"].as_u64().unwrap(), status));
                grown.send_modify(|length| *length += 1);
                status
            }
        })
        .await;
        Self { sink, entries, length }
    }

    fn entries(&self) -> Vec<(u64, u16)> {
        self.entries.lock().unwrap().clone()
    }

    /// Waits until `count` different numbers have succeeded.
    async fn succeeded(&mut self, count: usize) {
        let entries = Arc::clone(&self.entries);
        let enough = |_: &usize| {
            let entries = entries.lock().unwrap();
            let mut done: Vec<_> =
                entries.iter().filter(|(_, status)| *status == 200).map(|(n, _)| n).collect();
            done.dedup();
            done.len() >= count
        };
        let in_time = tokio::time::timeout(PATIENCE, self.length.wait_for(enough)).await.is_ok();
        assert!(in_time, "{count} successes in {:?}", self.entries());
    }
}

/// What a log is when each number of `0..count` is tried until it succeeds, and only then the next.
#[track_caller]
fn assert_in_order(entries: &[(u64, u16)], count: u64) {
    let mut next = 0;
    for (position, (n, status)) in entries.iter().enumerate() {
        assert_eq!(*n, next, "entry {position} of {entries:?}");
        next += u64::from(*status == 200);
    }
    assert_eq!(next, count);
}

async fn publish_numbers(client: &Client, app: &str, count: u64) {
    for n in 0..count {
        publish(client, app, json!({"eventType": "t", "payload": {"n": n}})).await;
    }
}

#[tokio::test]
async fn fifo_keeps_the_order_through_failures() {
    let scene = Scene::new().await;
    let (_open, is_open) = watch::channel(true);
    let mut log = Log::refusing(30, 7, is_open).await;
    let app = new_app(&scene.client, "fifo").await;
    let fields = json!({"ordering": "fifo", "retrySchedule": at_once()});
    new_endpoint(&scene.client, &app, &log.sink.url("/"), fields).await;
    publish_numbers(&scene.client, &app, 100).await;
    log.succeeded(100).await;
    assert_in_order(&log.entries(), 100);
    assert!(log.entries().len() > 110, "some were refused");
}

/// The head has no attempts left by its schedule, and is tried all the same, for what is behind it must not overtake.
#[tokio::test]
async fn fifo_waits_for_a_head_that_has_used_up_its_schedule() {
    let scene = Scene::endpoint(json!({"ordering": "fifo", "retrySchedule": [0, 0]})).await;
    let gate = Gate::shut();
    let (refuse, last) = (Answer::status(500), Answer::status(200).when(&gate));
    scene.receiver.script("/hook", [refuse.clone(), refuse.clone(), refuse, last]);
    scene.publish(0).await;
    scene.publish(1).await;
    let tried = scene.receiver.wait("/hook", 4).await;
    assert!(tried.iter().all(|request| request.json()["n"] == 0), "{tried:?}");
    gate.open();
    assert_eq!(scene.receiver.wait("/hook", 5).await[4].json()["n"], 1);
}

#[tokio::test]
async fn fifo_goes_on_when_a_person_skips_the_head() {
    let scene = Scene::endpoint(json!({"ordering": "fifo", "retrySchedule": [0, 3600]})).await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(200)]);
    let head = scene.publish(0).await;
    scene.publish(1).await;
    scene.publish(2).await;
    scene.attempts(&head, 1).await;
    let skip = format!("{}/msg/{head}/endpoint/{}/skip", scene.app, scene.endpoint_id);
    let skipped = scene.client.post(&skip, json!({})).await;
    assert!((200..300).contains(&skipped.status), "{skipped}");
    let numbers: Vec<_> =
        scene.receiver.wait("/hook", 3).await.iter().map(|request| request.json()["n"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2]);
    scene.status(&head, 4).await;
}

/// Among many keys at once, through failures.
#[tokio::test]
async fn keys_keep_their_order_and_go_side_by_side() {
    const KEYS: u64 = 10;
    let scene = Scene::new().await;
    let (_open, is_open) = watch::channel(true);
    let mut log = Log::refusing(20, 11, is_open).await;
    let app = new_app(&scene.client, "keyed").await;
    new_endpoint(&scene.client, &app, &log.sink.url("/"), json!({"retrySchedule": at_once()})).await;
    for n in 0..200 {
        let key = format!("key-{}", n % KEYS);
        let message = json!({"eventType": "t", "payload": {"n": n}, "orderingKey": key});
        publish(&scene.client, &app, message).await;
    }
    log.succeeded(200).await;
    let mut by_key: HashMap<u64, Vec<(u64, u16)>> = HashMap::new();
    for (n, status) in log.entries() {
        by_key.entry(n % KEYS).or_default().push((n / KEYS, status));
    }
    for entries in by_key.values() {
        assert_in_order(entries, 20);
    }
}

/// Nothing but the same key waits for what is stuck.
#[tokio::test]
async fn a_stuck_key_delays_no_other() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 3600]})).await;
    scene.receiver.script("/hook", [Answer::status(500), Answer::status(200)]);
    let message = |n: u64, key: Value| json!({"eventType": "t", "payload": {"n": n}, "orderingKey": key});
    let stuck = scene.publish_this(message(0, json!("stuck"))).await;
    scene.attempts(&stuck, 1).await;
    let behind = scene.publish_this(message(1, json!("stuck"))).await;
    scene.publish_this(message(2, json!("free"))).await;
    scene.publish_this(message(3, Value::Null)).await;
    scene.publish_this(message(4, json!("free"))).await;
    let mut came: Vec<_> = scene
        .receiver
        .wait("/hook", 4)
        .await
        .iter()
        .map(|request| request.json()["n"].as_u64().unwrap())
        .collect();
    came.sort_unstable();
    assert_eq!(came, [0, 2, 3, 4]);
    scene.status(&behind, 1).await;
}

/// The process is killed while a line of deliveries waits behind its head: the next one goes on where it stopped, and
/// at most the one that was on its way comes twice.
#[tokio::test]
async fn fifo_keeps_the_order_through_a_crash() {
    const COUNT: u64 = 200;
    let mut server = Binary::serve().await;
    let (open, is_open) = watch::channel(false);
    let mut log = Log::refusing(20, 13, is_open).await;
    let app = new_app(&server.client(), "fifo").await;
    let fields = json!({"ordering": "fifo", "retrySchedule": at_once()});
    new_endpoint(&server.client(), &app, &log.sink.url("/"), fields).await;
    publish_numbers(&server.client(), &app, COUNT).await;

    open.send_replace(true);
    let kills = [20, 100];
    for succeeded in kills {
        log.succeeded(succeeded).await;
        let address = server.address;
        let data = server.kill();
        server = Binary::spawn(&["serve", "--set", "egress.allow=127.0.0.0/8"], &[], data, address);
        server.ready().await;
    }
    log.succeeded(COUNT as usize).await;
    assert_arrived_once_but_for(&log.entries(), kills.len());
    // Nothing is left that could come again.
    let client = server.client();
    await_until("all to be settled", async || {
        let page = client.get(&format!("{app}/msg?limit=1")).await.must(200);
        let newest = page["data"][0]["id"].as_str().unwrap().to_owned();
        let page = client.get(&format!("{app}/msg/{newest}/endpoint")).await.must(200);
        (page["data"][0]["status"] == 0).then_some(())
    })
    .await;
}

/// Numbers never go back, and only so many succeeded twice.
#[track_caller]
fn assert_arrived_once_but_for(entries: &[(u64, u16)], twice_max: usize) {
    assert!(entries.is_sorted_by_key(|(n, _)| n), "{entries:?}");
    let successes: Vec<_> = entries.iter().filter(|(_, status)| *status == 200).map(|(n, _)| *n).collect();
    let twice = successes.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(twice <= twice_max, "{twice} came twice: {successes:?}");
    let mut once = successes.clone();
    once.dedup();
    assert!(once.iter().copied().eq(0..once.len() as u64), "none is missing: {once:?}");
}
