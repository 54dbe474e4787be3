//! Relaying: requests that go straight to a developer's machine, for clients that speak the protocols of other relays.
//!
//! Nothing is durable here, nothing is verified, and no key is asked for: who knows the name of a channel may send to it and
//! listen to it. So it is off unless the configuration asks for it, names are long, and everything has a ceiling. What
//! must not be lost goes to a source, and is listened to by [`listen`](super::listen).
//!
//! [`Channels`] are of the kind of smee.io, where all listeners get all; [`Sockets`] of the kind of the `svix` command,
//! where one listener has a token and answers.

mod channels;
mod message;
mod sockets;

use std::sync::Arc;

use postrider_core::rng::Rng;
use postrider_core::time::Clock;

pub use channels::{Channels, Following, NoChannel, NoRoom};
pub use message::{Posted, Unreadable};
pub use sockets::{Call, Claimed, InUse, Socket, SocketPlace, Sockets, Uncalled, is_token};

/// Who may use relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nobody: there are none.
    Off,
    /// Who knows a name that nobody can guess.
    Guarded,
    /// Anybody under any name, for development.
    Open,
}

/// The relays of this process.
pub struct Relay {
    /// Channels.
    pub channels: Channels,
    /// Sockets.
    pub sockets: Sockets,
    mode: Mode,
}

impl Relay {
    /// Relays for those that `mode` says.
    pub fn new(mode: Mode, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self { channels: Channels::new(mode, clock, Arc::clone(&rng)), sockets: Sockets::new(rng), mode }
    }

    /// Whether there are any.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.mode != Mode::Off
    }
}
