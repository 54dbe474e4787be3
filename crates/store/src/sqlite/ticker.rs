//! A pulse for background threads that can be stopped at once.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Wakes a thread now and then, until it is stopped.
#[derive(Default)]
pub(super) struct Ticker {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Ticker {
    /// Whether the thread is to end.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.lock()
    }

    /// Waits for `pause`. `false` when the thread is to end.
    pub(super) fn wait(&self, pause: Duration) -> bool {
        let mut stopped = self.stopped.lock();
        if !*stopped {
            self.changed.wait_for(&mut stopped, pause);
        }
        !*stopped
    }
}

/// A background thread. It is stopped and joined when this is dropped.
pub(super) struct Background {
    ticker: Arc<Ticker>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts `work`, which must end soon after its ticker stops.
    pub(super) fn start(
        name: &str,
        work: impl FnOnce(&Arc<Ticker>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let ticker = Arc::new(Ticker::default());
        let own = Arc::clone(&ticker);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&own))?;
        Ok(Self { ticker, thread: Some(thread) })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        *self.ticker.stopped.lock() = true;
        self.ticker.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a background thread of the store had panicked");
        }
    }
}
