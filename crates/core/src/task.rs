//! A background task: long work that survives a restart.
//!
//! Every task walks the messages of one application, or of all of an environment, those of a span of time, in the order of
//! their ids, and all have the same skeleton: what it does is a [`Job`], how far it is says [`Task::reached`], what came of it so far is its
//! [`Progress`]. A step and where it has come to are one commit, so a task that is interrupted at any moment goes on
//! from there and does nothing twice.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{AppId, EndpointId, EnvironmentId, TaskId, first_row_at};
use crate::replay::{SearchReplay, Selection, SourceReplay};
use crate::time::Timestamp;

/// A background task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// Whose messages it walks; `None` for those of everybody in the environment.
    pub app: Option<AppId>,
    /// What it does.
    pub job: Job,
    /// Which messages it looks at.
    pub span: Span,
    /// The message row from which it goes on.
    pub reached: i64,
    /// How it stands.
    pub status: TaskStatus,
    /// What came of it so far.
    pub progress: Progress,
    /// Why it was given up, as a sentence.
    pub failure: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// The tick of the time inside ids, but for its last microsecond: an id tells only in which tick it was made.
const WITHIN_TICK: Duration = Duration::from_micros(3_999);

/// A span of time: messages accepted from `since` to before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From this time.
    pub since: Timestamp,
    /// To before this time.
    pub until: Timestamp,
}

impl Span {
    /// The first row of an id made in the span.
    #[must_use]
    pub fn first_row(self) -> i64 {
        first_row_at(self.since.after(WITHIN_TICK))
    }
}

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Sends again what failed at the endpoint.
    Recover(EndpointId),
    /// Sends what never went to the endpoint, although it wants it now.
    ReplayMissing(EndpointId),
    /// Sends again what went to the endpoint, and is of the selection.
    BulkReplay(EndpointId, Selection),
    /// Replays what a source has received.
    ReplaySource(SourceReplay),
    /// Sends again what a search finds, as it was meant when the task was asked for.
    ReplaySearch(SearchReplay),
}

/// The kind of a [`Job`]. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TaskKind {
    /// [`Job::Recover`].
    Recover = 0,
    /// [`Job::ReplayMissing`].
    ReplayMissing = 1,
    /// [`Job::BulkReplay`].
    BulkReplay = 2,
    /// [`Job::ReplaySource`].
    ReplaySource = 3,
    /// [`Job::ReplaySearch`].
    ReplaySearch = 4,
}

impl TaskKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Recover, Self::ReplayMissing, Self::BulkReplay, Self::ReplaySource, Self::ReplaySearch];

    /// The one with this number.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }
}

impl Job {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> TaskKind {
        match self {
            Self::Recover(_) => TaskKind::Recover,
            Self::ReplayMissing(_) => TaskKind::ReplayMissing,
            Self::BulkReplay(..) => TaskKind::BulkReplay,
            Self::ReplaySource(_) => TaskKind::ReplaySource,
            Self::ReplaySearch(_) => TaskKind::ReplaySearch,
        }
    }

    /// The endpoint that it is about, where it is about a single one by its nature.
    #[must_use]
    pub const fn endpoint(&self) -> Option<EndpointId> {
        match self {
            Self::Recover(endpoint) | Self::ReplayMissing(endpoint) | Self::BulkReplay(endpoint, _) => {
                Some(*endpoint)
            }
            Self::ReplaySource(_) | Self::ReplaySearch(_) => None,
        }
    }
}

impl Task {
    /// What says which node moves it on: its endpoint, or an id that nothing else has where it is about several or none.
    #[must_use]
    pub fn lane(&self) -> EndpointId {
        let owner = self.app.as_ref().map_or(self.environment.as_bytes(), AppId::as_bytes);
        self.job.endpoint().unwrap_or_else(|| EndpointId::from_bytes(*owner))
    }

    /// The part of its span that it has walked, from 0 to 1.
    #[must_use]
    pub fn walked(&self) -> f64 {
        if self.status == TaskStatus::Finished {
            return 1.0;
        }
        let (begin, end) = (self.span.first_row(), first_row_at(self.span.until));
        let (done, all) = (self.reached.saturating_sub(begin).max(0), end.saturating_sub(begin).max(1));
        (done as f64 / all as f64).min(1.0)
    }
}

/// What came of a task so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Messages of the span that it is about; deliveries, where it is about what a search finds.
    pub matched: u64,
    /// Deliveries that it has put back to waiting or made. A new message without any, which is for listeners, counts as
    /// one.
    pub affected: u64,
    /// What it has left out, and why. Deliveries, or messages where none of theirs could be made.
    pub skipped: BTreeMap<Skip, u64>,
}

impl Progress {
    /// Notes that `count` were left out.
    pub fn skip(&mut self, why: Skip, count: u64) {
        if count > 0 {
            *self.skipped.entry(why).or_default() += count;
        }
    }

    /// Adds what another step came to.
    pub fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.affected += other.affected;
        for (why, count) in &other.skipped {
            self.skip(*why, *count);
        }
    }
}

/// Why a task has left something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Skip {
    /// The payload has expired or was expunged: there is nothing to send.
    NoPayload,
    /// It was being sent already, or waited behind another of its order.
    UnderWay,
    /// The endpoint is gone.
    NoEndpoint,
    /// It could not be signed.
    NotSigned,
}

impl Skip {
    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPayload => "noPayload",
            Self::UnderWay => "underWay",
            Self::NoEndpoint => "noEndpoint",
            Self::NotSigned => "notSigned",
        }
    }
}

/// How a task stands. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TaskStatus {
    /// Under way, or waiting for its turn.
    Running = 0,
    /// Done.
    Finished = 1,
    /// Given up.
    Failed = 2,
    /// A person has ended it.
    Canceled = 3,
}

impl TaskStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Running, Self::Finished, Self::Failed, Self::Canceled];

    /// The one with this number.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as i64 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const UNTIL: Timestamp = Timestamp::from_seconds(1_800_001_000);

    fn task(reached: Timestamp, status: TaskStatus) -> Task {
        Task {
            id: TaskId::from_bytes([1; 20]),
            environment: EnvironmentId::from_bytes([2; 20]),
            app: Some(AppId::from_bytes([3; 20])),
            job: Job::Recover(EndpointId::from_bytes([4; 20])),
            span: Span { since: SINCE, until: UNTIL },
            reached: first_row_at(reached),
            status,
            progress: Progress::default(),
            failure: None,
            created_at: UNTIL,
            updated_at: UNTIL,
        }
    }

    #[test]
    fn numbers_are_stored_and_read_back() {
        for (number, kind) in TaskKind::ALL.into_iter().enumerate() {
            assert_eq!(TaskKind::of_number(number as i64), Some(kind));
        }
        for (number, status) in TaskStatus::ALL.into_iter().enumerate() {
            assert_eq!(TaskStatus::of_number(number as i64), Some(status));
        }
        assert_eq!((TaskKind::of_number(5), TaskStatus::of_number(4)), (None, None));
    }

    #[test]
    fn words_for_programs_are_those_that_are_stored() {
        for why in [Skip::NoPayload, Skip::UnderWay, Skip::NoEndpoint, Skip::NotSigned] {
            assert_eq!(serde_json::to_value(why).unwrap(), why.name());
        }
    }

    #[test]
    fn how_far_it_is_lies_between_the_ends_of_its_span() {
        let middle = Timestamp::from_seconds(1_800_000_500);
        for (reached, status, walked) in [
            (SINCE, TaskStatus::Running, 0.0),
            (middle, TaskStatus::Running, 0.5),
            (UNTIL, TaskStatus::Running, 1.0),
            (SINCE, TaskStatus::Finished, 1.0),
            (middle, TaskStatus::Canceled, 0.5),
            (Timestamp::from_seconds(1_900_000_000), TaskStatus::Running, 1.0),
        ] {
            let found = task(reached, status).walked();
            assert!((found - walked).abs() < 0.01, "{reached:?} {status:?}: {found}");
        }
    }

    #[test]
    fn steps_add_up() {
        let mut progress = Progress { matched: 2, affected: 1, skipped: BTreeMap::new() };
        progress.skip(Skip::NoPayload, 1);
        progress.skip(Skip::UnderWay, 0);
        progress.add(&progress.clone());
        assert_eq!((progress.matched, progress.affected), (4, 2));
        assert_eq!(progress.skipped, BTreeMap::from([(Skip::NoPayload, 2)]));
    }

    #[test]
    fn a_task_about_one_endpoint_is_moved_on_where_that_is() {
        let mut task = task(SINCE, TaskStatus::Running);
        assert_eq!(task.lane(), EndpointId::from_bytes([4; 20]));
        task.job = Job::ReplaySource(SourceReplay::default());
        assert_eq!(task.lane(), EndpointId::from_bytes([3; 20]));
    }
}
