//! Signals: the first asks to stop, the second insists.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// For how long after a signal another one is an echo of it: tools that run a program, such as `timeout`, often signal
/// the process and then its whole group. A person who insists is slower.
const ECHO: Duration = Duration::from_millis(250);

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

    /// The next signal that is no echo of the one that just came.
    pub async fn insists(&mut self) -> Asked {
        let mut echo = pin!(tokio::time::sleep(ECHO));
        loop {
            tokio::select! {
                biased;
                () = &mut echo => return self.next().await,
                _ = self.next() => {}
            }
        }
    }
}
