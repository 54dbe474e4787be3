//! What the dispatcher takes from the store and gives back.

use postrider_core::attempt::Attempt;
use postrider_core::delivery::Work;
use postrider_core::endpoint::DisabledReason;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::time::Timestamp;

/// A request for one endpoint's due deliveries.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Deliveries due at or before this time.
    pub now: Timestamp,
    /// At most this many.
    pub limit: usize,
    /// At most about this many bytes of payload; one delivery is always given.
    pub max_bytes: usize,
}

/// The answer to a [`Claim`].
#[derive(Debug)]
pub struct Claimed {
    /// What is now in the caller's hands, longest due first.
    pub work: Vec<Work>,
    /// When the next waiting delivery of the endpoint that was not taken is (or was) due; `None` when none waits.
    pub next_due: Option<Timestamp>,
}

/// An endpoint with waiting deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneDue {
    /// Whose it is.
    pub app: AppId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// When its first waiting delivery is due.
    pub due: Timestamp,
}

/// An attempt, and what becomes of its delivery.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The attempt. Its number must be one more than the delivery's attempts so far.
    pub attempt: Attempt,
    /// Whose delivery it is, as the [`Work`] says.
    pub app: AppId,
    /// The event type of its message: what it is counted by.
    pub event_type: String,
    /// Whether it is in the sums of what happened. What a person has made by hand says nothing of how an endpoint fares.
    pub counted: bool,
    /// What becomes of the delivery.
    pub then: Then,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It arrived.
    Succeeded,
    /// The schedule ended.
    Failed,
    /// Another attempt at this time.
    Waiting {
        /// When.
        due: Timestamp,
    },
}

/// What became of a [`Settlement`].
#[derive(Debug)]
pub enum Settled {
    /// It is recorded. Where the delivery was finished and others waited for it, the next of them is in the
    /// caller's hands now (`held`), or waits until it is due (`waiting`).
    Recorded {
        /// The next of the order, to be attempted.
        held: Option<Work>,
        /// When the next of the order is due.
        waiting: Option<Timestamp>,
    },
    /// The caller does not hold the delivery any more; nothing changed.
    Stale,
}

/// A note on an endpoint's health, made when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointMark {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The note.
    pub mark: Mark,
}

/// What is noted of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It fails since this time; an earlier time that is already noted stays.
    Failing {
        /// Since when.
        since: Timestamp,
    },
    /// It succeeded again.
    Recovered,
    /// Nothing is to be sent to it any more. An endpoint that is already disabled stays as it is.
    Disabled {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: DisabledReason,
    },
}
