//! Several stores on one database.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::delivery::State;
use postrider_core::scope::SystemScope;
use postrider_store::partition::LANE_PARTITIONS;
use postrider_store::postgres::{Options, Postgres};
use postrider_store::{Error, Health, Settled, Store};

use crate::database::Database;
use crate::sender::{Sender, Sent, until};
use crate::things::Things;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_has_a_slot_of_its_own() {
    let Some(database) = Database::new("every_node_has_a_slot_of_its_own").await else { return };
    let opens = (0..4).map(|_| database.open());
    let nodes = futures_util::future::join_all(opens).await;
    let mut slots: Vec<_> = nodes.iter().map(Postgres::slot).collect();
    slots.sort_unstable();
    assert_eq!(slots, [0, 1, 2, 3]);
    let (leaves, free) = (&nodes[1], nodes[1].slot());
    leaves.close().await.unwrap();
    assert_eq!(database.open().await.slot(), free, "the slot of one that has left is free");
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_live_node_holds_is_left_alone() {
    let Some(database) = Database::new("what_a_live_node_holds_is_left_alone").await else { return };
    let (first, second) = (database.open().await, database.open().await);
    let things = Things::make(&first).await;
    let message = things.accept(&first).await.0;
    assert_eq!(second.take_over(SystemScope::assume()).await.unwrap(), 0);
    let stale =
        second.settle(SystemScope::assume(), vec![things.success(message)].into(), Vec::new()).await.unwrap();
    assert!(matches!(stale[..], [Settled::Stale]), "{stale:?}");
    second.release(SystemScope::assume(), vec![(message, things.endpoint)]).await.unwrap();
    assert_eq!(things.state(&second, message).await, State::Held);
    // It leaves without settling: then its delivery is everybody's.
    first.close().await.unwrap();
    assert_eq!(things.claim(&second).await, []);
    until("it has everything", || second.cluster().view().owned == LANE_PARTITIONS).await;
    while things.claim(&second).await != [message] {
        tokio::task::yield_now().await;
    }
    second.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_node_is_fenced_and_its_deliveries_go_to_others() {
    let Some(database) = Database::new("a_silent_node_is_fenced").await else { return };
    // The first beats once in minutes, and the others think that it promised to do so twice a second.
    let first = database.open().await;
    let things = Things::make(&first).await;
    let message = things.accept(&first).await.0;
    database.client().await.batch_execute("UPDATE node SET lease_ms = 500").await.unwrap();
    let lease = Duration::from_millis(500);
    let second = Postgres::open(&Options { lease, ..database.options() }).await.unwrap();
    second.take_over(SystemScope::assume()).await.unwrap();
    let claimed = loop {
        let claimed = things.claim(&second).await;
        if !claimed.is_empty() {
            break claimed;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(claimed, [message]);
    // The first one does not know yet, and changes nothing.
    let settlements = Arc::new(vec![things.success(message)]);
    let stale = first.settle(SystemScope::assume(), Arc::clone(&settlements), Vec::new()).await.unwrap();
    assert!(matches!(stale[..], [Settled::Stale]), "{stale:?}");
    assert_eq!(things.state(&second, message).await, State::Held);
    let settled = second.settle(SystemScope::assume(), settlements, Vec::new()).await.unwrap();
    assert!(matches!(settled[..], [Settled::Recorded { .. }]), "{settled:?}");
    drop(first);
    second.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_fenced_stops() {
    let Some(database) = Database::new("a_node_that_was_fenced_stops").await else { return };
    let lease = Duration::from_millis(500);
    let store = Postgres::open(&Options { lease, ..database.options() }).await.unwrap();
    let things = Things::make(&store).await;
    database.client().await.batch_execute("UPDATE node SET fenced = true").await.unwrap();
    while store.health() != Health::Broken {
        tokio::task::yield_now().await;
    }
    let refused = things.accept(&store).await.1.unwrap_err();
    assert!(refused.to_string().contains("this node was fenced"), "{refused}");
    let refused = store.settle(SystemScope::assume(), Arc::default(), Vec::new()).await;
    assert!(matches!(refused, Err(Error::Broken(_))), "{refused:?}");
    database.drop_schema().await;
}

/// Two nodes accept in one order at the same time, and the one that owns it settles: never are two of it under way, and
/// none is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_kept_by_several_nodes() {
    const MESSAGES: usize = 100;
    let Some(database) = Database::new("an_order_is_kept_by_several_nodes").await else { return };
    let first = Arc::new(database.open().await);
    let things = Arc::new(Things::make(&*first).await);
    let sent = Sent::default();
    let nodes = [
        Arc::new(Sender::of(first, &things, &sent).await),
        Arc::new(Sender::start(&database.options(), &things, &sent).await),
    ];
    let publish = |index: usize| {
        let (node, things) = (Arc::clone(&nodes[index % 2]), Arc::clone(&things));
        tokio::spawn(async move { node.publish(things.endpoint).await.unwrap() })
    };
    let mut published = Vec::new();
    for task in (0..MESSAGES).map(publish).collect::<Vec<_>>() {
        published.push(task.await.unwrap());
    }
    until("all are sent, and none stays parked", || sent.lock().len() == MESSAGES).await;
    assert!(published.iter().all(|message| sent.lock().get(message) == Some(&1)), "each was sent once");
    for node in nodes {
        node.store.close().await.unwrap();
    }
    database.drop_schema().await;
}
