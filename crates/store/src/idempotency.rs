//! Idempotency keys: the answer to a request is remembered in the transaction that makes its effect, so that the
//! same request sent again gets the same answer and has no second effect.

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::time::Timestamp;

/// What to remember for a request.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// Hash of who asked, where, and under which key.
    pub key: [u8; 32],
    /// Hash of the request's body: the same key with another body is an error.
    pub request: [u8; 32],
    /// The status of the answer.
    pub status: u16,
    /// The answer.
    pub answer: Answer,
    /// When the request came. Remembered for `limits::IDEMPOTENCY_KEPT`.
    pub now: Timestamp,
}

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The body itself; sealed at rest, since it may hold a secret.
    Body(Bytes),
    /// A message, from which the body is made again: a payload need not be stored twice.
    Message(MessageId),
}

/// The request was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// With the same body: this was the answer.
    Answered {
        /// Its status.
        status: u16,
        /// The answer.
        answer: Answer,
    },
    /// With another body.
    OtherRequest,
}
