//! Searching.

use super::section::section;

section! {
    /// Searching deliveries and messages.
    Search at "search" {
        /// Keep an index of payloads, so that searches for a text and for `body.PATH` need not read all of them. It is made
        /// behind the traffic, of what is there already too, and takes about as much of the disk as payloads of some hundred
        /// bytes do. Switched off, it is removed. The same on all nodes.
        payloads: bool = false,
    }
}
