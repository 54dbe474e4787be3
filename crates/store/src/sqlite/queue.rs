//! The queue in front of the writer, bounded in jobs and bytes.
//!
//! A full queue refuses at once: callers are asynchronous and must never wait for a lock that the disk holds. What
//! records outcomes has twice the room of what brings new work, so that publishers cannot crowd it out.
//!
//! Every commit writes some pages that the next one writes again, so many small ones cost a disk far more than a few
//! larger ones. That is why commits keep a distance, unless enough jobs have gathered; after a pause the first one
//! goes at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::fault::RETRY_AFTER;
use super::job::{Job, Need};
use crate::Error;

/// Jobs that may wait.
const JOBS_MAX: usize = 50_000;
/// Jobs and bytes of one transaction: enough to share a sync widely, few enough to keep each caller's wait short.
const BATCH_JOBS: usize = 1_024;
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// The least time from the begin of one batch to the next, and the number of jobs that do not wait for it.
const DISTANCE: Duration = Duration::from_millis(1);
const ENOUGH_JOBS: usize = 16;

/// Jobs that wait for the writer.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    bytes_max: usize,
}

struct State {
    jobs: VecDeque<(usize, Box<dyn Job>)>,
    bytes: usize,
    closed: bool,
    /// How many jobs wake the writer, if it sleeps.
    wakes_at: Option<usize>,
    /// When the next batch may begin that has fewer than [`ENOUGH_JOBS`].
    not_before: Instant,
}

impl Queue {
    pub(super) fn new(bytes_max: usize) -> Arc<Self> {
        let state = State {
            jobs: VecDeque::new(),
            bytes: 0,
            closed: false,
            wakes_at: None,
            not_before: Instant::now(),
        };
        Arc::new(Self { state: Mutex::new(state), filled: Condvar::new(), bytes_max })
    }

    /// Adds a job that keeps about `bytes` of memory.
    pub(super) fn push(&self, job: Box<dyn Job>, bytes: usize) -> Result<(), Error> {
        let room = if job.need() == Need::Room { 1 } else { 2 };
        let mut state = self.state.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        if state.jobs.len() >= room * JOBS_MAX || state.bytes.saturating_add(bytes) > room * self.bytes_max {
            return Err(Error::Overloaded { retry_after: RETRY_AFTER });
        }
        self.add(&mut state, job, bytes);
        Ok(())
    }

    /// Adds a job that nobody waits for, however full the queue is.
    pub(super) fn push_always(&self, job: Box<dyn Job>) {
        let mut state = self.state.lock();
        if !state.closed {
            self.add(&mut state, job, 0);
        }
    }

    fn add(&self, state: &mut State, job: Box<dyn Job>, bytes: usize) {
        state.jobs.push_back((bytes, job));
        state.bytes += bytes;
        if state.wakes_at.is_some_and(|jobs| state.jobs.len() >= jobs) {
            state.wakes_at = None;
            self.filled.notify_one();
        }
    }

    /// Moves the next batch into `batch`, waiting until there is one, and says how many jobs are left. `None` when the
    /// queue is closed and empty.
    pub(super) fn take(&self, batch: &mut Vec<Box<dyn Job>>) -> Option<usize> {
        let mut state = self.state.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return None;
            }
            state.wakes_at = Some(1);
            self.filled.wait(&mut state);
        }
        let not_before = state.not_before;
        while state.jobs.len() < ENOUGH_JOBS && !state.closed {
            state.wakes_at = Some(ENOUGH_JOBS);
            if self.filled.wait_until(&mut state, not_before).timed_out() {
                break;
            }
        }
        state.wakes_at = None;
        state.not_before = Instant::now() + DISTANCE;
        let mut bytes = 0;
        while batch.len() < BATCH_JOBS && bytes < BATCH_BYTES {
            let Some((size, job)) = state.jobs.pop_front() else { break };
            bytes += size;
            batch.push(job);
        }
        state.bytes -= bytes;
        Some(state.jobs.len())
    }

    /// Refuses new jobs and drops those that wait: their callers learn that the store is closed.
    pub(super) fn abandon(&self) {
        self.close();
        let jobs = std::mem::take(&mut self.state.lock().jobs);
        drop(jobs);
    }

    /// Refuses new jobs; those that wait are still taken.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }
}
