//! What [`Store::rollups`](crate::Store::rollups) and [`Store::fold`](crate::Store::fold) take and give, and the
//! statements that both engines make of it.
//!
//! Three statements answer a query that tells groups apart, none of which gives more rows than the caller is given points:
//! which groups count most, then the points of those, and the points of everything, of which what is left is the rest.

use std::collections::{BTreeMap, HashMap};

use postrider_core::id::{AppId, EndpointId};
use postrider_core::rollup::{Counts, Resolution};
use postrider_core::scope::{AppScope, EnvironmentScope, SystemScope};
use postrider_core::task::Task;
use postrider_core::time::Timestamp;

pub(crate) use statement::{COLUMNS, Dialect, Part, columns};

mod statement;

/// Groups that are told apart; what is beyond them is the rest.
pub const GROUPS_MAX: usize = 50;
/// Points of all groups together: with many groups there are fewer of them.
const POINTS_MAX: usize = 20_000;

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Those of all applications of an environment.
    Environment(EnvironmentScope),
    /// Those of one application.
    App(AppScope),
}

impl Within {
    pub(crate) const fn environment(self) -> EnvironmentScope {
        match self {
            Self::Environment(scope) => scope,
            Self::App(scope) => SystemScope::assume().environment(scope.environment()),
        }
    }

    /// The row of the application, or of the environment where it is about all of them: those differ everywhere.
    pub(crate) fn owner_row(self) -> i64 {
        match self {
            Self::Environment(scope) => scope.environment().row(),
            Self::App(scope) => scope.app().row(),
        }
    }

    /// Whether the task is one of the application, or of the environment as a whole.
    pub(crate) fn owns(self, task: &Task) -> bool {
        match self {
            Self::Environment(scope) => task.app.is_none() && task.environment == scope.environment(),
            Self::App(scope) => task.app == Some(scope.app()),
        }
    }
}

impl From<AppScope> for Within {
    fn from(scope: AppScope) -> Self {
        Self::App(scope)
    }
}

/// Which numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupQuery {
    /// From the bucket of this time on.
    pub since: Timestamp,
    /// To before this time.
    pub until: Timestamp,
    /// How far apart the points are. More than [`Resolution::POINTS_MAX`] of them are not given: only the last ones.
    pub resolution: Resolution,
    /// How they are told apart.
    pub group: Grouping,
    /// Which groups come first.
    pub rank: Rank,
    /// Only of this event type.
    pub event_type: Option<String>,
    /// Only of this endpoint, where the numbers are those of one application.
    pub endpoint: Option<EndpointId>,
}

/// How numbers are told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Not at all.
    #[default]
    None,
    /// By event type.
    EventType,
    /// By endpoint. Messages, which have none, are not counted.
    Endpoint,
    /// By application.
    App,
}

/// Which groups come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rank {
    /// Those with the most attempts, and then messages.
    #[default]
    Volume,
    /// Those with the most failed attempts.
    Failures,
    /// Those with the highest mean latency.
    Slowness,
}

/// What a series is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Everything that was asked for.
    All,
    /// This event type.
    EventType(String),
    /// This endpoint.
    Endpoint(AppId, EndpointId),
    /// This application.
    App(AppId),
}

/// Numbers over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What of.
    pub group: Group,
    /// All of them together.
    pub total: Counts,
    /// Those of each point that has any, oldest first.
    pub points: Vec<(Timestamp, Counts)>,
}

/// The answer to a [`RollupQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollups {
    /// At most [`GROUPS_MAX`], the first of their rank first.
    pub series: Vec<Series>,
    /// What belongs to none of them, if there is anything: groups beyond the limit, and what has been deleted.
    pub rest: Option<Series>,
}

/// What one pass of [`Store::fold`](crate::Store::fold) did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folded {
    /// Rows that are part of others now.
    pub folded: u64,
    /// Rows that were removed.
    pub removed: u64,
    /// Whether there is more to do right now.
    pub more: bool,
}

/// A group as it is stored; what does not tell groups apart is 0 or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RawGroup {
    pub(crate) owner_row: i64,
    pub(crate) endpoint_row: i64,
    pub(crate) event_type: String,
}

/// One row of an answer: of which group, at which point, how much.
pub(crate) type RawRow = (RawGroup, i64, Counts);

impl RollupQuery {
    /// The query with as few points and groups as may be asked for, and how many groups those are.
    pub(crate) fn bounded(mut self) -> (Self, usize) {
        let micros = self.resolution.micros();
        let first = self.resolution.point(self.since).as_micros();
        let earliest =
            (self.until.as_micros().saturating_sub(1)).div_euclid(micros) - Resolution::POINTS_MAX + 1;
        self.since = Timestamp::from_micros(first.max(earliest.saturating_mul(micros)));
        let points = usize::try_from(self.resolution.points(self.since, self.until)).unwrap_or(0).max(1);
        (self, (POINTS_MAX / points).clamp(1, GROUPS_MAX))
    }
}

/// Puts an answer together. `first` are the groups in their rank with what names them, where they are there still; `of_groups` their
/// rows; `of_all` the rows of everything.
pub(crate) fn assemble(
    first: Vec<(RawGroup, Group)>,
    of_groups: Vec<RawRow>,
    of_all: Vec<RawRow>,
) -> Rollups {
    let mut points: HashMap<RawGroup, BTreeMap<i64, Counts>> = HashMap::new();
    for (group, point, counts) in of_groups {
        points.entry(group).or_default().entry(point).or_default().merge(&counts);
    }
    let mut rest: BTreeMap<i64, Counts> = BTreeMap::new();
    for (_, point, counts) in of_all {
        rest.entry(point).or_default().merge(&counts);
    }
    let mut series = Vec::with_capacity(first.len());
    for (raw, group) in first {
        let points = points.remove(&raw).unwrap_or_default();
        for (point, counts) in &points {
            if let Some(rest) = rest.get_mut(point) {
                *rest = rest.without(counts);
            }
        }
        series.push(Series::of(group, points));
    }
    rest.retain(|_, counts| !counts.is_empty());
    let rest = (!rest.is_empty()).then(|| Series::of(Group::All, rest));
    Rollups { series, rest }
}

impl Series {
    fn of(group: Group, points: BTreeMap<i64, Counts>) -> Self {
        let mut total = Counts::default();
        for counts in points.values() {
            total.merge(counts);
        }
        let points = points.into_iter().map(|(point, counts)| (Timestamp::from_micros(point), counts));
        Self { group, total, points: points.collect() }
    }
}

#[cfg(test)]
mod tests;
