//! The tasks that write, each with one transaction at a time and a connection of its own for it.
//!
//! A writer takes all that is queued of a kind, writes it in one transaction of a few statements, and answers everyone
//! when that is committed; meanwhile the other writers do the same, so several commits are on their way to the disk. A
//! batch that fails runs again one by one: a poisoned job hurts only itself, and one that lost a race finds what the
//! winner did. A database that is away fails what was taken, at once.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::connection::Params;
use super::fault::{self, RETRY_AFTER};
use super::job::Job;
use super::queue::Work;
use super::session::{Session, Shared};
use super::transaction::{End, Turn, Witness};
use crate::Error;

/// How often a job is tried that loses races.
const TRIES: usize = 4;

/// Jobs of one kind that are written together.
#[async_trait]
pub(super) trait Batch: Sized + Send + Sync {
    /// What became of one of them.
    type Outcome: Send;
    /// Writes all of them in one transaction and ends it: an outcome for each, true if the end is a commit. An error
    /// means that nothing happened.
    async fn write(session: Session, jobs: &[Self]) -> Result<(Vec<Self::Outcome>, End), Error>;
    /// Tells the caller the outcome, which is durable now, and other nodes what concerns them.
    fn answer(self, outcome: Self::Outcome, shared: &Shared);
    /// Tells the caller that it failed. `outcome` is what may have happened nevertheless.
    fn fail(self, error: Error, outcome: Option<Self::Outcome>, shared: &Shared);
}

/// Works until the queue is closed and empty. `number` tells it from the other writers of this node.
pub(super) async fn run(shared: Arc<Shared>, number: i16) {
    let mut turn = Turn { holder: shared.holder, writer: number, token: 0 };
    while let Some((number, work)) = shared.queue.take().await {
        let began = Instant::now();
        let jobs = match work {
            Work::Accepts(jobs) => {
                let jobs = batch(&shared, jobs, turn.writer).await;
                shared.queue.accepts_done(number);
                jobs
            }
            Work::Settles(jobs) => {
                let jobs = batch(&shared, jobs, turn.writer).await;
                shared.queue.settles_done(number);
                jobs
            }
            Work::Other(job) => {
                let jobs = other(&shared, job, &mut turn).await;
                shared.queue.other_done(number);
                jobs
            }
        };
        metrics::histogram!("postrider_store_commit_jobs").record(jobs as f64);
        metrics::histogram!("postrider_store_commit_seconds").record(began.elapsed().as_secs_f64());
    }
}

impl Shared {
    /// A connection to work with, unless this engine is broken.
    async fn session(self: &Arc<Self>, writer: i16) -> Result<Session, Error> {
        if let Some(error) = self.status.broken() {
            return Err(error);
        }
        Ok(Session::new(self.pools.writer().await?, self, writer))
    }

    /// Takes note of what an error says about the database.
    fn note(&self, error: &Error) {
        match error {
            Error::Full => self.status.set_full(true),
            error if fault::lacks_partition(error) => self.partitions.forget(),
            _ => {}
        }
    }
}

/// Writes all of `jobs` and answers them. Gives their number.
async fn batch<B: Batch>(shared: &Arc<Shared>, jobs: Vec<B>, writer: i16) -> usize {
    let count = jobs.len();
    match write(shared, &jobs, writer).await {
        Err(error) if count > 1 && !is_of_all(&error) => {
            tracing::debug!(error = %error, jobs = count, "failed to write a batch: trying its jobs one by one");
            for job in jobs {
                one(shared, job, writer).await;
            }
        }
        Err(error) if count == 1 && fault::is_race(&error) => {
            for job in jobs {
                one(shared, job, writer).await;
            }
        }
        end => finish(shared, jobs, end),
    }
    count
}

/// Writes one job, again if it loses a race.
async fn one<B: Batch>(shared: &Arc<Shared>, job: B, writer: i16) {
    let jobs = vec![job];
    let mut end = write(shared, &jobs, writer).await;
    for _ in 1..TRIES {
        if !end.as_ref().is_err_and(fault::is_race) {
            break;
        }
        end = write(shared, &jobs, writer).await;
    }
    finish(shared, jobs, end);
}

/// Whether the error says nothing about a single job.
const fn is_of_all(error: &Error) -> bool {
    matches!(error, Error::Overloaded { .. } | Error::Full | Error::Broken(_) | Error::Closed)
}

type Ended<B> = Result<(Vec<<B as Batch>::Outcome>, bool), Error>;

/// Writes all of `jobs`: their outcomes, and whether they surely happened.
async fn write<B: Batch>(shared: &Arc<Shared>, jobs: &[B], writer: i16) -> Ended<B> {
    let work = async {
        match B::write(shared.session(writer).await?, jobs).await? {
            (outcomes, End::Committed) => Ok((outcomes, true)),
            (outcomes, End::Unknown) => Ok((outcomes, false)),
            (_, End::Failed(error)) => Err(error),
        }
    };
    let ended = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)));
    if let Err(error) = &ended {
        shared.note(error);
    }
    ended
}

/// Logs what is given up for a reason that is not the database's being away.
fn log(error: &Error) {
    if let Error::Engine(source) = error {
        tracing::error!(error = &**source as &dyn std::error::Error, "failed to write");
    }
}

fn finish<B: Batch>(shared: &Arc<Shared>, jobs: Vec<B>, end: Ended<B>) {
    match end {
        Ok((outcomes, true)) => {
            for (job, outcome) in jobs.into_iter().zip(outcomes) {
                job.answer(outcome, shared);
            }
        }
        Ok((outcomes, false)) => {
            for (job, outcome) in jobs.into_iter().zip(outcomes) {
                job.fail(Error::Unknown, Some(outcome), shared);
            }
        }
        Err(error) => {
            log(&error);
            let mut error = Some(error);
            for job in jobs {
                let again = error.as_ref().map_or(Error::Closed, repeated);
                job.fail(error.replace(again).unwrap_or(Error::Closed), None, shared);
            }
        }
    }
}

/// The same error for another job.
fn repeated(error: &Error) -> Error {
    match error {
        Error::Broken(reason) => Error::Broken(reason.clone()),
        Error::Full => Error::Full,
        Error::Closed => Error::Closed,
        _ => Error::Overloaded { retry_after: RETRY_AFTER },
    }
}

/// Does a job in a transaction of its own, again if it loses a race, and answers it.
async fn other(shared: &Arc<Shared>, mut job: Box<dyn Job>, turn: &mut Turn) -> usize {
    let mut end = transact(shared, &mut *job, turn).await;
    for _ in 1..TRIES {
        if !end.as_ref().is_err_and(fault::is_race) {
            break;
        }
        end = transact(shared, &mut *job, turn).await;
    }
    match end {
        Ok(true) => job.answer(&shared.returns),
        Ok(false) => job.fail(Error::Unknown, &shared.returns),
        Err(error) => {
            log(&error);
            job.fail(error, &shared.returns);
        }
    }
    1
}

/// `false` when it is not known what became of it.
async fn transact(shared: &Arc<Shared>, job: &mut dyn Job, turn: &mut Turn) -> Result<bool, Error> {
    turn.token += 1;
    let turn = *turn;
    let work = async {
        let session = shared.session(turn.writer).await?;
        let witness = session.conn.statement(Turn::WRITE).await?;
        let number = match session.begin(job.run(&session)).await {
            Ok(((), number)) => number,
            Err(error) => {
                session.roll_back().await;
                return Err(error);
            }
        };
        let changes = session.has_changes();
        let write: (_, Params<'_>) = (witness, &[&turn.holder, &turn.writer, &turn.token]);
        let end = session.commit(&number, Some(Witness::Writer(turn)), &[write]).await;
        if changes {
            shared.wire.changed();
        }
        match end {
            End::Committed => Ok(true),
            End::Unknown => Ok(false),
            End::Failed(error) => Err(error),
        }
    };
    let ended = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)));
    if let Err(error) = &ended {
        shared.note(error);
    }
    ended
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::Engine(format!("a job panicked: {}", text.unwrap_or("without a message")).into())
}
