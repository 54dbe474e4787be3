//! The server is killed under full load, again and again, and nothing that it acknowledged is lost.
//!
//! Everything is judged from outside: publishers write down what they sent and what was acknowledged ([`publisher`]),
//! receivers what came ([`receiver`]), and [`oracle`] compares the two, with the database as a third witness after the
//! last clean stop. `POSTRIDER_TORTURE_ROUNDS` sets the number of kills, `POSTRIDER_TORTURE_SECONDS` the
//! longest time between them, and `POSTRIDER_TORTURE_SEED` repeats a run's choices (though not its timing).

mod oracle;
mod publisher;
mod receiver;

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_core::rng::{Rng as _, SystemRng, TestRng};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{Binary, Client, KEY, alone, await_until, new_app, new_endpoint};
use publisher::{Books, Topic, publish_all};
use receiver::{Endpoint, Receivers};

/// Kills in an ordinary run, and under CI.
const ROUNDS: u64 = 5;
const ROUNDS_IN_CI: u64 = 30;
/// How long a server is under load before it is killed, in milliseconds: the shortest time, and the longest unless it
/// is set.
const LIFE_MIN_MS: u64 = 200;
const LIFE_MAX_MS: u64 = 1_500;
/// Publishers of each application: together they have the server at full speed.
const PUBLISHERS: u64 = 16;
/// How long the last server may take to deliver what is left. The retries of what failed once take a second each.
const DRAIN: Duration = Duration::from_secs(60);
const ARGUMENTS: [&str; 3] = ["serve", "--set", "egress.allow=127.0.0.0/8"];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Two applications: one has an endpoint for everything and one for some event types, the other has one endpoint.
async fn set_up(client: &Client, receivers: &Receivers) -> [Arc<str>; 2] {
    let apps = [new_app(client, "torture 0").await, new_app(client, "torture 1").await];
    for endpoint in Endpoint::ALL {
        let app = &apps[endpoint.app()];
        let types: Vec<_> =
            Topic::ALL.into_iter().filter(|topic| endpoint.wants(*topic)).map(Topic::name).collect();
        let fields = json!({"retrySchedule": vec![0].into_iter().chain([1; 40]).collect::<Vec<_>>(), "filterTypes": types});
        let id = new_endpoint(client, app, &receivers.url(endpoint), fields).await;
        let secret = client.get(&format!("{app}/endpoint/{id}/secret")).await.must(200);
        receivers.trust(endpoint, secret["key"].as_str().unwrap());
    }
    apps.map(Arc::from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_settled_comes_again() {
    let _alone = alone().await;
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let rounds = number("POSTRIDER_TORTURE_ROUNDS").unwrap_or(if in_ci { ROUNDS_IN_CI } else { ROUNDS });
    let life_max_ms = number("POSTRIDER_TORTURE_SECONDS").map_or(LIFE_MAX_MS, |seconds| seconds * 1_000);
    let seed = number("POSTRIDER_TORTURE_SEED").unwrap_or_else(|| SystemRng::new().below(u64::MAX));
    println!("torture: {rounds} rounds, POSTRIDER_TORTURE_SEED={seed}");
    let rng = TestRng::seed(seed);

    let receivers = Receivers::start(seed).await;
    let mut server = Binary::serve().await;
    let apps = set_up(&server.client(), &receivers).await;
    let (books, (is_up, watched)) = (Books::default(), watch::channel(true));
    let mut publishers = JoinSet::new();
    for publisher in 0..PUBLISHERS * apps.len() as u64 {
        let app = publisher as usize % apps.len();
        let client = Client::of(server.address).with_key(KEY);
        publishers.spawn(publish_all(client, app, Arc::clone(&apps[app]), books.clone(), watched.clone()));
    }

    let mut slowest_start = Duration::ZERO;
    for _ in 0..rounds {
        let life = LIFE_MIN_MS + rng.below(life_max_ms.saturating_sub(LIFE_MIN_MS));
        tokio::time::sleep(Duration::from_millis(life)).await;
        let address = server.address;
        is_up.send_replace(false);
        let data = server.kill();
        receivers.next_life().await;
        let began = Instant::now();
        server = Binary::spawn(&ARGUMENTS, &[], data, address);
        server.ready().await;
        slowest_start = slowest_start.max(began.elapsed());
        is_up.send_replace(true);
    }
    // A life that ends well, with load to the end.
    tokio::time::sleep(Duration::from_millis(life_max_ms)).await;
    publishers.abort_all();
    while publishers.join_next().await.is_some() {}

    let sent = books.close();
    let missing = receivers.wait_until(DRAIN, |arrivals| oracle::first_missing(&sent, arrivals)).await;
    assert_eq!(missing, None, "acknowledged and lost");
    let file = server.data.path().join("postrider.db");
    // What nobody acknowledged may have been accepted all the same; then it has to arrive as well.
    await_until("nothing to be left", async || (oracle::unfinished(&file) == 0).then_some(())).await;
    server.terminate();
    assert_eq!(server.ended(Duration::from_secs(30)).await, Some(0));

    let arrivals = receivers.arrivals();
    let verdict = oracle::judge(&sent, &arrivals, rounds);
    oracle::examine(&file, &arrivals);
    println!("torture: {verdict}, slowest start {slowest_start:?}");
    assert!(verdict.acknowledged > rounds * 20, "there was hardly any load: {verdict}");
}
