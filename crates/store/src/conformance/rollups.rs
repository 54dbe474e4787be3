//! What many attempts come to.

use std::time::Duration;

use postrider_core::attempt::{Failure, FailureClass, Timings};
use postrider_core::delivery::State;
use postrider_core::id::EndpointId;
use postrider_core::message::Message;
use postrider_core::rollup::{Counter, Counts, Resolution};
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;

use super::world::{EVENT_TYPE, held, waiting, whole};
use super::{Tenant, World};
use crate::rollup::GROUPS_MAX;
use crate::{
    Group, Grouping, IssueFilter, Rank, RollupQuery, Rollups, Series, Settled, Settlement, Then, Within,
};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

impl World {
    /// All there ever was, by the day.
    pub(super) fn ever(&self, group: Grouping) -> RollupQuery {
        RollupQuery {
            since: self.now().before(YEAR),
            until: self.now().after(DAY),
            resolution: Resolution::Day,
            group,
            rank: Rank::Volume,
            event_type: None,
            endpoint: None,
        }
    }

    pub(super) async fn rollups(&self, within: Within, query: RollupQuery) -> Rollups {
        self.store.rollups(within, query).await.unwrap()
    }

    /// Everything of an application.
    pub(super) async fn counted(&self, scope: AppScope) -> Counts {
        total(&self.rollups(Within::App(scope), self.ever(Grouping::None)).await)
    }

    /// Folds in passes of `limit` until there is no more to do, and says how much was folded and removed.
    pub(super) async fn fold(&self, kept: Duration, limit: usize) -> (u64, u64) {
        let (mut folded, mut removed) = (0, 0);
        for _ in 0..10_000 {
            let pass = self.store.fold(self.system(), self.now(), kept, limit).await.unwrap();
            folded += pass.folded;
            removed += pass.removed;
            if !pass.more {
                return (folded, removed);
            }
        }
        panic!("folding comes to no end");
    }

    /// An attempt that lasted for so long and failed with this status, or in this way.
    async fn fail(&self, tenant: &Tenant, endpoint: EndpointId, status_code: u16, millis: u64) {
        let message = self.hold(tenant, endpoint).await;
        let timings = Timings { total: Duration::from_millis(millis), ..Timings::default() };
        let class = FailureClass::Timeout;
        let failure = (status_code == 0).then(|| Failure { class, sentence: "too slow".into() });
        let mut attempt = self.attempt(message, endpoint, 1);
        (attempt.succeeded, attempt.status_code) = (false, status_code);
        (attempt.timings, attempt.failure) = (timings, failure);
        assert!(matches!(self.settle(attempt, Then::Failed).await, Settled::Recorded { .. }));
    }
}

/// Everything of an answer, the rest too.
fn total(rollups: &Rollups) -> Counts {
    let mut total = Counts::default();
    for series in rollups.series.iter().chain(&rollups.rest) {
        total.merge(&series.total);
    }
    total
}

fn numbers<const N: usize>(counts: &Counts, counters: [Counter; N]) -> [u64; N] {
    counters.map(|counter| counts.get(counter))
}

/// Each attempt that was recorded, and no other.
pub async fn what_is_settled_is_counted_once(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    world.finish(message, endpoint, 0, Then::Waiting { due: world.now() }).await;
    world.claim(endpoint).await;
    let attempt = world.attempt(message, endpoint, 2);
    world.settle(attempt.clone(), Then::Succeeded).await;
    assert!(matches!(world.settle(attempt, Then::Succeeded).await, Settled::Stale));
    world.fail(&tenant, endpoint, 404, 3).await;
    world.fail(&tenant, endpoint, 0, 700).await;
    world.restart().await;
    world.fail(&tenant, endpoint, 503, 20_000).await;
    let wanted = [
        (Counter::Messages, 4),
        (Counter::Succeeded, 1),
        (Counter::Status4xx, 1),
        (Counter::Status5xx, 2),
        (Counter::Timeout, 1),
        (Counter::Retries, 1),
        (Counter::Delivered, 1),
        (Counter::GivenUp, 3),
        (Counter::LatencyMicros, 20_703_000),
    ];
    let scope = world.system().environment(tenant.environment);
    for (within, group) in [
        (Within::App(tenant.scope), Grouping::None),
        (Within::App(tenant.scope), Grouping::EventType),
        (Within::Environment(scope), Grouping::None),
        (Within::Environment(scope), Grouping::EventType),
        (Within::Environment(scope), Grouping::App),
    ] {
        let found = total(&world.rollups(within, world.ever(group)).await);
        assert_eq!(
            numbers(&found, wanted.map(|(counter, _)| counter)),
            wanted.map(|(_, count)| count),
            "{group:?}"
        );
        assert_eq!(found.attempts(), 5);
    }
    let slowest = world.counted(tenant.scope).await.latency(1.0).unwrap();
    assert!(slowest > Duration::from_secs(16), "{slowest:?}");
}

/// Accepting.
pub async fn messages_are_counted_where_nobody_wants_them_too(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    world.accept(&tenant, world.new_message(&tenant), &[]).await;
    world
        .accept(
            &tenant,
            world.new_message(&tenant),
            &[waiting(endpoint), held(world.endpoint(&tenant).await)],
        )
        .await;
    let mut again = world.new_message(&tenant);
    again.event_id = Some("one".into());
    let twin = again.clone();
    world.accept(&tenant, again, &[]).await;
    let refused = world.store.accept(tenant.scope, world.acceptance(twin, &[])).await;
    assert!(refused.is_err());
    let counts = world.counted(tenant.scope).await;
    assert_eq!((counts.get(Counter::Messages), counts.attempts()), (3, 0));
}

/// Messages that a person has made of others.
pub async fn what_was_edited_is_kept_and_counted_nowhere(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let original = world.hold(&tenant, endpoint).await;
    world.finish(original, endpoint, 0, Then::Succeeded).await;
    let before = world.counted(tenant.scope).await;
    for then in [Then::Succeeded, Then::Failed] {
        let edited = Message { edited_of: Some(original), ..world.new_message(&tenant) };
        world.accept(&tenant, edited.clone(), &[waiting(endpoint)]).await;
        assert_eq!(world.message(&tenant, edited.id).await, Some(edited.clone()));
        let claimed = world.claim(endpoint).await;
        assert_eq!(*claimed.work[0].message, edited);
        let mut attempt = world.attempt(edited.id, endpoint, 1);
        if then == Then::Failed {
            (attempt.succeeded, attempt.status_code) = (false, 500);
        }
        let settlement = Settlement { counted: false, ..world.settlement(attempt, then) };
        let settled = world.store.settle(world.system(), vec![settlement].into(), Vec::new()).await.unwrap();
        assert!(matches!(settled[..], [Settled::Recorded { .. }]));
        let state = if then == Then::Failed { State::Failed } else { State::Succeeded };
        assert_eq!(world.state(&tenant, edited.id, endpoint).await, state);
    }
    world.restart().await;
    assert_eq!(world.counted(tenant.scope).await, before);
    let filter = IssueFilter { states: Vec::new(), endpoint: None, now: world.now() };
    let issues = world.store.issues(Within::App(tenant.scope), filter, whole()).await.unwrap();
    assert_eq!(issues.rows, []);
}

/// Groups, their order and what is beyond them.
pub async fn groups_are_ranked_and_what_is_beyond_them_is_the_rest(world: World) {
    let tenant = world.tenant().await;
    let (busy, slow) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    for _ in 0..3 {
        world.fail(&tenant, busy, 500, 1).await;
    }
    world.fail(&tenant, slow, 500, 5_000).await;
    let by = async |rank| {
        let query = RollupQuery { rank, ..world.ever(Grouping::Endpoint) };
        let rollups = world.rollups(Within::App(tenant.scope), query).await;
        rollups.series.into_iter().map(|series| series.group).collect::<Vec<_>>()
    };
    let [of_busy, of_slow] = [busy, slow].map(|endpoint| Group::Endpoint(tenant.app.id, endpoint));
    assert_eq!(by(Rank::Volume).await, [of_busy.clone(), of_slow.clone()]);
    assert_eq!(by(Rank::Failures).await, [of_busy.clone(), of_slow.clone()]);
    assert_eq!(by(Rank::Slowness).await, [of_slow.clone(), of_busy]);
    let only = RollupQuery { endpoint: Some(slow), ..world.ever(Grouping::None) };
    assert_eq!(world.rollups(Within::App(tenant.scope), only).await.series[0].total.attempts(), 1);

    for number in 0..GROUPS_MAX + 5 {
        let mut message = world.new_message(&tenant);
        message.event_type = format!("type.{number:03}");
        world.accept(&tenant, message, &[]).await;
    }
    let rollups = world.rollups(Within::App(tenant.scope), world.ever(Grouping::EventType)).await;
    assert_eq!(rollups.series.len(), GROUPS_MAX);
    assert_eq!(rollups.series[0].group, Group::EventType(EVENT_TYPE.into()));
    assert_eq!(rollups.rest.unwrap().total.get(Counter::Messages), 6);
    let one = RollupQuery { event_type: Some("type.001".into()), ..world.ever(Grouping::None) };
    assert_eq!(world.rollups(Within::App(tenant.scope), one).await.series[0].total.get(Counter::Messages), 1);
    // What has been deleted has no name any more, and is counted still.
    world.store.delete_endpoint(tenant.scope, slow, world.now()).await.unwrap();
    let rollups = world.rollups(Within::App(tenant.scope), world.ever(Grouping::Endpoint)).await;
    assert_eq!((rollups.series.len(), rollups.rest.unwrap().total.attempts()), (1, 1));
}

/// Scopes.
pub async fn numbers_of_others_are_not_counted(world: World) {
    let tenant = world.tenant().await;
    let (neighbour, stranger) = (world.app(tenant.environment).await, world.tenant().await);
    for tenant in [&tenant, &neighbour, &stranger] {
        let endpoint = world.endpoint(tenant).await;
        world.fail(tenant, endpoint, 500, 1).await;
    }
    assert_eq!(world.counted(tenant.scope).await.attempts(), 1);
    let scope = world.system().environment(tenant.environment);
    let apps = world.rollups(Within::Environment(scope), world.ever(Grouping::App)).await;
    let mut found: Vec<_> = apps.series.into_iter().map(|series| series.group).collect();
    found.sort();
    assert_eq!(found, [Group::App(tenant.app.id), Group::App(neighbour.app.id)]);
    world.store.delete_app(neighbour.scope, world.now()).await.unwrap();
    let apps = world.rollups(Within::Environment(scope), world.ever(Grouping::App)).await;
    assert_eq!(apps.series.len(), 1);
}

/// Points.
pub async fn points_are_as_far_apart_as_asked(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let began = world.now();
    for _ in 0..3 {
        world.fail(&tenant, endpoint, 500, 1).await;
        world.pass(Duration::from_secs(1_800));
    }
    for (resolution, expected) in [
        (Resolution::FiveMinutes, vec![0, 1_800, 3_600]),
        (Resolution::Hour, vec![0, 3_600]),
        (Resolution::Day, vec![-(1_800_000_000 % 86_400)]),
    ] {
        let query =
            RollupQuery { since: began, until: world.now(), resolution, ..world.ever(Grouping::Endpoint) };
        let rollups = world.rollups(Within::App(tenant.scope), query).await;
        assert_eq!(points(&rollups.series[0], began), expected, "{resolution:?}");
        assert_eq!(rollups.rest, None);
    }
    let late = RollupQuery { since: began.after(HOUR), ..world.ever(Grouping::None) };
    let late = RollupQuery { resolution: Resolution::Hour, ..late };
    assert_eq!(total(&world.rollups(Within::App(tenant.scope), late).await).attempts(), 1);
}

/// The seconds of the points, from `began`.
fn points(series: &Series, began: Timestamp) -> Vec<i64> {
    series.points.iter().map(|(at, _)| at.as_seconds() - began.as_seconds()).collect()
}

/// Folding and forgetting.
pub async fn old_buckets_become_hours_and_very_old_ones_go(world: World) {
    let tenant = world.tenant().await;
    let endpoints = [world.endpoint(&tenant).await, world.endpoint(&tenant).await];
    let began = world.now();
    for round in 0..12 {
        world.fail(&tenant, endpoints[round % 2], 500, 1).await;
        world.pass(Duration::from_secs(600));
    }
    let before = world.counted(tenant.scope).await;
    assert_eq!(world.fold(YEAR, 100).await, (0, 0), "nothing is old enough");
    world.pass(3 * DAY);
    // For each ten minutes the message, its attempt, and their sum in the environment; and issues, an hour of each of
    // two endpoints, twice. Writers that do not wait for each other have rows of their own.
    let (folded, removed) = world.fold(YEAR, 3).await;
    assert!(folded >= 12 * 3 + 4 && removed == 0, "{folded} {removed}");
    assert_eq!(world.counted(tenant.scope).await, before);
    let fine =
        RollupQuery { since: began, resolution: Resolution::FiveMinutes, ..world.ever(Grouping::None) };
    let fine = RollupQuery { until: began.after(DAY), ..fine };
    let series = world.rollups(Within::App(tenant.scope), fine).await.series.remove(0);
    assert_eq!((points(&series, began), series.total), (vec![0, 3_600], before));
    assert_eq!(world.fold(YEAR, 3).await, (0, 0), "it is done");
    world.fail(&tenant, endpoints[0], 500, 1).await;
    world.pass(10 * DAY);
    let (_, removed) = world.fold(11 * DAY, 1).await;
    assert_eq!(removed, 2 * 4, "two hours of messages, of both endpoints and of the environment");
    let left = world.counted(tenant.scope).await;
    assert_eq!((left.attempts(), left.get(Counter::Messages)), (1, 1));
}
