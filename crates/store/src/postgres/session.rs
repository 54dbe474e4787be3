//! What the writers' jobs work with: the connection inside an open transaction, and what every job needs to know.

use std::sync::Arc;

use postrider_core::scope::AppScope;

use super::connection::Connection;
use super::handed::Returns;
use super::health::Status;
use super::partitions::Partitions;
use super::pool::Pools;
use super::queue::Queue;
use super::retain;
use crate::Error;
use crate::seal::Sealer;

/// What all parts of the engine share.
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) returns: Arc<Returns>,
    pub(super) status: Status,
    pub(super) pools: Pools,
    pub(super) sealer: Arc<Sealer>,
    /// The number of this opening of the store: what the deliveries that it holds carry.
    pub(super) holder: i64,
    pub(super) partitions: Partitions,
    /// Where retention goes on. Locked for a whole pass: of one node only one pass runs at a time.
    pub(super) retention: tokio::sync::Mutex<retain::Position>,
}

/// A writer's working place for one transaction.
pub(super) struct Session {
    pub(super) conn: Connection,
    pub(super) shared: Arc<Shared>,
}

impl Session {
    pub(super) fn holder(&self) -> i64 {
        self.shared.holder
    }

    pub(super) fn sealer(&self) -> &Sealer {
        &self.shared.sealer
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
