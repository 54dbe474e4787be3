//! What [`Store::accept`](crate::Store::accept) takes and gives.

use postrider_core::attempt::Trigger;
use postrider_core::id::EndpointId;
use postrider_core::message::Message;
use postrider_core::time::Timestamp;

use crate::Idempotency;

/// A message and where it goes.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The message, with its payload.
    pub message: Message,
    /// One for each endpoint that wants it, in the order of their lanes' interest; may be empty.
    pub deliveries: Vec<NewDelivery>,
    /// Why its deliveries are made.
    pub trigger: Trigger,
    /// When it was accepted: the due time of its deliveries unless the message says later.
    pub now: Timestamp,
    /// What to remember for the caller's idempotency key.
    pub idempotency: Option<Idempotency>,
}

/// A delivery to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery {
    /// Where to.
    pub endpoint: EndpointId,
    /// Whether the caller's lane has room for it now: then it is held by the caller, unless it must wait.
    pub hold: bool,
    /// The order it belongs to, if any: deliveries of one endpoint with the same number go one after another.
    /// [`order_of_key`] makes it from an ordering key; [`FIFO`] is that of a strictly ordered endpoint.
    pub order: Option<i64>,
}

/// The order that all deliveries of a strictly ordered endpoint belong to.
pub const FIFO: i64 = 0;

/// The order that an ordering key stands for. Two keys that collide wait for each other, which harms nobody.
#[must_use]
pub fn order_of_key(key: &str) -> i64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&digest.as_ref()[..8]);
    // Zero is FIFO's.
    i64::from_be_bytes(head) | 1
}

/// An accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Where each delivery was put, in the order given.
    pub placements: Vec<Placement>,
}

/// Where an accepted delivery was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In the caller's hands; it must be attempted, settled or released.
    Held,
    /// In the store, to be claimed when it is due.
    Waiting {
        /// When.
        due: Timestamp,
    },
    /// In the store, until the delivery before it in its order is done.
    Parked,
}
