//! Why an installation was not moved.

use super::Report;
use super::kind::Kind;
use crate::{Error, postgres, sqlite};

/// See the module's documentation. Whatever it is, the database that was to be moved from is as it was, and what has
/// arrived in the other one is not served.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// The PostgreSQL database cannot be used.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// There is nothing to move.
    #[error("find an installation in {0}: there is none")]
    NotFound(String),
    /// A server has it open.
    #[error("move {place}: it is in use by {users}; stop it first")]
    InUse {
        /// Where.
        place: String,
        /// Who.
        users: String,
    },
    /// It was moved, to the end.
    #[error("move {place}: it was moved to {to} already")]
    Gone {
        /// Where.
        place: String,
        /// Where everything is now.
        to: String,
    },
    /// It is itself not complete.
    #[error("move {place}: it is not complete, everything is still being moved into it from {from}")]
    Incomplete {
        /// Where.
        place: String,
        /// Where everything still is.
        from: String,
    },
    /// There is something in it.
    #[error("move into {0}: there is an installation in it already")]
    NotEmpty(String),
    /// It is kept for another installation.
    #[error("move into {place}: another installation is being moved into it, from {from}")]
    Reserved {
        /// Where.
        place: String,
        /// What it is kept for.
        from: String,
    },
    /// Rows could not be copied.
    #[error("copy the {kind}")]
    Copy {
        /// Which.
        kind: Kind,
        /// Why.
        #[source]
        source: Error,
    },
    /// A connection was lost.
    #[error("copy the {0}: the connection to the database was lost")]
    Lost(Kind),
    /// Rows could not be read again.
    #[error("compare the {kind}")]
    Compare {
        /// Which.
        kind: Kind,
        /// Why.
        #[source]
        source: Error,
    },
    /// What has arrived is not what was sent.
    #[error("move everything: what has arrived differs in its {}", .0.differing())]
    Differs(Box<Report>),
    /// Nothing was moved from it.
    #[error("undo a move: nothing was moved away from {0}")]
    NotMoved(String),
    /// A database failed beside the copying.
    #[error("keep track of the move")]
    Engine(#[from] Error),
}
