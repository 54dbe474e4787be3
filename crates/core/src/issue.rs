//! Issues: failures of one endpoint that look alike, as one thing that a person can deal with.
//!
//! A thousand failed attempts are seldom a thousand problems. What groups them is a [`Fingerprint`]: how the attempt
//! ended, and what the answer said once everything was taken out of it that differs from one answer to the next.
//!
//! What a person says of an issue is kept as it was said ([`Said`]). How it stands follows from that, from when it was
//! seen last and from how its endpoint does ([`State::of`]), so that recording a failure never has to read or change what
//! somebody said: it only adds.

use std::time::Duration;

use crate::attempt::FailureClass;
use crate::id::{AppId, AttemptId, EndpointId, EnvironmentId, IssueId, MessageId};
use crate::time::Timestamp;

mod fingerprint;

pub use fingerprint::Fingerprint;

/// Issues of one endpoint that are told apart. What is new beyond them is [`Fingerprint::OTHER`].
pub const ENDPOINT_ISSUES: usize = 100;
/// After how long an issue that was not seen again is resolved by itself, unless its endpoint fails.
pub const QUIET: Duration = Duration::from_secs(24 * 3_600);
/// For how long failures are counted by the hour.
pub const HOURS_KEPT: Duration = Duration::from_secs(48 * 3_600);
/// How long an issue is kept after it was seen for the last time.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 3_600);

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its id: that of the first attempt of the kind, as an issue's.
    pub id: IssueId,
    /// The environment.
    pub environment: EnvironmentId,
    /// The application.
    pub app: AppId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// What its failures have in common.
    pub kind: Kind,
    /// When the first failure began.
    pub first_seen: Timestamp,
    /// The last failure.
    pub last: Last,
    /// How many there were.
    pub failures: Failures,
    /// How many there were in each of the last hours that had any, oldest first: at most those of [`HOURS_KEPT`].
    pub hours: Vec<(Timestamp, u64)>,
    /// What a person has said of it.
    pub said: Said,
    /// When.
    pub said_at: Timestamp,
    /// Whether its endpoint fails.
    pub endpoint_fails: bool,
}

/// A failure of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// When it began.
    pub seen: Timestamp,
    /// The attempt that failed.
    pub attempt: AttemptId,
    /// Its message.
    pub message: MessageId,
}

/// How many failures there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// Failed attempts.
    pub attempts: u64,
    /// Deliveries whose first attempt failed so: a lower bound of those that were affected, since one that failed
    /// otherwise first is not counted.
    pub deliveries: u64,
    /// Deliveries that were given up with this failure.
    pub given_up: u64,
}

impl Failures {
    /// Adds others.
    pub const fn add(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.deliveries += other.deliveries;
        self.given_up += other.given_up;
    }
}

/// What the failures of an issue have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers with this status that say the same.
    Status(u16),
    /// No answer, for the same reason.
    Unanswered(FailureClass),
    /// Nothing but the endpoint: failures beyond [`ENDPOINT_ISSUES`].
    Other,
}

impl Kind {
    /// The kind of the issue with this fingerprint, whose failures have this status, or this class.
    #[must_use]
    pub fn of(fingerprint: Fingerprint, status_code: u16, class: Option<FailureClass>) -> Self {
        match class {
            _ if fingerprint == Fingerprint::OTHER => Self::Other,
            Some(class) => Self::Unanswered(class),
            None => Self::Status(status_code),
        }
    }
}

/// What a person says of an issue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Said {
    /// Nothing, or that it is open again.
    #[default]
    Open,
    /// That somebody looks after it.
    Acknowledged,
    /// That nobody wants to hear of it until this time, or ever.
    Muted(Option<Timestamp>),
    /// That it is solved.
    Resolved,
}

impl Said {
    /// The state that it names.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Open => State::Open,
            Self::Acknowledged => State::Acknowledged,
            Self::Muted(_) => State::Muted,
            Self::Resolved => State::Resolved,
        }
    }

    /// From what is stored: the number of its state, and until when it is muted.
    #[must_use]
    pub const fn from_state(state: State, until: Option<Timestamp>) -> Self {
        match state {
            State::Open => Self::Open,
            State::Acknowledged => Self::Acknowledged,
            State::Muted => Self::Muted(until),
            State::Resolved => Self::Resolved,
        }
    }

    /// Until when it is muted, where that ends.
    #[must_use]
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Muted(until) => until,
            Self::Open | Self::Acknowledged | Self::Resolved => None,
        }
    }
}

/// How an issue stands. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// It happens, and nobody has said anything.
    Open = 0,
    /// It happens, and somebody looks after it.
    Acknowledged = 1,
    /// Nobody wants to hear of it.
    Muted = 2,
    /// It happens no more.
    Resolved = 3,
}

impl State {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Open, Self::Acknowledged, Self::Muted, Self::Resolved];

    /// The one with the stored `number`.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == number)
    }

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Muted => "muted",
            Self::Resolved => "resolved",
        }
    }

    /// How an issue stands at the time `now`.
    ///
    /// A failure that began before somebody said "resolved" does not reopen it: it was under way. One that is quiet for
    /// [`QUIET`] is resolved by itself, unless its endpoint fails, which may be why nothing more is sent there.
    #[must_use]
    pub fn of(said: Said, said_at: Timestamp, seen: Seen, now: Timestamp) -> Self {
        let is_quiet = !seen.endpoint_fails && now.since(seen.last) >= QUIET;
        match said {
            Said::Muted(until) if until.is_none_or(|until| now < until) => Self::Muted,
            Said::Resolved if seen.last <= said_at => Self::Resolved,
            _ if is_quiet => Self::Resolved,
            Said::Acknowledged => Self::Acknowledged,
            Said::Open | Said::Muted(_) | Said::Resolved => Self::Open,
        }
    }
}

/// What is known of an issue beside what people say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When the last failure began.
    pub last: Timestamp,
    /// Whether the endpoint fails now.
    pub endpoint_fails: bool,
}

impl Issue {
    /// Adds the failures of an hour, or with `None` those of all hours that are not told apart any more.
    pub fn count(&mut self, hour: Option<Timestamp>, failures: Failures, last: Last) {
        self.failures.add(failures);
        if last.seen >= self.last.seen {
            self.last = last;
        }
        if let Some(hour) = hour {
            match self.hours.last_mut().filter(|(known, _)| *known == hour) {
                Some((_, count)) => *count += failures.attempts,
                None => self.hours.push((hour, failures.attempts)),
            }
        }
    }

    /// How it stands at the time `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        let seen = Seen { last: self.last.seen, endpoint_fails: self.endpoint_fails };
        State::of(self.said, self.said_at, seen, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    #[test]
    fn how_an_issue_stands() {
        let at = Timestamp::from_seconds;
        let muted = |until| Said::Muted(Some(at(until)));
        // What was said at hour 100; when it was seen last; whether the endpoint fails; now; how it stands.
        let table = [
            (Said::Open, 100, false, 100, State::Open),
            (Said::Open, 100, false, 123, State::Open),
            (Said::Open, 100, false, 124, State::Resolved),
            (Said::Open, 100, true, 124, State::Open),
            (Said::Acknowledged, 100, false, 101, State::Acknowledged),
            (Said::Acknowledged, 120, false, 121, State::Acknowledged),
            (Said::Acknowledged, 100, false, 124, State::Resolved),
            (Said::Acknowledged, 100, true, 124, State::Acknowledged),
            (muted(150 * HOUR), 120, true, 121, State::Muted),
            (muted(150 * HOUR), 100, false, 149, State::Muted),
            (muted(150 * HOUR), 149, false, 150, State::Open),
            (muted(150 * HOUR), 100, false, 150, State::Resolved),
            (Said::Muted(None), 5_000, true, 5_000, State::Muted),
            (Said::Resolved, 99, true, 101, State::Resolved),
            (Said::Resolved, 100, true, 101, State::Resolved),
            (Said::Resolved, 101, false, 101, State::Open),
            (Said::Resolved, 101, true, 200, State::Open),
            (Said::Resolved, 101, false, 200, State::Resolved),
        ];
        for (said, last, endpoint_fails, now, expected) in table {
            let seen = Seen { last: at(last * HOUR), endpoint_fails };
            let found = State::of(said, at(100 * HOUR), seen, at(now * HOUR));
            assert_eq!(found, expected, "{said:?} {last} {endpoint_fails} {now}");
        }
    }

    #[test]
    fn what_was_said_is_stored_and_read_back() {
        let until = Timestamp::from_seconds(7);
        for said in
            [Said::Open, Said::Acknowledged, Said::Muted(None), Said::Muted(Some(until)), Said::Resolved]
        {
            let state = State::from_number(said.state() as i64).unwrap();
            assert_eq!(Said::from_state(state, said.until()), said);
        }
        assert_eq!(State::from_number(4), None);
    }
}
