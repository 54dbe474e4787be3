//! The database.

use super::amount::Size;
use super::section::section;

section! {
    /// The database, SQLite in the data directory.
    Store at "store" {
        /// When less than this is free on the disk, new messages are refused with 507, while outcomes are still
        /// recorded. 0 switches it off.
        min_free: Size = Size::mebibytes(256),
        /// Bytes that may wait to be written, beyond which callers get 429.
        queue_bytes: Size = Size::mebibytes(64),
    }
}
