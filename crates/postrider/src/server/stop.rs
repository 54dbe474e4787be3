//! How connections learn that the server stops.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The signals of one server: finish, then end.
#[derive(Default)]
pub(super) struct Stop {
    // Read by every connection at every turn, so it is not the token, which has a lock.
    draining: AtomicBool,
    drain: CancellationToken,
    cut: CancellationToken,
}

/// One connection's ear. It is registered once, so that listening costs a request nothing.
pub(super) struct Stopping {
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    is_listening: bool,
    has_begun: bool,
}

impl Stop {
    /// Requests under way are finished; nothing new begins.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.drain.cancel();
    }

    /// Whatever is left ends.
    pub(super) fn cut(&self) {
        self.cut.cancel();
    }

    /// Ends with [`Stop::drain`].
    pub(super) async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// For one connection.
    pub(super) fn listen(&self) -> Stopping {
        Stopping {
            drain: Box::pin(self.drain.clone().cancelled_owned()),
            cut: Box::pin(self.cut.clone().cancelled_owned()),
            is_listening: false,
            has_begun: false,
        }
    }
}

impl Stopping {
    /// `true` once, when draining has begun.
    pub(super) fn begins(&mut self, stop: &Stop, cx: &mut Context<'_>) -> bool {
        if !self.is_listening {
            self.is_listening = true;
            // For its wake only: the flag tells.
            let _ = self.drain.as_mut().poll(cx);
        }
        let begins = !self.has_begun && stop.draining.load(Ordering::Acquire);
        self.has_begun |= begins;
        begins
    }

    /// Whether the connection must end now.
    pub(super) fn is_cut(&mut self, cx: &mut Context<'_>) -> bool {
        self.has_begun && self.cut.as_mut().poll(cx).is_ready()
    }
}
