//! Groups of listeners: what [`Store::claim_in_group`](crate::Store::claim_in_group) and its relatives take and give.
//!
//! A group has a position, behind which everything is done, and claims: each message after it that a member has, or has
//! had. A claim is good until a time; then, or when its member gives it back, another may have the message. Messages
//! themselves are read like all others: the group only says whose they are.
//!
//! Invariants: at any time a message is claimed by one member; the position never passes a message that is not done, as
//! long as members offer every message that they see; what is done is never claimed again.

use std::time::Duration;

use postrider_core::id::MessageId;
use postrider_core::time::Timestamp;

/// How long a group that nobody listens in is remembered.
pub const GROUP_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A group of one environment: a hash of its name and of what it listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupKey(pub [u8; 16]);

/// A member of a group: the random number of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemberKey(pub [u8; 16]);

/// What a member would take.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Who.
    pub member: MemberKey,
    /// Messages, oldest first.
    pub messages: Vec<MessageId>,
    /// How many it may have in hand, with those that it has already.
    pub hold: usize,
    /// Now.
    pub now: Timestamp,
    /// How long it has what it takes.
    pub until: Timestamp,
}

/// What became of an [`Offer`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// What is the member's now, and the how-manieth claim each is.
    pub taken: Vec<(MessageId, u32)>,
    /// How many of the offered messages were decided on, from the first: the rest found the member's hands full.
    pub decided: usize,
}

/// A member's sign of life.
#[derive(Debug, Clone, Copy)]
pub struct Tending {
    /// Who.
    pub member: MemberKey,
    /// How long it keeps what it has in hand; now or before gives it back.
    pub until: Timestamp,
    /// The row up to which it has seen and offered every message there is or will be.
    pub read_to: i64,
    /// The row of the oldest message behind the group's position that is still there, or at least `read_to`: claims of
    /// older ones are of messages that are gone.
    pub oldest: i64,
    /// Now.
    pub now: Timestamp,
}
