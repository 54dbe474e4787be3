//! A database that goes away: between statements, in the middle of a commit, and for longer.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::delivery::State;
use postrider_core::scope::SystemScope;
use postrider_store::postgres::{Options, Postgres};
use postrider_store::{AcceptError, Error, Health, Settled, Store};

use crate::database::{Database, LONG};
use crate::proxy::{Plan, Proxy};
use crate::things::Things;

/// A store that reaches its database through a door.
struct Behind {
    database: Database,
    proxy: Proxy,
    store: Postgres,
    things: Things,
}

impl Behind {
    async fn new(test: &str, lease: Duration) -> Option<Self> {
        let database = Database::new(test).await?;
        let proxy = Proxy::start(database.authority());
        let options = database.options();
        let url = options.url.replacen(database.authority(), &format!("127.0.0.1:{}", proxy.port), 1);
        let store = Postgres::open(&Options { url, lease, ..options }).await.unwrap();
        let things = Things::make(&store).await;
        // What only the first message needs is there: from now on there is one COMMIT for each call.
        let (message, outcome) = things.accept(&store).await;
        outcome.unwrap();
        let settlement = vec![things.success(message)];
        store.settle(SystemScope::assume(), settlement.into(), Vec::new()).await.unwrap();
        Some(Self { database, proxy, store, things })
    }

    async fn end(self) {
        self.store.close().await.unwrap();
        self.database.drop_schema().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_whose_commit_never_arrived_did_not_happen() {
    let Some(behind) = Behind::new("an_acceptance_whose_commit_never_arrived", LONG).await else { return };
    behind.proxy.set(Plan::LoseCommit);
    let (message, outcome) = behind.things.accept(&behind.store).await;
    assert!(matches!(outcome, Err(AcceptError::Store(Error::Overloaded { .. }))), "{outcome:?}");
    assert!(!behind.things.has(&behind.store, message).await);
    assert_eq!(behind.proxy.plan(), Plan::Open, "the commit was lost");
    behind.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_whose_answer_was_lost_has_happened() {
    let Some(behind) = Behind::new("an_acceptance_whose_answer_was_lost", LONG).await else { return };
    behind.proxy.set(Plan::LoseAnswer);
    let (message, outcome) = behind.things.accept(&behind.store).await;
    assert_eq!(outcome.unwrap().placements.len(), 1);
    assert_eq!(behind.proxy.plan(), Plan::Open, "the answer was lost");
    assert_eq!(behind.things.state(&behind.store, message).await, State::Held);
    behind.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_whose_answer_was_lost_has_happened() {
    let Some(behind) = Behind::new("a_settlement_whose_answer_was_lost", LONG).await else { return };
    let (message, outcome) = behind.things.accept(&behind.store).await;
    outcome.unwrap();
    let settlements = Arc::new(vec![behind.things.success(message)]);
    for (plan, then) in [(Plan::LoseCommit, State::Held), (Plan::LoseAnswer, State::Succeeded)] {
        behind.proxy.set(plan);
        let settled = behind.store.settle(SystemScope::assume(), Arc::clone(&settlements), Vec::new()).await;
        match then {
            State::Held => assert!(matches!(settled, Err(Error::Overloaded { .. })), "{settled:?}"),
            _ => assert!(matches!(settled.unwrap()[..], [Settled::Recorded { .. }])),
        }
        assert_eq!(behind.proxy.plan(), Plan::Open, "something was lost");
        assert_eq!(behind.things.state(&behind.store, message).await, then);
    }
    behind.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_other_change_whose_answer_was_lost_is_answered_rightly() {
    let Some(behind) = Behind::new("any_other_change_whose_answer_was_lost", LONG).await else { return };
    let (scope, now) = (behind.things.scope, crate::things::NOW);
    behind.proxy.set(Plan::LoseCommit);
    let deleted = behind.store.delete_endpoint(scope, behind.things.endpoint, now).await;
    assert!(matches!(deleted, Err(Error::Overloaded { .. })), "{deleted:?}");
    assert_eq!(behind.store.all_endpoints(scope).await.unwrap().len(), 1);
    behind.proxy.set(Plan::LoseAnswer);
    let deleted = behind.store.delete_endpoint(scope, behind.things.endpoint, now).await;
    assert!(matches!(deleted, Ok(true)), "{deleted:?}");
    assert_eq!(behind.store.all_endpoints(scope).await.unwrap().len(), 0);
    behind.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_found_out_is_not_claimed_and_comes_back() {
    // Its beat is what tries again to put back what nobody took.
    let lease = Duration::from_secs(1);
    let Some(behind) = Behind::new("what_cannot_be_found_out", lease).await else { return };
    behind.proxy.set(Plan::LoseAnswerAndShut);
    let (message, outcome) = behind.things.accept(&behind.store).await;
    assert!(matches!(outcome, Err(AcceptError::Store(Error::Unknown))), "{outcome:?}");
    let refused = behind.store.environments(SystemScope::assume().instance()).await;
    assert!(matches!(refused, Err(Error::Overloaded { .. })), "{refused:?}");
    assert_eq!(behind.store.health(), Health::Ready, "a database that is away comes back");
    behind.proxy.set(Plan::Open);
    // It was held for a caller who was told that nothing is known: it waits again, and is not lost.
    while behind.things.claim(&behind.store).await != [message] {
        tokio::task::yield_now().await;
    }
    behind.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_connections_are_made_anew() {
    let Some(database) = Database::new("terminated_connections_are_made_anew").await else { return };
    let store = database.open().await;
    let things = Things::make(&store).await;
    let client = database.client().await;
    for _ in 0..5 {
        let ended =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
        let ended: i64 = client.query_one(ended, &[&database.schema]).await.unwrap().get(0);
        assert!(ended > 0);
        // One call may meet a connection that has just ended; whatever it answers is the truth, and it recovers.
        let (message, outcome) = things.accept(&store).await;
        if outcome.is_err() {
            assert!(matches!(outcome, Err(AcceptError::Store(Error::Overloaded { .. }))), "{outcome:?}");
        }
        let there = loop {
            if let Ok(found) =
                store.message(things.scope, &postrider_core::app::Ref::Id(message), false).await
            {
                break found.is_some();
            }
        };
        assert_eq!(there, outcome.is_ok());
    }
    store.close().await.unwrap();
    database.drop_schema().await;
}
