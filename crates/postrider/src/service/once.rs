//! Requests that may be sent again: what is remembered with their effect.

use bytes::Bytes;
use postrider_core::time::Timestamp;
use postrider_store::{Answer, Idempotency};

use crate::intake::Remember;

/// How to remember the answer to a request that makes a `T`.
///
/// The answer is made from the object before the store is asked, and committed together with it: when the first
/// answer is lost on its way, the same request gets the same one again.
pub struct Once<T> {
    /// Who asked for what under which key.
    pub remember: Remember,
    /// The status of the answer.
    pub status: u16,
    /// Makes the answer's body.
    pub body: fn(&T) -> Bytes,
}

impl<T> Once<T> {
    /// The record of a request that was made at `now` and that makes `value`.
    pub(super) fn record(&self, value: &T, now: Timestamp) -> Idempotency {
        Idempotency {
            key: self.remember.key,
            request: self.remember.request,
            status: self.status,
            answer: Answer::Body((self.body)(value)),
            now,
        }
    }
}
