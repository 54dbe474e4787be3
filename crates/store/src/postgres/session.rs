//! What the writers' jobs work with: the connection inside an open transaction, and what every job needs to know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::scope::AppScope;

use super::connection::Connection;
use super::handed::Returns;
use super::health::Status;
use super::member::Calls;
use super::partitions::Partitions;
use super::pool::Pools;
use super::queue::Queue;
use super::retain;
use super::tally;
use super::wire::Wire;
use crate::Error;
use crate::cluster::{Cluster, Due};
use crate::seal::Sealer;
use crate::tally::KnownIssues;

/// What all parts of the engine share.
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) returns: Arc<Returns>,
    pub(super) status: Status,
    pub(super) pools: Pools,
    pub(super) sealer: Arc<Sealer>,
    /// The number of this opening of the store: what the deliveries that it holds carry.
    pub(super) holder: i64,
    pub(super) cluster: Arc<Cluster>,
    pub(super) wire: Arc<Wire>,
    pub(super) calls: Calls,
    pub(super) partitions: Partitions,
    pub(super) environments: tally::Environments,
    pub(super) known: Mutex<KnownIssues>,
    /// Where retention goes on. Locked for a whole pass: of one node only one pass runs at a time.
    pub(super) retention: tokio::sync::Mutex<retain::Position>,
}

impl Shared {
    /// Tells the owner of an endpoint that a delivery waits there. Our own lanes are told by whoever asked for it.
    pub(super) fn hint(&self, app: AppId, endpoint: EndpointId) {
        self.tell_owner(Due { app, endpoint, manual: false });
    }

    /// The same for a delivery that a person asked for.
    pub(super) fn hint_asked(&self, app: AppId, endpoint: EndpointId) {
        self.tell_owner(Due { app, endpoint, manual: true });
    }

    fn tell_owner(&self, due: Due) {
        if !self.cluster.owns(due.endpoint) {
            self.wire.waiting(due);
        }
    }
}

/// A writer's working place for one transaction.
pub(super) struct Session {
    pub(super) conn: Connection,
    pub(super) shared: Arc<Shared>,
    /// Which of the node's writers it is.
    writer: i16,
    changes: AtomicBool,
}

impl Session {
    pub(super) fn new(conn: Connection, shared: &Arc<Shared>, writer: i16) -> Self {
        Self { conn, shared: Arc::clone(shared), writer, changes: AtomicBool::new(false) }
    }

    /// Notes that the transaction changes what others may remember.
    pub(super) fn changes(&self) {
        self.changes.store(true, Ordering::Relaxed);
    }

    /// Whether it does.
    pub(super) fn has_changes(&self) -> bool {
        self.changes.load(Ordering::Relaxed)
    }

    pub(super) fn holder(&self) -> i64 {
        self.shared.holder
    }

    /// The rows of rollups and issues that are this writer's: nobody else adds to them.
    pub(super) fn shard(&self) -> i64 {
        (self.shared.holder << 8) | i64::from(self.writer & 0xff)
    }

    pub(super) fn sealer(&self) -> &Sealer {
        &self.shared.sealer
    }

    /// Keeps others from making what an empty database begins with until the transaction ends. A statement that is sent
    /// after this one sees what they have made.
    pub(super) async fn lock_firsts(&self) -> Result<(), Error> {
        let lock =
            "SELECT pg_advisory_xact_lock(hashtextextended('postrider.first.' || current_schema(), 0))";
        Ok(self.conn.batch(lock).await?)
    }
}

/// Whether the application of `scope` is there: what everything that touches its things begins with.
pub(super) async fn is_live(conn: &Connection, scope: AppScope) -> Result<bool, Error> {
    let found = conn
        .exists(
            "-- session::is_live
             SELECT 1 FROM app WHERE row = $1 AND environment_row = $2 AND id = $3 AND deleted_at IS NULL",
            &[&scope.app().row(), &scope.environment().row(), &scope.app().as_bytes().as_slice()],
        )
        .await?;
    Ok(found)
}
