//! Several nodes share the endpoints: each has one owner at a time, whoever comes, goes or dies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_core::id::EndpointId;
use postrider_core::scope::SystemScope;
use postrider_store::cluster::{Cluster, Due, Notice};
use postrider_store::partition::{LANE_PARTITIONS, lane_partition};
use postrider_store::postgres::{Options, Postgres};
use postrider_store::{Placement, Store};
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::sender::{Sender, Sent, until};
use crate::things::Things;

const LEASE: Duration = Duration::from_secs(2);

fn options(database: &Database, roles: &str) -> Options {
    Options { lease: LEASE, roles: roles.to_owned(), ..database.options() }
}

/// An endpoint in each partition.
fn everywhere() -> Vec<EndpointId> {
    let mut found = vec![None; usize::from(LANE_PARTITIONS)];
    let mut row = 0_i64;
    while found.iter().any(Option::is_none) {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&row.to_be_bytes());
        found[usize::from(lane_partition(row))] = Some(EndpointId::from_bytes(bytes));
        row += 1;
    }
    found.into_iter().flatten().collect()
}

/// Looks all the time whether two nodes own the same. What one owns before and after another one does, both do.
fn watch(clusters: Vec<Arc<Cluster>>) -> JoinHandle<()> {
    let endpoints = everywhere();
    tokio::task::spawn_blocking(move || {
        while Arc::strong_count(&clusters[0]) > 1 {
            for endpoint in &endpoints {
                for (index, one) in clusters.iter().enumerate() {
                    for other in &clusters[index + 1..] {
                        let both = one.owns(*endpoint) && other.owns(*endpoint) && one.owns(*endpoint);
                        assert!(!both, "two nodes own {endpoint}");
                    }
                }
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    })
}

/// That these nodes own everything, each its fair share.
async fn fairly_shared(nodes: &[&Sender]) {
    let shares = || -> Vec<u16> { nodes.iter().map(|node| node.cluster().view().owned).collect() };
    let settled = || {
        nodes.iter().all(|node| {
            let view = node.cluster().view();
            view.owned == view.wanted && view.leaving == 0
        })
    };
    until("everything has an owner", || settled() && shares().iter().sum::<u16>() == LANE_PARTITIONS).await;
    let fair = LANE_PARTITIONS / nodes.len() as u16;
    assert!(shares().iter().all(|share| share.abs_diff(fair) < fair / 4), "{:?}", shares());
    let endpoints = everywhere();
    until("each endpoint has one owner", || {
        endpoints.iter().all(|e| nodes.iter().filter(|node| node.cluster().owns(*e)).count() == 1)
    })
    .await;
}

/// Publishes at all of `nodes` in turn until everything of it was sent, and says how often each was at most.
async fn all_sent(sent: &Sent, messages: &[postrider_core::id::MessageId]) {
    until("everything is sent", || {
        let sent = sent.lock();
        messages.iter().all(|message| sent.contains_key(message))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_what_they_send_and_move_it_in_peace() {
    let Some(database) = Database::new("nodes_share_what_they_send").await else { return };
    let first = Arc::new(Postgres::open(&options(&database, "api, dispatch")).await.unwrap());
    assert_eq!(first.cluster().view().owned, LANE_PARTITIONS, "the first has everything at once");
    let things = Arc::new(Things::make(&*first).await);
    let mut endpoints = vec![things.endpoint];
    for _ in 0..30 {
        endpoints.push(things.add_endpoint(&*first).await);
    }
    let sent = Sent::default();
    let a = Sender::of(first, &things, &sent).await;
    let b = Sender::start(&options(&database, "dispatch"), &things, &sent).await;
    let watched = watch(vec![Arc::clone(a.cluster()), Arc::clone(b.cluster())]);
    let mut messages = Vec::new();
    let publish = async |nodes: &[&Sender], messages: &mut Vec<_>| {
        for (index, endpoint) in endpoints.iter().cycle().take(100).enumerate() {
            messages.push(nodes[index % nodes.len()].publish(*endpoint).await.unwrap());
        }
    };
    // While partitions move to the second one, and then to the third.
    publish(&[&a, &b], &mut messages).await;
    fairly_shared(&[&a, &b]).await;
    let began = Instant::now();
    let c = Sender::start(&options(&database, "api,dispatch"), &things, &sent).await;
    publish(&[&a, &b, &c], &mut messages).await;
    fairly_shared(&[&a, &b, &c]).await;
    println!("a third node has its share after {:?}", began.elapsed());
    let view = c.cluster().view();
    assert_eq!(view.nodes.len(), 3);
    until("the view counts the partitions", || {
        let view = c.cluster().view();
        view.unowned == 0 && view.nodes.iter().all(|node| node.partitions > 200)
    })
    .await;
    // One leaves while the others publish.
    let began = Instant::now();
    let left = [&a, &c];
    tokio::join!(publish(&left, &mut messages), b.leave());
    fairly_shared(&[&a, &c]).await;
    println!("the share of one that left has moved after {:?}", began.elapsed());
    all_sent(&sent, &messages).await;
    let twice: Vec<_> = sent.lock().iter().filter(|(_, times)| **times != 1).map(|(id, _)| *id).collect();
    assert!(twice.is_empty(), "nothing is sent twice: {twice:?}");
    assert_eq!(sent.lock().len(), 300);
    a.leave().await;
    c.leave().await;
    watched.await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_node_had_moves_within_its_lease() {
    let Some(database) = Database::new("what_a_dead_node_had_moves").await else { return };
    let first = Arc::new(Postgres::open(&options(&database, "dispatch")).await.unwrap());
    let things = Arc::new(Things::make(&*first).await);
    let mut endpoints = Vec::new();
    for _ in 0..40 {
        endpoints.push(things.add_endpoint(&*first).await);
    }
    let sent = Sent::default();
    let a = Sender::of(first, &things, &sent).await;
    let b = Sender::start(&options(&database, "dispatch"), &things, &sent).await;
    fairly_shared(&[&a, &b]).await;
    // It takes messages into its hands and does nothing with them.
    b.idle.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut held = Vec::new();
    for endpoint in &endpoints {
        let mut acceptance = things.acceptance();
        acceptance.deliveries[0].endpoint = *endpoint;
        let message = acceptance.message.id;
        let placed = b.store.accept(things.scope, acceptance).await.unwrap().placements;
        assert_eq!(placed[0] == Placement::Held, b.cluster().owns(*endpoint), "only its own");
        held.push(message);
    }
    let began = Instant::now();
    drop(b.crash());
    until("the survivor has everything", || a.cluster().view().owned == LANE_PARTITIONS).await;
    let moved = began.elapsed();
    all_sent(&sent, &held).await;
    println!("moved after {moved:?}, sent after {:?} (lease {LEASE:?})", began.elapsed());
    assert!(moved < LEASE * 2, "{moved:?}");
    assert!(sent.lock().values().all(|times| *times == 1), "nothing of it was sent before");
    until("the dead one is seen as such", || {
        let view = a.cluster().view();
        view.nodes.iter().any(|node| node.fenced && node.partitions == 0)
    })
    .await;
    a.leave().await;
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_dispatch_owns_nothing_and_tells_the_owner() {
    let Some(database) = Database::new("one_that_does_not_dispatch").await else { return };
    // No beat comes to help.
    let api = Postgres::open(&Options { roles: "api".into(), ..database.options() }).await.unwrap();
    assert_eq!(api.cluster().view().owned, 0);
    let things = Things::make(&api).await;
    let placed = things.accept(&api).await.1.unwrap().placements;
    assert!(matches!(placed[..], [Placement::Waiting { .. }]), "{placed:?}");
    assert_eq!(things.claim(&api).await, []);
    assert!(api.lanes_due(SystemScope::assume(), None, 10).await.unwrap().is_empty());
    let dispatch = Postgres::open(&Options { roles: "dispatch".into(), ..database.options() }).await.unwrap();
    assert_eq!(dispatch.cluster().view().owned, LANE_PARTITIONS, "nobody else wants it");
    let lanes = dispatch.lanes_due(SystemScope::assume(), None, 10).await.unwrap();
    assert_eq!(lanes.iter().map(|lane| lane.endpoint).collect::<Vec<_>>(), [things.endpoint]);
    let mut notices = dispatch.cluster().notices().unwrap();
    until("both listen", || api.cluster().view().listening && dispatch.cluster().view().listening).await;
    until("the one knows the other", || api.cluster().view().nodes.len() == 2).await;
    let hint = async |notices: &mut postrider_store::cluster::Notices| loop {
        if let Notice::Waiting(lanes) = notices.recv().await.unwrap() {
            break lanes;
        }
    };
    let due = Due { app: things.scope.app(), endpoint: things.endpoint, manual: false };
    let (began, mut slowest) = (Instant::now(), Duration::ZERO);
    for round in 0..20 {
        let (message, accepted) = things.accept(&api).await;
        accepted.unwrap();
        let accepted = Instant::now();
        assert_eq!(hint(&mut notices).await, [due]);
        slowest = slowest.max(accepted.elapsed());
        assert!(things.claim(&dispatch).await.contains(&message), "{round}");
    }
    println!("20 hints in {:?}, the slowest {slowest:?} after its message", began.elapsed());
    // So does sending again, which says that a person waits.
    let settlement = things.success(things.accept(&dispatch).await.0);
    let message = settlement.attempt.message;
    dispatch.settle(SystemScope::assume(), vec![settlement].into(), Vec::new()).await.unwrap();
    api.resend(things.scope, message, vec![things.endpoint], crate::things::NOW, None).await.unwrap();
    assert_eq!(hint(&mut notices).await, [Due { manual: true, ..due }]);
    api.close().await.unwrap();
    dispatch.close().await.unwrap();
    database.drop_schema().await;
}
