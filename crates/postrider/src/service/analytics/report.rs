//! Answers.

use postrider_core::id::{AppId, EndpointId, SourceId};
use postrider_core::rollup::{Counter, Counts, Resolution};
use postrider_core::time::Timestamp;
use postrider_store::Series;

use super::By;

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// From this time on: the first point that can be.
    pub since: Timestamp,
    /// To before this time.
    pub until: Timestamp,
    /// How far apart the points are.
    pub resolution: Resolution,
    /// How the numbers are told apart.
    pub by: By,
    /// Everything together.
    pub total: Counts,
    /// One for each that is told apart, the first of their rank first.
    pub lines: Vec<Line>,
    /// What belongs to none of them, if there is anything: what is beyond the ceiling, and what has been deleted.
    pub rest: Option<Line>,
}

/// Numbers over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What of.
    pub key: Key,
    /// What people know it by: the name of an event type, an application or a source, the URL of an endpoint, the word
    /// for an outcome. Empty for everything.
    pub name: String,
    /// All points together.
    pub total: Counts,
    /// Those in which something happened, oldest first.
    pub points: Vec<(Timestamp, Counts)>,
}

/// What a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Everything.
    All,
    /// What belongs to no other line.
    Rest,
    /// The event type that is its name.
    EventType,
    /// An endpoint.
    Endpoint(AppId, EndpointId),
    /// An application.
    App(AppId),
    /// A source.
    Source(SourceId),
    /// Attempts that ended so.
    Outcome(Counter),
}

impl Key {
    /// The id of what it is; the name of an event type or an outcome is all there is.
    #[must_use]
    pub fn id(self) -> Option<String> {
        match self {
            Self::Endpoint(_, endpoint) => Some(endpoint.to_string()),
            Self::App(app) => Some(app.to_string()),
            Self::Source(source) => Some(source.to_string()),
            Self::All | Self::Rest | Self::EventType | Self::Outcome(_) => None,
        }
    }

    /// A word for programs.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Rest => "rest",
            Self::EventType => "eventType",
            Self::Endpoint(..) => "endpoint",
            Self::App(_) => "application",
            Self::Source(_) => "source",
            Self::Outcome(_) => "outcome",
        }
    }
}

impl Report {
    pub(super) fn new(
        (since, until): (Timestamp, Timestamp),
        resolution: Resolution,
        by: By,
        lines: Vec<Line>,
        rest: Option<Line>,
    ) -> Self {
        let mut total = Counts::default();
        for line in lines.iter().chain(&rest) {
            total.merge(&line.total);
        }
        Self { since, until, resolution, by, total, lines, rest }
    }

    /// All points that there can be, oldest first: at most
    /// [`POINTS_MAX`](postrider_core::rollup::Resolution::POINTS_MAX).
    pub fn times(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let (first, step) = (self.since.as_micros(), self.resolution.micros());
        let count = self.resolution.points(self.since, self.until);
        (0..count).map(move |number| Timestamp::from_micros(first + number * step))
    }
}

impl Line {
    pub(super) fn rest(series: Series) -> Self {
        Self { key: Key::Rest, name: String::new(), total: series.total, points: series.points }
    }
}

/// A line for each way in which attempts have ended.
pub(super) fn outcomes(series: &Series) -> impl Iterator<Item = Line> {
    let only = |counter: Counter, counts: &Counts| {
        let mut only = Counts::default();
        only.add(counter, counts.get(counter));
        only
    };
    Counter::OUTCOMES.into_iter().filter(|counter| series.total.get(*counter) > 0).map(move |counter| {
        let points = series.points.iter().filter(|(_, counts)| counts.get(counter) > 0);
        Line {
            key: Key::Outcome(counter),
            name: counter.name().to_owned(),
            total: only(counter, &series.total),
            points: points.map(|(at, counts)| (*at, only(counter, counts))).collect(),
        }
    })
}
