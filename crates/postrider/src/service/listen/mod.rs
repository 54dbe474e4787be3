//! Listening: what sources receive, told to whoever is connected, as to a developer's machine.
//!
//! In reading order: what one listens to ([`selection`], [`pattern`]) and from when on ([`Since`]); [`look`], which reads
//! messages of several sources in one order; the two ways of giving them out, [`broadcast`] (every listener gets all) and
//! [`group`] (each message goes to one member); [`heard`], which is what a listener gets of a message; the [`tail`] that
//! puts them together, and the [`page`] for who does not stay; [`ack`], what listeners say back, and [`answer`], what a
//! provider hears of it; and the [`hub`], by which receiving tells listeners that there is something, and waits for their
//! answer where the source wants that.
//!
//! Nothing is missed. Ids are made before the commit, so that a message may become visible after one with a larger id,
//! but not for longer than an accept can take ([`WINDOW`]). So a listener reads that much behind its position again and
//! again, and leaves out what it has given already. Notices within the process only make it quick: what is correct is the
//! look that it takes every [`EVERY`], which sees what other nodes have taken as well.
//!
//! Nothing is kept for listeners: a message is read when the connection has room for it. Deliberately absent: anything of
//! HTTP.

mod ack;
mod answer;
mod broadcast;
mod group;
mod heard;
mod hub;
mod look;
mod page;
pub mod pattern;
mod selection;
mod tail;

use std::time::Duration;

use postrider_core::id::{MessageId, first_row_at};
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::time::Timestamp;

pub use ack::{Ack, Listener, LocalAnswer, ack};
pub use answer::{reply, told};
pub use heard::Heard;
pub use hub::{Awaited, Listeners};
pub use page::Found;
pub use selection::Wanted;
pub use tail::{Backlog, End, Item, Tail};

use super::access;
use super::fields::InvalidFields;
use crate::context::Context;
use selection::Selection;

/// The longest time from the making of an id to when everybody sees its message, with room for nodes whose clocks differ.
const WINDOW: Duration = Duration::from_secs(60);
/// What is read again behind the cursor that a listener comes back with: besides the window, what it may not have been
/// given in time.
const RESUMED: Duration = Duration::from_secs(75);
/// How often a listener looks without being told.
const EVERY: Duration = Duration::from_millis(1_500);

/// Why an act of listening fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// There are as many listeners as there may be.
    #[error("there are {limit} listeners already")]
    TooMany {
        /// How many there may be, in the environment or in all.
        limit: usize,
    },
    /// The server stops.
    #[error("the server is stopping")]
    Stopping,
}

access::causes!(Error);

/// From when on one listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Since {
    /// To what comes from now on.
    #[default]
    Now,
    /// To all that is kept.
    Beginning,
    /// To what came after this message, and what came a little before it again.
    After(MessageId),
    /// To what came at this time or later.
    At(Timestamp),
}

impl Since {
    /// The row behind which everything is wanted.
    fn row(self, now: Timestamp) -> i64 {
        match self {
            Self::Now => first_row_at(now.before(WINDOW)) - 1,
            Self::Beginning => 0,
            Self::After(message) => first_row_at(message.timestamp().before(RESUMED)) - 1,
            Self::At(time) => first_row_at(time) - 1,
        }
    }

    /// The row behind which a new group begins. Without a window: a group remembers nothing of what it did not want.
    fn row_of_group(self, now: Timestamp) -> i64 {
        match self {
            Self::Now => first_row_at(now) - 1,
            Self::After(message) => message.row(),
            Self::Beginning | Self::At(_) => self.row(now),
        }
    }

    /// The row behind which messages count as waiting, where any do.
    fn counted_from(self, now: Timestamp) -> Option<i64> {
        match self {
            Self::Now => None,
            Self::After(message) => Some(message.row()),
            Self::Beginning | Self::At(_) => Some(self.row(now)),
        }
    }
}

/// Begins to listen.
pub async fn listen(
    context: &Context,
    identity: Identity,
    wanted: Wanted,
    since: Since,
) -> Result<Tail, Error> {
    // Who answers providers does more than to look on.
    let scope = identity.environment(if wanted.sync { Right::Send } else { Right::Read })?;
    let place = context.listeners.place(scope.environment())?;
    let selection = Selection::of(context, scope, wanted).await?;
    Tail::begin(context, selection, place, since).await
}
