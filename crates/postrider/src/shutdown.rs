//! Signals: the first asks to stop, the second insists.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that mean stopping.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// Which signal it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM: from a service manager.
    Terminate,
    /// SIGINT: from a keyboard.
    Interrupt,
}

impl Signals {
    /// From now on signals do not end the process by themselves.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.interrupt.recv() => Asked::Interrupt,
        }
    }
}
