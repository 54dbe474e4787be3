//! What the verbs of background tasks take and give, and how a task's job is stored.
//!
//! Whoever moves a task on looks at some messages, decides what becomes of them, and hands that over as a [`Step`]: it is
//! written together with where the task has come to, or not at all. A step says where the task must still be, so of two
//! that were made of the same place one takes effect, and none does after the task was canceled.

use std::collections::BTreeSet;

use postrider_core::delivery::State;
use postrider_core::id::{AppId, EndpointId, MessageId, TaskId};
use postrider_core::task::{Job, Progress, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;

use crate::Arrival;

/// See the module's documentation.
#[derive(Debug, Clone)]
pub struct Step {
    /// The task.
    pub task: TaskId,
    /// Where it must be still: [`Task::reached`](postrider_core::task::Task::reached).
    pub from: i64,
    /// Where it is then.
    pub reached: i64,
    /// How it stands then.
    pub status: TaskStatus,
    /// Why it is given up.
    pub failure: Option<String>,
    /// Deliveries of messages that are there.
    pub again: Vec<Again>,
    /// New messages. Their deliveries are not held.
    pub arrivals: Vec<Arrival>,
    /// What whoever made the step has counted. The store adds what comes of [`Step::again`] and [`Step::arrivals`].
    pub progress: Progress,
    /// When it is made: from when on its deliveries are due.
    pub now: Timestamp,
}

impl Step {
    /// The endpoints whose lanes may have something to send after it.
    #[must_use]
    pub fn endpoints(&self) -> BTreeSet<(AppId, EndpointId)> {
        let again = self.again.iter().map(|again| (again.app, again.endpoint));
        let new = self.arrivals.iter().flat_map(|Arrival { acceptance, .. }| {
            acceptance.deliveries.iter().map(|delivery| (acceptance.message.app, delivery.endpoint))
        });
        again.chain(new).collect()
    }

    /// Whether it makes messages or deliveries, or may: that needs room, while what only moves deliveries goes on
    /// without.
    pub(crate) fn may_grow(&self) -> bool {
        let makes = |again: &Again| again.which.takes(None) && !again.messages.is_empty();
        !self.arrivals.is_empty() || self.again.iter().any(makes)
    }

    /// What its new messages come to in [`Progress::affected`].
    pub(crate) fn made(&self) -> u64 {
        let of = |arrival: &Arrival| arrival.acceptance.deliveries.len().max(1) as u64;
        self.arrivals.iter().map(of).sum()
    }
}

/// Messages that go to an endpoint because a person has asked for it, each outside its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Whose they are.
    pub app: AppId,
    /// Where to.
    pub endpoint: EndpointId,
    /// Which.
    pub messages: Vec<MessageId>,
    /// Which of them.
    pub which: Which,
}

/// Which messages of an [`Again`] go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those whose delivery is in one of these states still.
    In(Vec<State>),
    /// All: a delivery is made where there is none.
    Every,
    /// Those that have no delivery. Only they count as matched, and the store counts them.
    Missing,
}

impl Which {
    /// Whether a message whose delivery is in `state` goes.
    pub(crate) fn takes(&self, state: Option<State>) -> bool {
        match self {
            Self::In(states) => state.is_some_and(|state| states.contains(&state)),
            Self::Every => true,
            Self::Missing => state.is_none(),
        }
    }
}

/// What becomes of a delivery that a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It is made.
    Make,
    /// It gets an attempt now that its schedule does not count.
    Hasten,
    /// It starts its schedule anew.
    Restart,
    /// It is under way.
    Leave,
}

impl Act {
    /// For a delivery in `state`.
    pub(crate) const fn on(state: Option<State>) -> Self {
        match state {
            None => Self::Make,
            Some(State::Waiting) => Self::Hasten,
            Some(State::Held | State::Parked) => Self::Leave,
            Some(State::Succeeded | State::Failed | State::Canceled) => Self::Restart,
        }
    }
}

/// Which tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Standing in one of these ways; `None` means all.
    pub statuses: Option<Vec<TaskStatus>>,
    /// Of one of these kinds; `None` means all.
    pub kinds: Option<Vec<TaskKind>>,
}

/// A [`Job`] as it is stored: its kind, its endpoint, and the rest as JSON.
pub(crate) struct Stored {
    pub(crate) kind: TaskKind,
    pub(crate) endpoint: Option<EndpointId>,
    pub(crate) rest: Option<String>,
}

impl Stored {
    pub(crate) fn of(job: &Job) -> Self {
        const FINE: &str = "it has strings, numbers and lists";
        let rest = match job {
            Job::Recover(_) | Job::ReplayMissing(_) => None,
            Job::BulkReplay(_, selection) => Some(serde_json::to_string(selection).expect(FINE)),
            Job::ReplaySource(replay) => Some(serde_json::to_string(replay).expect(FINE)),
            Job::ReplaySearch(replay) => Some(serde_json::to_string(replay).expect(FINE)),
        };
        Self { kind: job.kind(), endpoint: job.endpoint(), rest }
    }

    /// The job; the error is the column that makes no sense, and why.
    pub(crate) fn job(self) -> Result<Job, (&'static str, String)> {
        let endpoint = self.endpoint.ok_or_else(|| ("endpoint_id", "is NULL".to_owned()));
        let rest = self.rest.as_deref().ok_or_else(|| ("job", "is NULL".to_owned()));
        let unread = |error: serde_json::Error| ("job", error.to_string());
        Ok(match self.kind {
            TaskKind::Recover => Job::Recover(endpoint?),
            TaskKind::ReplayMissing => Job::ReplayMissing(endpoint?),
            TaskKind::BulkReplay => Job::BulkReplay(endpoint?, serde_json::from_str(rest?).map_err(unread)?),
            TaskKind::ReplaySource => Job::ReplaySource(serde_json::from_str(rest?).map_err(unread)?),
            TaskKind::ReplaySearch => Job::ReplaySearch(serde_json::from_str(rest?).map_err(unread)?),
        })
    }
}

/// What was left out, as it is stored: JSON, NULL when there is nothing.
pub(crate) fn skipped(progress: &Progress) -> Option<String> {
    (!progress.skipped.is_empty())
        .then(|| serde_json::to_string(&progress.skipped).expect("its keys are words"))
}

#[cfg(test)]
mod tests {
    use postrider_core::replay::{SearchReplay, Selection, SourceReplay};

    use super::*;

    #[test]
    fn what_may_make_something_needs_room() {
        let message = MessageId::from_bytes([1; 20]);
        for (which, messages, expected) in [
            (Which::Missing, vec![message], true),
            (Which::Every, vec![message], true),
            (Which::In(vec![State::Failed]), vec![message], false),
            (Which::Missing, Vec::new(), false),
        ] {
            let app = AppId::from_bytes([4; 20]);
            let again = vec![Again { app, endpoint: EndpointId::from_bytes([2; 20]), messages, which }];
            let step = Step {
                task: TaskId::from_bytes([3; 20]),
                from: 0,
                reached: 1,
                status: TaskStatus::Running,
                failure: None,
                again,
                arrivals: Vec::new(),
                progress: Progress::default(),
                now: Timestamp::from_seconds(0),
            };
            assert_eq!(step.may_grow(), expected, "{:?}", step.again);
        }
    }

    #[test]
    fn jobs_read_back() {
        let endpoint = EndpointId::from_bytes([7; 20]);
        let selection =
            Selection { tag: Some("x".into()), states: vec![State::Failed], ..Selection::default() };
        for job in [
            Job::Recover(endpoint),
            Job::ReplayMissing(endpoint),
            Job::BulkReplay(endpoint, selection),
            Job::ReplaySource(SourceReplay { with_duplicates: true, ..SourceReplay::default() }),
            Job::ReplaySearch(SearchReplay { query: "status:failed since:2h".into() }),
        ] {
            assert_eq!(Stored::of(&job).job(), Ok(job));
        }
    }

    #[test]
    fn what_makes_no_sense_says_where() {
        for (kind, endpoint, rest, column) in [
            (TaskKind::Recover, None, None, "endpoint_id"),
            (TaskKind::BulkReplay, Some(EndpointId::from_bytes([7; 20])), None, "job"),
            (TaskKind::ReplaySource, None, Some("{".to_owned()), "job"),
        ] {
            assert_eq!(Stored { kind, endpoint, rest }.job().unwrap_err().0, column);
        }
    }
}
