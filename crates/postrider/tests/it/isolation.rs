//! One endpoint's trouble is its own: others keep their pace, and it is left alone until it is well.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    Answer, Binary, Client, Gate, Latencies, Neighbour, Scene, Sink, alone, await_until, free_port, new_app,
    new_endpoint, publish, resident_bytes,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How the neighbours fare when `hanging` of the ten endpoints of one of them never answer: that one, and another.
async fn latencies(hanging: usize) -> [Latencies; 2] {
    const TIME: Duration = Duration::from_secs(8);
    const PACE: Duration = Duration::from_millis(20);
    let server = Binary::serve_beside_no_disk().await;
    let client = server.client();
    let hole = Sink::start(|_| std::future::pending()).await;
    let holes = vec![hole.url("/"); hanging];
    let mut own = Neighbour::with_endpoints(&client, 10 - hanging, &holes, PACE).await;
    let mut other = Neighbour::of(&client).await;
    let (((), beside_other), beside_own) = own.beside(other.beside(tokio::time::sleep(TIME))).await;
    [beside_own, beside_other]
}

/// Half of an application's endpoints hang until the deadline. The other half, and everybody else, must not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_endpoints_slow_nobody_else() {
    let _alone = alone().await;
    let (calm, beside) = (latencies(0).await, latencies(5).await);
    for (calm, beside) in calm.iter().zip(&beside) {
        println!("p99 calm {:?}, beside {:?}", calm.p99(), beside.p99());
        beside.assert_like(calm);
    }
}

/// After failures in a row the endpoint is left alone; then one delivery is tried, and the rest follows when that one
/// has arrived.
#[tokio::test]
async fn failing_endpoint_is_paused_probed_and_brought_back() {
    const MESSAGES: usize = 100;
    let scene = Scene::endpoint(json!({"retrySchedule": vec![1; 50]})).await;
    let gate = Gate::shut();
    scene.receiver.script("/hook", [Answer::status(500)]);
    for n in 0..MESSAGES {
        scene.publish(n as u64).await;
    }
    let paused = await_until("the endpoint to be paused", async || {
        let text = scene.client.get("/metrics").await.text();
        text.contains("\npostrider_dispatch_lanes_paused 1").then(|| scene.receiver.count())
    })
    .await;
    assert!((10..MESSAGES).contains(&paused), "{paused} attempts before the pause");

    // The first probe waits at the gate: nothing else comes while it does.
    scene.receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let before = scene.receiver.count();
    scene.server.clock.advance(Duration::from_secs(6));
    scene.receiver.wait("/hook", before + 1).await;
    scene.server.clock.advance(Duration::from_secs(2));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(scene.receiver.count(), before + 1, "one probe at a time");

    gate.open();
    let all_came = |requests: &[crate::support::Received]| {
        let came: BTreeSet<_> =
            requests[before..].iter().map(|request| request.header("webhook-id").to_owned()).collect();
        came.len() == MESSAGES
    };
    scene.receiver.wait_until("all messages", all_came).await;
}

#[tokio::test]
async fn gone_endpoint_is_disabled_at_once() {
    let scene = Scene::new().await;
    scene.receiver.script("/hook", [Answer::status(410)]);
    scene.publish(1).await;
    let endpoint = disabled(&scene).await;
    assert_eq!(endpoint["disabledReason"], "gone", "{endpoint}");
    let before = scene.receiver.count();
    let later = scene.publish(2).await;
    // Its delivery, if it has one at all, waits until somebody enables the endpoint.
    let listed = scene.client.get(&format!("{}/attempt/msg/{later}", scene.app)).await.must(200);
    assert_eq!((listed["data"].as_array().unwrap().len(), scene.receiver.count()), (0, before));

    scene.receiver.script("/hook", [Answer::status(200)]);
    scene.client.patch(&scene.endpoint, json!({"disabled": false})).await.must(200);
    scene.publish(3).await;
    scene
        .receiver
        .wait_until("what was published last", |requests| {
            requests.iter().any(|request| request.json()["n"] == 3)
        })
        .await;
}

/// Five days without a success, by a clock that a test puts forward.
#[tokio::test]
async fn endpoint_that_fails_for_five_days_is_disabled() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 3600, 3600, 3600]})).await;
    scene.receiver.script("/hook", [Answer::status(500)]);
    let message = scene.publish(1).await;
    scene.attempts(&message, 1).await;
    scene.server.clock.advance(4 * DAY + DAY / 2);
    scene.attempts(&message, 2).await;
    let endpoint = scene.client.get(&scene.endpoint).await.must(200);
    assert_eq!(endpoint["disabled"], false, "not yet: {endpoint}");
    scene.server.clock.advance(DAY);
    scene.attempts(&message, 3).await;
    let endpoint = disabled(&scene).await;
    assert_eq!(endpoint["disabledReason"], "failing", "{endpoint}");
}

/// Waits until the endpoint is disabled.
async fn disabled(scene: &Scene) -> Value {
    await_until("the endpoint to be disabled", async || {
        let endpoint = scene.client.get(&scene.endpoint).await.must(200);
        (endpoint["disabled"] == true).then_some(endpoint)
    })
    .await
}

/// What waits for a dead endpoint waits on the disk, not in memory, and all of it arrives when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backlog_of_a_dead_endpoint_waits_on_the_disk() {
    const MESSAGES: usize = 20_000;
    /// Well below what the payloads alone would take.
    const GROWTH_MAX: f64 = 64.0 * 1024.0 * 1024.0;
    let _alone = alone().await;
    let server = Binary::serve_beside_no_disk().await;
    let client = server.client();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let app = new_app(&client, "dead").await;
    let fields = json!({"retrySchedule": vec![1; 50]});
    let endpoint = new_endpoint(&client, &app, &format!("http://{address}/"), fields).await;
    let before = resident_bytes(&client).await;
    publish_backlog(&client, &app, MESSAGES).await;
    let grown = resident_bytes(&client).await - before;
    println!("{:.1} MiB for {MESSAGES} waiting", grown / 1024.0 / 1024.0);
    assert!(grown < GROWTH_MAX, "{:.1} MiB more than before", grown / 1024.0 / 1024.0);

    let (seen, arrived) = (Arc::<Mutex<BTreeSet<u64>>>::default(), Arc::<AtomicUsize>::default());
    let (book, counter) = (Arc::clone(&seen), Arc::clone(&arrived));
    let _sink = Sink::start_at(address, move |request: Request<Bytes>| {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        book.lock().unwrap().insert(body["n"].as_u64().unwrap());
        counter.fetch_add(1, Ordering::Relaxed);
        async { 200 }
    })
    .await;
    // Its owner says that it is back, which ends the pause.
    client.patch(&format!("{app}/endpoint/{endpoint}"), json!({"description": "back again"})).await.must(200);
    await_until("the whole backlog", async || (seen.lock().unwrap().len() == MESSAGES).then_some(())).await;
    assert_eq!(arrived.load(Ordering::Relaxed), MESSAGES, "nothing came twice");
}

/// Publishes `{"n": 0..count}` with 4 KiB each, over several connections.
async fn publish_backlog(client: &Client, app: &str, count: usize) {
    const PUBLISHERS: usize = 8;
    let next = Arc::new(AtomicUsize::new(0));
    let mut publishers = tokio::task::JoinSet::new();
    for _ in 0..PUBLISHERS {
        let (client, app, next) = (client.clone(), app.to_owned(), Arc::clone(&next));
        publishers.spawn(async move {
            let filling = "x".repeat(4_096);
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    break;
                }
                publish(&client, &app, json!({"eventType": "t", "payload": {"n": n, "filling": filling}}))
                    .await;
            }
        });
    }
    while let Some(done) = publishers.join_next().await {
        done.unwrap();
    }
}
