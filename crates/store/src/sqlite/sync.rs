//! The sync: makes what the writer has committed durable, and only then answers.
//!
//! The writer's connection commits without waiting for the disk. Each commit goes to this thread, which syncs the
//! write-ahead log and answers everyone whose commit was in it when the sync began. So the disk works on one commit
//! while the writer prepares the next, and a slow disk makes the batches larger instead of the writer idle. The writer
//! is at most one batch ahead (see [`Unsynced::wait_for_room`]).
//!
//! A failed sync ends all acknowledgement: the kernel reports it once, and what it lost may be anything.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::health::Status;
use super::job::Job;
use super::queue::Queue;
use crate::crash;

/// Jobs that are committed and not yet known to be on the disk.
#[derive(Default)]
pub(super) struct Unsynced {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Box<dyn Job>>,
    closed: bool,
}

impl Unsynced {
    /// Hands over what was committed, leaving `jobs` empty.
    pub(super) fn hand(&self, jobs: &mut Vec<Box<dyn Job>>) {
        self.state.lock().jobs.append(jobs);
        self.changed.notify_all();
    }

    /// Waits until the sync has taken all that was handed over. Whoever gathers the next batch only then gathers more
    /// in it.
    pub(super) fn wait_for_room(&self) {
        self.changed.wait_while(&mut self.state.lock(), |state| !state.jobs.is_empty() && !state.closed);
    }

    /// Ends [`run`] when all is synced, and nobody waits for room any more.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for commits and moves them into `jobs`. `false` when there will be none.
    fn take(&self, jobs: &mut Vec<Box<dyn Job>>) -> bool {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.jobs.is_empty() && !state.closed);
        std::mem::swap(&mut state.jobs, jobs);
        self.changed.notify_all();
        !jobs.is_empty()
    }
}

/// Syncs and answers until `unsynced` is closed and empty. `sync` makes all that was written before the call durable.
pub(super) fn run(
    unsynced: &Unsynced,
    queue: &Arc<Queue>,
    status: &Status,
    mut sync: impl FnMut() -> io::Result<()>,
) {
    let mut jobs = Vec::new();
    while unsynced.take(&mut jobs) {
        if status.broken().is_none()
            && let Err(error) = durable(&mut sync)
        {
            status.set_broken(&format!("sync the log: {error}"));
        }
        for job in jobs.drain(..) {
            match status.broken() {
                None => job.answer(queue),
                Some(error) => job.fail(error),
            }
        }
    }
}

fn durable(sync: &mut impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let began = Instant::now();
    // A sync that panicked has promised nothing.
    catch_unwind(AssertUnwindSafe(sync)).unwrap_or_else(|_| Err(io::Error::other("the sync panicked")))?;
    metrics::histogram!("postrider_store_sync_seconds").record(began.elapsed().as_secs_f64());
    crash::point("sync.after");
    Ok(())
}

#[cfg(test)]
mod tests;
