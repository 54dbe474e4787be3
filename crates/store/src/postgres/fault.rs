//! What PostgreSQL's failures mean.

use std::error::Error as _;
use std::time::Duration;

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use crate::Error;
use crate::failure::from_driver;

/// How long a caller should wait where the database is busy or away.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// What every call gets that the database could not serve now; nothing happened.
pub(super) const OVERLOADED: Error = Error::Overloaded { retry_after: RETRY_AFTER };

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if *code == SqlState::DISK_FULL => Self::Full,
            Some(code) if is_passing(code) => {
                tracing::warn!(error = %sentence(&error), "the database could not serve a statement");
                OVERLOADED
            }
            None if is_lost(&error) => OVERLOADED,
            _ => Self::Engine(Box::new(error)),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Closed => Self::Closed,
            PoolError::Backend(error) => {
                tracing::warn!(error = %sentence(&error), "failed to connect to the database");
                OVERLOADED
            }
            PoolError::Timeout(_) => OVERLOADED,
            other => Self::Engine(Box::new(other)),
        }
    }
}

/// Whether asking again later may help: the server is stopping or starting, cannot write now, or was too slow.
fn is_passing(code: &SqlState) -> bool {
    let class = &code.code()[..2];
    // 08 connections, 57 an operator or a timeout intervened.
    class == "08"
        || class == "57"
        || [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
}

/// Whether the connection ended instead of answering.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// Whether a failed transaction is worth running again at once: somebody else was quicker, and a second look will find
/// what they did.
pub(super) fn is_race(error: &Error) -> bool {
    let codes =
        [SqlState::UNIQUE_VIOLATION, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    database_error(error).is_some_and(|error| codes.contains(error.code())) || lacks_partition(error)
}

/// Whether a row came for a day that has no partition.
pub(super) fn lacks_partition(error: &Error) -> bool {
    database_error(error)
        .is_some_and(|error| *error.code() == SqlState::CHECK_VIOLATION && error.constraint().is_none())
}

fn database_error(error: &Error) -> Option<&DbError> {
    let Error::Engine(source) = error else { return None };
    source.downcast_ref::<tokio_postgres::Error>()?.as_db_error()
}

/// An error with what the server said of it: its own text is only "db error".
pub(super) fn sentence(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

from_driver!(tokio_postgres::Error);
