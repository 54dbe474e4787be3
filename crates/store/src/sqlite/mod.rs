//! The SQLite engine: one file, one process.
//!
//! Every verb that writes is a [job](job) for the one [writer], which commits many of them together; every verb
//! that only reads runs on one of the [readers]. In reading order: [open] and its [migrate] and [check]; the [engine]'s
//! threads, which are the [writer] behind its [queue], the [sync] behind the writer, the [checkpoint]er and the watch on
//! [space]; then the verbs, a file for each kind of thing. The way of a message is [accept], [claim], [settle].
//!
//! What the promise of durability rests on: answers only after the log was synced behind their commit, and that a
//! failed write or sync ends all acknowledgement until a restart ([health]).
//!
//! Deliberately absent: a second writer, a cache of rows, and waiting on the disk in any caller's thread.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

pub use backup::{RestoreError, restore};
pub use migrate::MigrateError;
pub use open::{DATABASE_FILE, OpenError, Options};
pub(crate) use transfer::open_to_move;
pub use version::{VERSION_MIN, is_safe, version};

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::seal::Sealer;
use crate::{Error, Health};
use engine::Engine;
use handed::{Handed, Held};
use health::Status;
use job::{Act, Need};
use queue::Queue;
use readers::Readers;
use session::Session;

mod accept;
mod apps;
mod attempts;
mod audit;
mod backup;
mod check;
mod checkpoint;
mod claim;
mod connection;
mod deliveries;
mod endpoints;
mod engine;
mod environments;
mod event_types;
mod fault;
mod handed;
mod health;
mod idempotency;
mod issues;
mod job;
mod keys;
mod listen;
mod messages;
mod migrate;
mod open;
mod order;
mod payload_index;
mod people;
#[cfg(test)]
mod plans;
mod portal;
mod queue;
mod readers;
mod receive;
mod record;
mod retain;
mod rollups;
mod rows;
mod saved;
mod scan;
mod search;
mod session;
mod sessions;
mod settle;
mod sources;
mod space;
mod store;
mod sync;
mod tasks;
mod ticker;
mod transfer;
mod version;
mod writer;

/// Bytes that a small job is taken to keep while it waits.
const SMALL: usize = 1_024;

/// A store in one SQLite database. Dropping it without [`close`](crate::Store::close) is like a crash, but tidy.
pub struct Sqlite {
    queue: Arc<Queue>,
    status: Arc<Status>,
    readers: Arc<Readers>,
    sealer: Arc<Sealer>,
    file: PathBuf,
    cluster: Arc<Cluster>,
    /// `None` once closed.
    engine: Mutex<Option<Engine>>,
}

impl Sqlite {
    fn new(engine: Engine, readers: Arc<Readers>, options: &Options, file: PathBuf) -> Self {
        Self {
            queue: Arc::clone(&engine.queue),
            status: Arc::clone(&engine.status),
            readers,
            sealer: Arc::clone(&options.sealer),
            file,
            cluster: Cluster::alone(),
            engine: Mutex::new(Some(engine)),
        }
    }

    /// Runs `act` in the writer's next transaction and answers when that is durable.
    async fn write<T, E, F>(&self, need: Need, act: F) -> Result<T, E>
    where
        F: FnMut(&mut Session<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.submit(need, SMALL, act, |outcome, _| outcome).await
    }

    /// The same for an act that puts deliveries into the caller's hands. They are put back if the caller is gone.
    async fn hand<T, E, F>(&self, need: Need, bytes: usize, act: F) -> Result<T, E>
    where
        F: FnMut(&mut Session<'_>) -> Result<(T, Vec<Held>), E> + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.submit(need, bytes, act, Handed::new).await.map(Handed::take)
    }

    async fn submit<T, U, E, F>(
        &self,
        need: Need,
        bytes: usize,
        act: F,
        hand: fn(T, &Arc<Queue>) -> U,
    ) -> Result<U, E>
    where
        F: FnMut(&mut Session<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        U: Send + 'static,
        E: Failure,
    {
        match self.status.health() {
            Health::Broken => return Err(self.status.broken().unwrap_or(Error::Closed).into()),
            Health::Full if need == Need::Room => return Err(Error::Full.into()),
            Health::Ready | Health::Full => {}
        }
        let (caller, outcome) = oneshot::channel();
        self.queue.push(Box::new(Act { need, run: act, hand, outcome: None, caller }), bytes)?;
        // The writer drops a job without an answer only when it ends.
        outcome.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}
