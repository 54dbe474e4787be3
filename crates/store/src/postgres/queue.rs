//! The queue in front of the writers, bounded in jobs and bytes.
//!
//! A full queue refuses at once. What records outcomes has twice the room of what brings new work, so that publishers
//! cannot crowd it out. Jobs of one kind are taken together; the kind whose first job has waited longest goes first.
//!
//! While a batch is on its way to the disk, the jobs that come gather for the next one: many small batches would cost the
//! server far more than a large one, and the more so the more nodes there are. For the same reason batches of a kind keep
//! a distance, unless enough jobs have gathered; after a pause the first one goes at once. Only when very many wait does
//! a second batch of their kind set out beside the first, and so on: that is what keeps a database busy whose commits
//! take long.

use std::collections::{BTreeSet, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::fault::OVERLOADED;
use super::job::{Accept, Job, Need, Settle};
use crate::Error;

/// Jobs that may wait.
const JOBS_MAX: usize = 50_000;
/// Jobs and bytes of one transaction: enough to share a sync widely, few enough to keep each caller's wait short.
const BATCH_JOBS: usize = 512;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Jobs that must wait for each batch of their kind that is under way before another one sets out.
const GATHER_JOBS: usize = 64;

/// The least time from the begin of one batch of a kind to the next, and the number of jobs that do not wait for it.
const DISTANCE: Duration = Duration::from_millis(4);
const ENOUGH_JOBS: usize = 32;

/// What a writer does next.
pub(super) enum Work {
    /// In one transaction.
    Accepts(Vec<Accept>),
    /// In one transaction.
    Settles(Vec<Settle>),
    /// In a transaction of its own.
    Other(Box<dyn Job>),
}

/// Jobs that wait for a writer.
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Notify,
    /// Told when something is done.
    done: Notify,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    accepts: Line<Accept>,
    settles: Line<Settle>,
    others: Line<Box<dyn Job>>,
    bytes: usize,
    /// Jobs that ever came, which numbers them.
    came: u64,
    /// What is under way, by the number of its first job.
    under_way: BTreeSet<u64>,
    closed: bool,
}

/// Jobs of one kind.
struct Line<J> {
    /// Those that wait, with their numbers and sizes.
    waiting: VecDeque<(u64, usize, J)>,
    /// Batches under way.
    batches: usize,
    /// When the next one may set out that has fewer than [`ENOUGH_JOBS`].
    not_before: Option<Instant>,
}

impl<J> Default for Line<J> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), batches: 0, not_before: None }
    }
}

impl<J> Line<J> {
    /// The number of the first; that of no job when there is none.
    fn first(&self) -> u64 {
        self.waiting.front().map_or(u64::MAX, |(number, ..)| *number)
    }

    /// The same for jobs that go in batches, once a batch may set out.
    fn first_of_batch(&self, now: Instant) -> u64 {
        let gathered = self.batches == 0 || self.waiting.len() >= self.batches * GATHER_JOBS;
        if gathered && self.distance(now).is_none() { self.first() } else { u64::MAX }
    }

    /// How long what waits must keep its distance still.
    fn distance(&self, now: Instant) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(now);
        let is_kept = !left.is_zero() && (1..ENOUGH_JOBS).contains(&self.waiting.len());
        is_kept.then_some(left)
    }

    /// Takes up to `jobs` of them, and says how many bytes they keep.
    fn take(&mut self, jobs: usize, now: Instant) -> (Vec<J>, usize) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        self.batches += 1;
        self.not_before = Some(now + DISTANCE);
        while batch.len() < jobs && bytes < BATCH_BYTES {
            let Some((_, size, job)) = self.waiting.pop_front() else { break };
            bytes += size;
            batch.push(job);
        }
        (batch, bytes)
    }
}

/// Whoever looks does so at one moment `now`, whatever is asked: were a distance over between two questions, a writer
/// would see neither work nor a reason to look again, and what waits might wait for ever.
impl State {
    fn len(&self) -> usize {
        self.accepts.waiting.len() + self.settles.waiting.len() + self.others.waiting.len()
    }

    /// The numbers of the jobs that could be taken next.
    fn firsts(&self, now: Instant) -> [u64; 3] {
        [self.accepts.first_of_batch(now), self.settles.first_of_batch(now), self.others.first()]
    }

    fn is_ready(&self, now: Instant) -> bool {
        self.firsts(now) != [u64::MAX; 3]
    }

    /// How long until some that keep their distance need not do so any more.
    fn distance(&self, now: Instant) -> Option<Duration> {
        self.accepts.distance(now).into_iter().chain(self.settles.distance(now)).min()
    }

    /// The number of the oldest job that is not done; that of no job when all are.
    fn oldest(&self) -> u64 {
        let waiting = [self.accepts.first(), self.settles.first(), self.others.first()];
        waiting.into_iter().chain(self.under_way.first().copied()).min().unwrap_or(u64::MAX)
    }

    /// The next work, and the number that it is under way with.
    fn next(&mut self, now: Instant) -> Option<(u64, Work)> {
        let firsts = self.firsts(now);
        let (work, bytes) = match firsts.iter().min() {
            Some(&u64::MAX) | None => return None,
            Some(first) if *first == firsts[0] => {
                let (batch, bytes) = self.accepts.take(BATCH_JOBS, now);
                (Work::Accepts(batch), bytes)
            }
            Some(first) if *first == firsts[1] => {
                let (batch, bytes) = self.settles.take(BATCH_JOBS, now);
                (Work::Settles(batch), bytes)
            }
            Some(_) => {
                let (mut batch, bytes) = self.others.take(1, now);
                (Work::Other(batch.pop()?), bytes)
            }
        };
        self.bytes -= bytes;
        let number = *firsts.iter().min()?;
        self.under_way.insert(number);
        Some((number, work))
    }
}

impl Queue {
    pub(super) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), filled: Notify::new(), done: Notify::new(), bytes_max })
    }

    pub(super) fn push_accept(&self, job: Accept, bytes: usize) -> Result<(), Error> {
        self.push(Need::Room, bytes, |state| &mut state.accepts, job)
    }

    pub(super) fn push_settle(&self, job: Settle, bytes: usize) -> Result<(), Error> {
        self.push(Need::Little, bytes, |state| &mut state.settles, job)
    }

    pub(super) fn push_other(&self, need: Need, job: Box<dyn Job>, bytes: usize) -> Result<(), Error> {
        self.push(need, bytes, |state| &mut state.others, job)
    }

    fn push<J>(
        &self,
        need: Need,
        bytes: usize,
        line: fn(&mut State) -> &mut Line<J>,
        job: J,
    ) -> Result<(), Error> {
        let room = if need == Need::Room { 1 } else { 2 };
        let mut state = self.state.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        if state.len() >= room * JOBS_MAX || state.bytes.saturating_add(bytes) > room * self.bytes_max {
            return Err(OVERLOADED);
        }
        self.add(&mut state, line, job, bytes);
        Ok(())
    }

    /// Adds a job that nobody waits for, however full the queue is.
    pub(super) fn push_always(&self, job: Box<dyn Job>) {
        let mut state = self.state.lock();
        if !state.closed {
            self.add(&mut state, |state| &mut state.others, job, 0);
        }
    }

    fn add<J>(&self, state: &mut State, line: fn(&mut State) -> &mut Line<J>, job: J, bytes: usize) {
        state.came += 1;
        let number = state.came;
        let waiting = &mut line(state).waiting;
        waiting.push_back((number, bytes, job));
        // Somebody must know until when the first of a line keeps its distance.
        let is_first = waiting.len() == 1;
        state.bytes += bytes;
        if is_first || state.is_ready(Instant::now()) {
            self.filled.notify_one();
        }
    }

    /// Waits until all that has come so far is done.
    pub(super) async fn passed(&self) {
        let last = self.state.lock().came;
        loop {
            let mut done = pin!(self.done.notified());
            done.as_mut().enable();
            if self.state.lock().oldest() > last {
                return;
            }
            done.await;
        }
    }

    /// The next work and a number for when it is done, waiting for it. `None` when the queue is closed and empty.
    pub(super) async fn take(&self) -> Option<(u64, Work)> {
        loop {
            let distance = {
                let mut state = self.state.lock();
                let now = Instant::now();
                if let Some(work) = state.next(now) {
                    // Another writer takes what is ready, or waits in our place until it is.
                    if state.is_ready(now) || state.distance(now).is_some() {
                        self.filled.notify_one();
                    }
                    metrics::gauge!("postrider_store_queue_jobs").set(state.len() as f64);
                    return Some(work);
                }
                // What gathers behind a batch is taken by the writer that comes back from it.
                let distance = state.distance(now);
                if state.closed && distance.is_none() {
                    self.filled.notify_one();
                    return None;
                }
                distance
            };
            match distance {
                // Either way the next thing is to look.
                Some(rest) => drop(timeout(rest, self.filled.notified()).await),
                None => self.filled.notified().await,
            }
        }
    }

    /// To be called when a batch of acceptances is answered.
    pub(super) fn accepts_done(&self, number: u64) {
        self.finish(number, |state| state.accepts.batches -= 1);
    }

    /// To be called when a batch of settlements is answered.
    pub(super) fn settles_done(&self, number: u64) {
        self.finish(number, |state| state.settles.batches -= 1);
    }

    /// To be called when any other job is answered.
    pub(super) fn other_done(&self, number: u64) {
        self.finish(number, |state| state.others.batches -= 1);
    }

    fn finish(&self, number: u64, count: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        count(&mut state);
        state.under_way.remove(&number);
        if state.is_ready(Instant::now()) {
            self.filled.notify_one();
        }
        drop(state);
        self.done.notify_waiters();
    }

    /// Refuses new jobs; those that wait are still taken.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle() -> Settle {
        let (caller, _) = tokio::sync::oneshot::channel();
        Settle { settlements: Arc::default(), marks: Vec::new(), caller }
    }

    /// A writer that finds no work while some waits knows when to look again, at whatever moment it looks.
    #[test]
    fn what_waits_is_taken_or_waited_for() {
        let began = Instant::now();
        let mut state = State::default();
        let waiting = |state: &mut State| state.settles.waiting.push_back((2, 0, settle()));
        waiting(&mut state);
        assert!(matches!(state.next(began), Some((2, Work::Settles(_)))), "after a pause it goes at once");
        state.settles.batches = 0;
        waiting(&mut state);
        let nano = Duration::from_nanos(1);
        for (after, taken) in
            [(Duration::ZERO, false), (DISTANCE / 2, false), (DISTANCE, true), (DISTANCE + nano, true)]
        {
            let now = began + after;
            assert_eq!(state.is_ready(now), taken, "{after:?}");
            assert_eq!(state.distance(now).is_some(), !taken, "{after:?}");
        }
    }
}
