//! What one request, and all together, may take.

use super::amount::Size;
use super::section::section;

section! {
    /// What one request, and all together, may take.
    Limits at "limits" {
        /// Bytes of one request body; a message's payload is a part of it. More is 413.
        body: Size = Size::mebibytes(1),
        /// Bytes of one request to a source; more is 413. Providers send up to 25 MiB.
        receive_body: Size = Size::mebibytes(5),
        /// Requests under way at once, beyond which callers get 429. While more than half of them are, one key may
        /// have a quarter.
        requests: usize = 4096,
        /// Messages that one application may publish a second, with a second's worth at once after a pause; beyond
        /// that callers get 429. 0 for any number.
        app_messages_per_second: u32 = 0,
    }
}
