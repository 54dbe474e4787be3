//! The one thread that writes, with group commit.
//!
//! It takes everything that is queued, runs it in one transaction, and hands the jobs to the [sync](super::sync),
//! which answers them once they are on the disk. A job checks before it writes, so a refusal leaves nothing behind and
//! disturbs nobody. When a job fails or panics, the transaction is rolled back and the jobs run again one at a time: one
//! poisoned job hurts only itself. A full disk fails what needs room and keeps the rest going; a failed write ends all
//! acknowledgement.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::health::Status;
use super::job::{Job, Need};
use super::queue::Queue;
use super::session::Session;
use super::space::Ballast;
use super::sync::Unsynced;
use crate::{Error, crash};

/// What the writer shares with the other threads.
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) status: Arc<Status>,
    pub(super) ballast: Arc<Ballast>,
    /// Held during each transaction, so that a checkpoint which needs the log to itself gets it between two of them.
    pub(super) turn: Arc<Mutex<()>>,
    /// Where committed jobs wait for the disk.
    pub(super) unsynced: Unsynced,
}

struct Writer<'s, 'c> {
    shared: &'s Shared,
    session: Session<'c>,
}

/// Works until the queue is closed and empty.
pub(super) fn run(shared: &Shared, session: Session<'_>) {
    let mut writer = Writer { shared, session };
    let mut batch = Vec::new();
    while let Some(left) = shared.queue.take(&mut batch) {
        let (began, jobs) = (Instant::now(), batch.len());
        writer.batch(&mut batch);
        metrics::gauge!("postrider_store_queue_jobs").set(left as f64);
        metrics::histogram!("postrider_store_commit_jobs").record(jobs as f64);
        metrics::histogram!("postrider_store_commit_seconds").record(began.elapsed().as_secs_f64());
        shared.unsynced.wait_for_room();
    }
}

impl Writer<'_, '_> {
    /// Does all of `jobs` and sees to it that they are answered, leaving the vector empty.
    fn batch(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        match self.commit(jobs) {
            Ok(()) => self.shared.unsynced.hand(jobs),
            Err(error @ (Error::Broken(_) | Error::Overloaded { .. })) => self.fail(jobs, &error),
            Err(Error::Full) => self.without_room(jobs),
            Err(error) => self.one_by_one(jobs, error),
        }
    }

    /// Fails all jobs alike.
    fn fail(&self, jobs: &mut Vec<Box<dyn Job>>, error: &Error) {
        if let Error::Broken(reason) = error {
            self.shared.status.set_broken(reason);
        }
        for job in jobs.drain(..) {
            job.fail(match error {
                Error::Broken(reason) => Error::Broken(reason.clone()),
                Error::Overloaded { retry_after } => Error::Overloaded { retry_after: *retry_after },
                _ => Error::Full,
            });
        }
    }

    /// The disk is full: refuses what needs room, and tries the rest again in the room of the ballast.
    fn without_room(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        self.shared.status.set_full(true);
        let (mut refused, mut rest): (Vec<_>, Vec<_>) =
            jobs.drain(..).partition(|job| job.need() == Need::Room);
        // Each further try has fewer jobs or more room than the one before, so there are at most three.
        if self.shared.ballast.free() || !refused.is_empty() {
            self.fail(&mut refused, &Error::Full);
            self.batch(&mut rest);
        } else {
            self.fail(&mut rest, &Error::Full);
        }
    }

    /// One of `jobs` failed with `error`: finds out which, and does the others.
    fn one_by_one(&mut self, jobs: &mut Vec<Box<dyn Job>>, error: Error) {
        tracing::error!(error = %error, jobs = jobs.len(), "failed to commit");
        if jobs.len() == 1 {
            jobs.remove(0).fail(error);
        } else {
            jobs.drain(..).for_each(|job| self.batch(&mut vec![job]));
        }
    }

    /// Runs all jobs in one transaction. Nothing of it has happened when this fails, except after [`Error::Broken`].
    fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
        if let Some(error) = self.shared.status.broken() {
            return Err(error);
        }
        let _turn = self.shared.turn.lock();
        let outcome = self.transact(jobs);
        if outcome.is_err() {
            self.session.rolled_back();
            // SQLite has rolled back by itself after some failures.
            if !self.session.conn.is_autocommit()
                && let Err(error) = self.session.conn.execute_batch("ROLLBACK")
            {
                return Err(Error::Broken(error.to_string()));
            }
        }
        outcome
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
        self.session.begin.execute([])?;
        for job in jobs {
            // What a panicking job has written is rolled back, and what the session remembers is forgotten.
            catch_unwind(AssertUnwindSafe(|| job.run(&mut self.session)))
                .unwrap_or_else(|panic| Err(Error::Engine(panic_sentence(&*panic).into())))?;
        }
        self.session.write_tally()?;
        crash::point("commit.before");
        self.session.commit.execute([])?;
        crash::point("commit.after");
        Ok(())
    }
}

fn panic_sentence(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a job panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests;
