//! A node that is cut off, stopped, or whose database was away: what it owns then, and afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_core::delivery::State;
use postrider_core::scope::SystemScope;
use postrider_store::cluster::{Notice, Notices};
use postrider_store::partition::{LANE_PARTITIONS, Partitions};
use postrider_store::postgres::{Options, Postgres};
use postrider_store::{AcceptError, Error, Health, Placement, Settled, Store};

use crate::database::Database;
use crate::proxy::{Plan, Proxy};
use crate::sender::until;
use crate::things::Things;

const LEASE: Duration = Duration::from_secs(1);

/// A node that reaches its database through a door.
async fn behind(database: &Database, lease: Duration) -> (Proxy, Postgres) {
    let proxy = Proxy::start(database.authority());
    let options = database.options();
    let url = options.url.replacen(database.authority(), &format!("127.0.0.1:{}", proxy.port), 1);
    let store = Postgres::open(&Options { url, lease, ..options }).await.unwrap();
    (proxy, store)
}

async fn next_of_ownership(notices: &mut Notices) -> Notice {
    loop {
        match notices.recv().await.expect("the store is open") {
            Notice::Look | Notice::Waiting(_) | Notice::Changed(_) => {}
            ownership => return ownership,
        }
    }
}

async fn cut_off(plan: Plan, name: &str) {
    let Some(database) = Database::new(name).await else { return };
    let (proxy, paused) = behind(&database, LEASE).await;
    let things = Things::make(&paused).await;
    let message = things.accept(&paused).await.0;
    let other = Postgres::open(&Options { lease: LEASE, ..database.options() }).await.unwrap();
    other.take_over(SystemScope::assume()).await.unwrap();
    let mut notices = paused.cluster().notices().unwrap();
    while next_of_ownership(&mut notices).await != Notice::Leaving(other_share(&other)) {}

    let cut = Instant::now();
    proxy.set(plan);
    until("it owns nothing by its own clock", || !paused.cluster().in_lease()).await;
    let silent = cut.elapsed();
    assert!(silent < LEASE, "{silent:?}: its lease ends before that of the others");
    assert!(!paused.cluster().owns(things.endpoint));
    assert!(other.cluster().view().owned < LANE_PARTITIONS, "nobody has taken anything yet");
    assert_eq!(next_of_ownership(&mut notices).await, Notice::Lost(Partitions::ALL));
    until("the other one has it all", || other.cluster().view().owned == LANE_PARTITIONS).await;
    println!("silent after {silent:?}, taken after {:?} (lease {LEASE:?})", cut.elapsed());
    until_waits(&things, &other, message).await;

    proxy.set(Plan::Open);
    until("it learns that it is out", || paused.health() == Health::Broken).await;
    assert!(!paused.cluster().in_lease());
    let refused =
        paused.settle(SystemScope::assume(), vec![things.success(message)].into(), Vec::new()).await;
    assert!(matches!(refused, Err(Error::Broken(_))), "{refused:?}");
    let refused = things.accept(&paused).await.1;
    assert!(matches!(refused, Err(AcceptError::Store(Error::Broken(_)))), "{refused:?}");
    assert_eq!(things.claim(&other).await, [message], "it is the other one's now");
    other.close().await.unwrap();
    drop(paused);
    database.drop_schema().await;
}

fn other_share(other: &Postgres) -> Partitions {
    let all: Partitions = (0..LANE_PARTITIONS).collect();
    let view = other.cluster().view();
    let holders: Vec<_> = view.nodes.iter().map(|node| node.holder).collect();
    all.iter().filter(|part| postrider_store::partition::owner(*part, &holders) == view.me).collect()
}

async fn until_waits(things: &Things, store: &Postgres, message: postrider_core::id::MessageId) {
    let began = Instant::now();
    while things.state(store, message).await != State::Waiting {
        assert!(began.elapsed() < Duration::from_secs(30), "what it held is put back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_whose_connections_break_is_out() {
    cut_off(Plan::Shut, "one_whose_connections_break_is_out").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_gets_no_answers_is_out() {
    cut_off(Plan::Hang, "one_that_gets_no_answers_is_out").await;
}

/// Its beat is stopped, and nothing else: the store answers, and everything it answers is safe.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_out_of_its_lease_takes_nothing_into_its_hands() {
    let Some(database) = Database::new("one_out_of_its_lease").await else { return };
    let store = Postgres::open(&Options { lease: LEASE, ..database.options() }).await.unwrap();
    let things = Things::make(&store).await;
    let mut notices = store.cluster().notices().unwrap();
    assert_eq!(next_of_ownership(&mut notices).await, Notice::Gained(Partitions::ALL));
    let (held, accepted) = things.accept(&store).await;
    assert_eq!(accepted.unwrap().placements, [Placement::Held]);
    let mut client = database.client().await;
    let locked = client.transaction().await.unwrap();
    locked.batch_execute("SELECT FROM node FOR UPDATE").await.unwrap();
    assert_eq!(next_of_ownership(&mut notices).await, Notice::Lost(Partitions::ALL));
    assert!(!store.cluster().owns(things.endpoint));
    let (waits, accepted) = things.accept(&store).await;
    assert!(matches!(accepted.unwrap().placements[..], [Placement::Waiting { .. }]));
    assert_eq!(things.claim(&store).await, []);
    assert!(store.lanes_due(SystemScope::assume(), None, 10).await.unwrap().is_empty());
    // What it had begun is recorded, since nobody else has taken it.
    let settled = store.settle(SystemScope::assume(), vec![things.success(held)].into(), Vec::new()).await;
    assert!(matches!(settled.unwrap()[..], [Settled::Recorded { .. }]));
    locked.rollback().await.unwrap();
    assert_eq!(next_of_ownership(&mut notices).await, Notice::Gained(Partitions::ALL));
    assert_eq!(things.claim(&store).await, [waits]);
    store.close().await.unwrap();
    database.drop_schema().await;
}

/// All nodes lose the database for longer than a lease. When it is back nobody is fenced, and everybody keeps what it had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_away_fences_nobody() {
    let Some(database) = Database::new("a_database_that_was_away").await else { return };
    let nodes = [behind(&database, LEASE).await, behind(&database, LEASE).await];
    let things = Things::make(&nodes[0].1).await;
    let (message, accepted) = things.accept(&nodes[0].1).await;
    assert_eq!(accepted.unwrap().placements, [Placement::Held]);
    for (proxy, _) in &nodes {
        proxy.set(Plan::Shut);
    }
    tokio::time::sleep(LEASE * 3).await;
    assert!(nodes.iter().all(|(_, store)| !store.cluster().in_lease()));
    for (proxy, _) in &nodes {
        proxy.set(Plan::Open);
    }
    until("both are back", || nodes.iter().all(|(_, store)| store.cluster().in_lease())).await;
    tokio::time::sleep(LEASE * 2).await;
    assert!(nodes.iter().all(|(_, store)| store.health() == Health::Ready && store.cluster().in_lease()));
    let settled =
        nodes[0].1.settle(SystemScope::assume(), vec![things.success(message)].into(), Vec::new()).await;
    assert!(matches!(settled.unwrap()[..], [Settled::Recorded { .. }]), "it is still its own");
    for (_, store) in &nodes {
        store.close().await.unwrap();
    }
    database.drop_schema().await;
}

/// What was decided when a partition was still owned is through before the next owner can take it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_over_waits_for_what_is_queued() {
    let Some(database) = Database::new("a_hand_over_waits").await else { return };
    let store = Arc::new(database.open().await);
    let things = Arc::new(Things::make(&*store).await);
    let client = database.client().await;
    // It must not take back at once what nobody else wants.
    client.batch_execute("UPDATE node SET roles = 'api'").await.unwrap();
    let accepts: Vec<_> = (0..200)
        .map(|_| {
            let (store, things) = (Arc::clone(&store), Arc::clone(&things));
            tokio::spawn(async move { things.accept(&*store).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.hand_over(SystemScope::assume(), Partitions::ALL).await.unwrap();
    let held = "SELECT count(*) FROM delivery WHERE state = 1";
    let before: i64 = client.query_one(held, &[]).await.unwrap().get(0);
    for accept in accepts {
        accept.await.unwrap().1.unwrap();
    }
    let after: i64 = client.query_one(held, &[]).await.unwrap().get(0);
    assert_eq!(before, after, "nothing is held after it was handed over");
    store.close().await.unwrap();
    database.drop_schema().await;
}
