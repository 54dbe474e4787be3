//! Request bins: receivers in the server itself, for people who try webhooks out.

use std::time::Duration;

use super::amount::Size;
use super::section::section;

section! {
    /// Request bins: receivers in the server itself, for people who try webhooks out. They are in the memory of one node
    /// and end with it. `postrider dev` has them always, under any name and without a key.
    Bins at "bins" {
        /// Let holders of an API key make bins with `POST /api/v1/bin`.
        enabled: bool = false,
        /// Bins at once; beyond it none can be made until one expires or is removed.
        max: usize = 1000,
        /// Requests that one bin keeps; beyond it the oldest go.
        requests: usize = 100,
        /// Memory for the requests of all bins; beyond it the oldest go, of the bin that takes most.
        memory: Size = Size::mebibytes(32),
        /// Bytes of one request's body that are kept; the rest is counted up to 1 MiB and dropped.
        body: Size = Size::kibibytes(256),
        /// How long a bin lives, and how long it keeps a request.
        max_age: Duration = Duration::from_secs(7 * 24 * 3600),
        /// Let scripted answers have any content type, HTML too, instead of text and JSON only. Whoever makes a bin can
        /// then show pages under this server's name.
        any_content_type: bool = false,
    }
}
