//! What a term may say.

use std::time::Duration;

use super::field::{BodyPath, Field, Name};
use crate::app::Ref;
use crate::attempt::{FailureClass, Trigger};
use crate::delivery::State;
use crate::id::{AppId, EndpointId, MessageId, SourceId};
use crate::time::Timestamp;

/// A condition. Where it has several values, one of them is enough.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Where the delivery stands.
    Status(Vec<Status>),
    /// The HTTP status of the last attempt. A delivery that is being sent has no last attempt to judge it by, here and in
    /// all conditions on it.
    Code(Vec<Codes>),
    /// What went wrong in the last attempt.
    Error(Vec<Fault>),
    /// The event type.
    Type(Vec<Pattern>),
    /// The endpoint.
    Endpoint(Vec<Ref<EndpointId>>),
    /// The application.
    App(Vec<Ref<AppId>>),
    /// The source that received the message.
    Source(Vec<Ref<SourceId>>),
    /// The message, by id or event id.
    Message(Vec<Ref<MessageId>>),
    /// The caller's id of the event.
    EventId(Vec<Pattern>),
    /// One of the message's channels.
    Channel(Vec<Pattern>),
    /// One of the message's tags.
    Tag(Vec<Pattern>),
    /// Whether the message was made of another by hand, with a change.
    Edited(bool),
    /// Why the last attempt happened.
    Trigger(Trigger),
    /// How many attempts were made.
    Attempt(Bound<u32>),
    /// How long the last attempt took.
    Latency(Bound<Duration>),
    /// Accepted at this time or later.
    Since(Moment),
    /// Accepted before this time.
    Until(Moment),
    /// A value of the payload.
    Body(BodyPath, BodyTest),
    /// A header of the last request.
    Header(String, Vec<Pattern>),
    /// In the payload, the event type, the event id, the channels, the tags or the endpoint's URL; upper and lower case of
    /// ASCII letters are the same.
    Text(String),
}

/// Where a delivery stands, in the words of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Arrived.
    Delivered,
    /// Waiting, for its first attempt, the next one, or the one before it in its order.
    Pending,
    /// Waiting for another attempt after at least one that failed.
    Retrying,
    /// In a process's hands.
    Sending,
    /// Given up after its last attempt.
    Failed,
    /// Skipped, or never to be sent.
    Canceled,
}

/// HTTP statuses from one to another, both among them; 0 is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Anything for which no answer came.
    Any,
    /// A failure of this class.
    Class(FailureClass),
    /// A failure whose sentence has this text, in upper or lower case.
    Saying(String),
}

/// Which texts are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Any text.
    Any,
    /// Those that begin so.
    Prefix(String),
    /// This one.
    Exact(String),
}

/// A comparison with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<T> {
    /// How what is looked at must compare with it.
    pub order: Order,
    /// The number.
    pub value: T,
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smaller.
    Less,
    /// Smaller or equal.
    AtMost,
    /// Equal.
    Equal,
    /// Greater or equal.
    AtLeast,
    /// Greater.
    More,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

/// What a value of the payload must be.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyTest {
    /// One of these: a string, or a number, a boolean or null as it is written.
    Is(Vec<Pattern>),
    /// One of these strings, and nothing that is not a string.
    Text(Vec<Pattern>),
    /// A number that compares so.
    Number(Bound<f64>),
}

impl Condition {
    /// The field that it is about.
    #[must_use]
    pub fn field(&self) -> Field {
        Field::Named(match self {
            Self::Status(_) => Name::Status,
            Self::Code(_) => Name::Code,
            Self::Error(_) => Name::Error,
            Self::Type(_) => Name::Type,
            Self::Endpoint(_) => Name::Endpoint,
            Self::App(_) => Name::App,
            Self::Source(_) => Name::Source,
            Self::Message(_) => Name::Message,
            Self::EventId(_) => Name::EventId,
            Self::Channel(_) => Name::Channel,
            Self::Tag(_) => Name::Tag,
            Self::Edited(_) => Name::Edited,
            Self::Trigger(_) => Name::Trigger,
            Self::Attempt(_) => Name::Attempt,
            Self::Latency(_) => Name::Latency,
            Self::Since(_) => Name::Since,
            Self::Until(_) => Name::Until,
            Self::Body(path, _) => return Field::Body(path.clone()),
            Self::Header(name, _) => return Field::Header(name.clone()),
            Self::Text(_) => return Field::Text,
        })
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Delivered, Self::Pending, Self::Retrying, Self::Sending, Self::Failed, Self::Canceled];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Sending => "sending",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether a delivery that stands so after so many attempts is meant.
    #[must_use]
    pub const fn covers(self, state: State, attempts: u32) -> bool {
        match self {
            Self::Delivered => matches!(state, State::Succeeded),
            Self::Pending => matches!(state, State::Waiting | State::Parked),
            Self::Retrying => matches!(state, State::Waiting) && attempts > 0,
            Self::Sending => matches!(state, State::Held),
            Self::Failed => matches!(state, State::Failed),
            Self::Canceled => matches!(state, State::Canceled),
        }
    }

    /// The one word for a delivery that stands so.
    #[must_use]
    pub const fn of(state: State, attempts: u32) -> Self {
        match state {
            State::Succeeded => Self::Delivered,
            State::Waiting if attempts > 0 => Self::Retrying,
            State::Waiting | State::Parked => Self::Pending,
            State::Held => Self::Sending,
            State::Failed => Self::Failed,
            State::Canceled => Self::Canceled,
        }
    }
}

impl Codes {
    /// No answer at all.
    pub const NONE: Self = Self { from: 0, to: 0 };

    /// Whether the status is one of them.
    #[must_use]
    pub const fn covers(self, status: u16) -> bool {
        self.from <= status && status <= self.to
    }
}

impl Pattern {
    /// Whether the text is meant.
    #[must_use]
    pub fn covers(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Exact(exact) => text == exact,
        }
    }
}

impl<T: PartialOrd> Bound<T> {
    /// Whether `value` compares as asked for.
    #[must_use]
    pub fn covers(&self, value: &T) -> bool {
        match self.order {
            Order::Less => *value < self.value,
            Order::AtMost => *value <= self.value,
            Order::Equal => *value == self.value,
            Order::AtLeast => *value >= self.value,
            Order::More => *value > self.value,
        }
    }
}

impl Moment {
    /// The time, seen from `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(duration) => now.before(duration),
            Self::At(time) => time,
        }
    }
}
