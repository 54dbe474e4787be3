//! A delivery: one message on its way to one endpoint, and the states it goes through.
//!
//! ```text
//!                       accept
//!          ┌───────────────┼───────────────────┐
//!          ▼               ▼                   ▼
//!       Parked ────────► Waiting ──claim──►   Held ──settle──► Succeeded
//!          (the one before  ▲                  │ │
//!           it is done)     └──── retry ───────┘ ├─settle────► Failed
//!                           ▲                    │
//!                           └─ holder died ──────┘    any unfinished ──skip, delete──► Canceled
//!
//!       Succeeded, Failed, Canceled ──resend, recover──► Waiting
//! ```

use std::sync::Arc;

use crate::attempt::Trigger;
use crate::id::{AppId, EndpointId, MessageId};
use crate::message::Message;
use crate::time::Timestamp;

/// Where a delivery stands. The numbers are stored and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// In the store, to be attempted when it is due.
    Waiting = 0,
    /// In the memory of the process that holds it: in its lane or being sent.
    Held = 1,
    /// In the store, waiting for the delivery before it in its order.
    Parked = 2,
    /// The endpoint answered 2xx.
    Succeeded = 3,
    /// The schedule ended without success.
    Failed = 4,
    /// A person skipped it, or its endpoint or application is gone.
    Canceled = 5,
}

impl State {
    /// All states, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Held, Self::Parked, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The state with the stored `number`.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == number)
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }

    /// Whether a delivery may go from `self` to `next` (see the drawing above).
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Parked, Self::Waiting | Self::Held | Self::Canceled)
            | (Self::Waiting, Self::Held | Self::Canceled)
            | (Self::Held, Self::Waiting | Self::Succeeded | Self::Failed | Self::Canceled) => true,
            (from, Self::Waiting) => from.is_finished(),
            _ => false,
        }
    }
}

/// A delivery as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message.
    pub message: MessageId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Where it stands.
    pub state: State,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next attempt is due, where one is.
    pub due: Option<Timestamp>,
}

/// A delivery in the hands of a process: all that an attempt needs, but for the endpoint's settings, which are read
/// at the time of the attempt.
#[derive(Debug, Clone)]
pub struct Work {
    /// Whose it is.
    pub app: AppId,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// What goes; shared by all endpoints of one message.
    pub message: Arc<Message>,
    /// Attempts made so far. Together with the holder it is the token that a settlement must show.
    pub attempts: u32,
    /// Attempts that the retry schedule does not count, because a person asked for them.
    pub uncounted: u32,
    /// Why the next attempt happens.
    pub trigger: Trigger,
    /// Whether others wait for this one to finish. Then it is retried until it succeeds or is skipped.
    pub ordered: bool,
    /// When this attempt was due.
    pub due: Timestamp,
}

impl Work {
    /// Bytes of memory that the work's payload takes.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        self.message.payload.as_ref().map_or(0, |payload| payload.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::State::{self, *};

    #[test]
    fn the_drawing_is_the_whole_truth() {
        let allowed = [
            (Waiting, Held),
            (Waiting, Canceled),
            (Held, Waiting),
            (Held, Succeeded),
            (Held, Failed),
            (Held, Canceled),
            (Parked, Waiting),
            (Parked, Held),
            (Parked, Canceled),
            (Succeeded, Waiting),
            (Failed, Waiting),
            (Canceled, Waiting),
        ];
        for from in State::ALL {
            for to in State::ALL {
                assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn numbers_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_number(state as i64), Some(state));
        }
        assert_eq!(State::from_number(6), None);
    }
}
