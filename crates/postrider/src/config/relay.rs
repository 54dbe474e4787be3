//! Relays of the protocols of others.

use super::section::section;

section! {
    /// Relays for development: channels of the kind of smee.io below `/smee/`, and the relay of the `svix` command. They
    /// are in memory, need no key, and let in whoever knows a name.
    Relay at "relay" {
        /// Whether there are any. `postrider dev` has them.
        enabled: bool = false,
    }
}
