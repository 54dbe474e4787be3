//! A process that is killed at the worst moments, and what must be left.
//!
//! The engine's test runs [`work`] in a child process with `POSTRIDER_CRASH_AT` set to one of [`POINTS`], keeps the
//! lines that it reports, and gives them to [`check`] with the store opened again. The lines are the oracle outside: a
//! line is written only after the store has acknowledged.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::app::Ref;
use postrider_core::delivery::State;
use postrider_core::environment::Settings;
use postrider_core::id::MessageId;
use postrider_core::message::Payload;
use postrider_core::rollup::{Counter, Counts, Resolution};
use postrider_core::scope::{AppScope, SystemScope};

use super::world::{START, every_message, held, whole};
use super::{Harness, World};
use crate::{AppFilter, AttemptFilter, Grouping, Rank, RollupQuery, Store, Then, Within};

/// Where the child is killed, each at a passing that lies in the middle of the work.
pub const POINTS: &[&str] = &[
    "migrate.step",
    "accept.before_commit",
    "accept.before_commit:17",
    "settle.before_commit:9",
    "tally.written:2",
    "tally.written:30",
    "commit.before:2",
    "commit.before:40",
    "commit.after:3",
    "commit.after:41",
    "sync.after:2",
    "sync.after:23",
    "retain.batch:2",
    "fold.pass:2",
    "backup.pages",
    "checkpoint.during",
    "close.before",
];

const ROUNDS: usize = 400;
const KEPT: Duration = Duration::from_secs(400 * 24 * 3_600);
const PAYLOAD: &[u8] = &[b'x'; 100_000];

/// Publishes and settles one message after the other, retains and makes a backup to `copy` in between, and closes.
/// Reports `accepted` or `settled` and the message's id for whatever the store acknowledged.
pub async fn work(harness: Arc<dyn Harness>, copy: &Path, report: impl Fn(&str, MessageId)) {
    let world = World::new(harness).await;
    let environment = world.environment(Settings::default()).await;
    let tenant = world.app(environment).await;
    let endpoint = world.endpoint(&tenant).await;
    for round in 0..ROUNDS {
        let mut message = world.new_message(&tenant);
        message.payload = Some(Payload { body: Bytes::from_static(PAYLOAD), raw: None });
        let id = message.id;
        world.accept(&tenant, message, &[held(endpoint)]).await;
        report("accepted", id);
        world.finish(id, endpoint, 0, Then::Succeeded).await;
        report("settled", id);
        if round % 100 == 30 {
            world.retain(10).await;
            world.fold(KEPT, 10).await;
        }
        if round == 50 {
            world.store.backup(world.system(), copy, Arc::new(|_, _| ())).await.unwrap();
        }
    }
    world.store.close().await.unwrap();
}

/// What an application's rollups come to.
async fn counted(store: &dyn Store, scope: AppScope) -> Counts {
    let query = RollupQuery {
        since: START,
        until: START.after(Duration::from_secs(3_600)),
        resolution: Resolution::Hour,
        group: Grouping::None,
        rank: Rank::Volume,
        event_type: None,
        endpoint: None,
    };
    store.rollups(Within::App(scope), query).await.unwrap().series[0].total
}

/// Whether everything that was acknowledged is there, and nothing is there in part.
pub async fn check(store: &dyn Store, acknowledged: &[(String, MessageId)]) {
    let system = SystemScope::assume();
    let mut stored = Vec::new();
    for environment in store.environments(system.instance()).await.unwrap() {
        let scope = system.environment(environment.id);
        for app in store.apps(scope, AppFilter::default(), whole()).await.unwrap().rows {
            let scope = system.app(environment.id, app.id);
            let (mut messages, mut recorded) = (0, 0);
            for message in every_message(store, scope).await {
                let whole_message = store.message(scope, &Ref::Id(message.id), true).await.unwrap().unwrap();
                assert_eq!(whole_message.payload.unwrap().body, PAYLOAD);
                let deliveries = store.deliveries_by_message(scope, message.id, whole()).await.unwrap().rows;
                assert_eq!(deliveries.len(), 1, "a message is there with its deliveries");
                let filter = AttemptFilter::default();
                let attempts = store.attempts_by_message(scope, message.id, filter, whole()).await.unwrap();
                let settled = deliveries[0].state == State::Succeeded;
                assert!(settled || deliveries[0].state == State::Held);
                assert_eq!(attempts.rows.len(), usize::from(settled), "an outcome is there with its attempt");
                stored.push((message.id, settled));
                messages += 1;
                recorded += attempts.rows.len() as u64;
            }
            let counted = counted(store, scope).await;
            assert_eq!(counted.get(Counter::Messages), messages, "a message is counted where it is there");
            assert_eq!(counted.attempts(), recorded, "and so is an attempt");
        }
    }
    for (what, id) in acknowledged {
        let (_, settled) =
            stored.iter().find(|(stored, _)| stored == id).expect("what was accepted is there");
        assert!(*settled || what == "accepted", "{id} was settled");
    }
    let unreported = stored.len() - acknowledged.iter().filter(|(what, _)| what == "accepted").count();
    assert!(unreported <= 1, "only the one under way may be unreported");
    let held = stored.iter().filter(|(_, settled)| !settled).count();
    assert_eq!(store.take_over(system).await.unwrap(), held as u64);
}
