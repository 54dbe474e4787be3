//! How deliveries are sent.

use std::time::Duration;

use super::amount::Size;
use super::section::section;

section! {
    /// How deliveries are sent.
    Dispatch at "dispatch" {
        /// Attempts under way at once, over all endpoints.
        concurrency: usize = 512,
        /// Attempts under way at once to one endpoint, at most; fewer while it is slow or failing.
        endpoint_concurrency: usize = 64,
        /// Deadline of one attempt, from the name lookup to the last byte of the answer, unless the endpoint has its
        /// own: 1 s to 60 s.
        timeout: Duration = Duration::from_secs(15),
        /// Bytes of payload kept in memory for deliveries that are due; more stays in the database.
        memory: Size = Size::mebibytes(64),
        /// Failures in a row after which an endpoint is paused and probed with single attempts.
        breaker_failures: u32 = 10,
    }
}
