//! The PostgreSQL engine: one database, any number of nodes.
//!
//! Every verb that writes is a [job](job) for the [writers](writer), which take what is queued many at a time and keep
//! several commits under way; every verb that only reads runs on a connection of its own [pool](pool). In reading order:
//! [open] with the [address], the [durability] of the server, [migrate] and the entry of the [node]; the [queue] and the
//! [writer]s; [transaction], which knows what to do when the answer to a COMMIT is lost; then the verbs, a file for each
//! kind of thing, with the names that they have in the SQLite engine. The way of a message is [accept], [claim],
//! [settle].
//!
//! What the promise of durability rests on: a server that is refused unless it waits for its disk ([durability]), answers
//! only after COMMIT was answered, and a look at the database where that answer was lost ([transaction]).
//!
//! What one node must not do to another: only the owner of an endpoint's [partition](lanes) puts its deliveries into its
//! hands; they carry their [holder](node), and only what a dead one held is put back; what must be unique is so by
//! constraints; deliveries of one order are placed and moved on one at a time, under an advisory lock ([order]). What a
//! node does to stay among the others is the [member]'s; what has [changed](changes) they find out by reading, and the
//! [wire] tells them sooner.
//!
//! How rows are asked for by a list: as `(SELECT $1 AS app_row, unnest($2) AS row)`, joined by the whole key. With
//! `app_row = $1 AND row = ANY($2)` the planner may read all rows of the application and pick from them; a test looks at
//! the plans of all statements.
//!
//! Deliberately absent: foreign keys, and a backup: that is `pg_dump`'s work, or the provider's.

use std::sync::Arc;

use tokio::sync::{Mutex, oneshot};

pub use address::AddressError;
pub use durability::Durability;
pub use inspect::{Inspection, Node, Schema};
pub use migrate::MigrateError;
pub use open::{OpenError, Options};
pub(crate) use transfer::open_to_move;

use crate::failure::Failure;
use crate::{Error, Health};
use background::Background;
use connection::Connection;
use handed::{Handed, Held, Returns};
use job::{Act, Need, Run};
use session::Shared;

mod accept;
mod address;
mod apps;
mod attempts;
mod audit;
mod background;
mod changes;
mod claim;
mod connection;
mod deliveries;
mod durability;
mod endpoints;
mod environments;
mod event_types;
mod fault;
mod handed;
mod health;
mod idempotency;
mod inspect;
mod issues;
mod job;
mod keys;
mod lanes;
mod listen;
mod member;
mod messages;
mod migrate;
mod node;
mod open;
mod order;
mod partitions;
mod payload_index;
mod people;
#[cfg(test)]
mod plans;
mod pool;
mod portal;
mod queue;
mod receive;
mod record;
mod resend;
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
mod store;
mod tally;
mod tasks;
mod transaction;
mod transfer;
mod wire;
mod writer;

/// Bytes that a small job is taken to keep while it waits.
const SMALL: usize = 1_024;

/// Why a store in PostgreSQL makes no backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PostgreSQL database is backed up with pg_dump, or by whoever runs it")]
pub struct BackupElsewhere;

/// A store in a PostgreSQL database, as one of its nodes. Dropping it without [`close`](crate::Store::close) is like a
/// crash, but tidy: what it held waits until its lease is over.
pub struct Postgres {
    shared: Arc<Shared>,
    slot: u16,
    durability: Durability,
    /// `None` once closed.
    background: Mutex<Option<Background>>,
}

impl Postgres {
    fn new(shared: Arc<Shared>, background: Background, slot: u16, durability: Durability) -> Self {
        Self { shared, slot, durability, background: Mutex::new(Some(background)) }
    }

    /// A connection for a verb that only reads. Its statements are not one snapshot.
    async fn reader(&self) -> Result<Connection, Error> {
        self.shared.pools.reader().await
    }

    /// Does `act` in a transaction and answers when that is durable.
    async fn write<A, T, E>(&self, need: Need, args: A, act: Run<A, T, E>) -> Result<T, E>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.submit(need, args, act, |outcome, _| outcome).await
    }

    /// The same for an act that puts deliveries into the caller's hands. They are put back if the caller is gone.
    async fn hand<A, T, E>(&self, need: Need, args: A, act: Run<A, (T, Vec<Held>), E>) -> Result<T, E>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.submit(need, args, act, Handed::new).await.map(Handed::take)
    }

    async fn submit<A, T, U, E>(
        &self,
        need: Need,
        args: A,
        run: Run<A, T, E>,
        hand: fn(T, &Arc<Returns>) -> U,
    ) -> Result<U, E>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        U: Send + 'static,
        E: Failure,
    {
        self.admit(need)?;
        let (caller, outcome) = oneshot::channel();
        let act = Act { args, run, hand, outcome: None, caller };
        self.shared.queue.push_other(need, Box::new(act), SMALL)?;
        // A writer drops a job without an answer only when it ends.
        outcome.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Refuses at once what could not be written.
    fn admit(&self, need: Need) -> Result<(), Error> {
        match self.shared.status.health() {
            Health::Broken => Err(self.shared.status.broken().unwrap_or(Error::Closed)),
            Health::Full if need == Need::Room => Err(Error::Full),
            Health::Ready | Health::Full => Ok(()),
        }
    }
}
