//! What one request, and all together, may take.

use super::amount::Size;
use super::section::section;

section! {
    /// What one request, and all together, may take.
    Limits at "limits" {
        /// Bytes of one request body; a message's payload is a part of it. More is 413.
        body: Size = Size::mebibytes(1),
        /// Requests under way at once, beyond which callers get 429.
        requests: usize = 4096,
    }
}
