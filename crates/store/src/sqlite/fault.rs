//! What SQLite's failures mean, and which errors are the engine's rather than the caller's.

use std::fmt::Debug;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::{AcceptError, ChangeError, CreateError, Error, RepeatError, ResendError};

/// How long a caller should wait where something else holds the database.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            // After a failed write or sync nobody knows what is on the disk, and asking again would only hide it: the
            // kernel reports such a failure once.
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Broken(error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted) => {
                Self::Overloaded { retry_after: RETRY_AFTER }
            }
            _ => Self::Engine(Box::new(error)),
        }
    }
}

/// An error of a job: either the engine failed, and the transaction is worth nothing, or the job refused what was
/// asked before it wrote anything, and the transaction goes on.
pub(super) trait Failure: From<Error> + Send + 'static {
    /// The engine's failure, or the refusal itself.
    fn into_engine(self) -> Result<Error, Self>;
}

impl Failure for Error {
    fn into_engine(self) -> Result<Error, Self> {
        Ok(self)
    }
}

macro_rules! failures {
    ($($name:ident),*) => {$(
        impl Failure for $name {
            fn into_engine(self) -> Result<Error, Self> {
                if let Self::Store(error) = self { Ok(error) } else { Err(self) }
            }
        }

        impl From<rusqlite::Error> for $name {
            fn from(error: rusqlite::Error) -> Self {
                Self::Store(error.into())
            }
        }
    )*};
}

failures!(AcceptError, ChangeError, RepeatError, ResendError);

impl<T: Debug + Send + 'static> Failure for CreateError<T> {
    fn into_engine(self) -> Result<Error, Self> {
        if let Self::Store(error) = self { Ok(error) } else { Err(self) }
    }
}

impl<T: Debug> From<rusqlite::Error> for CreateError<T> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An [`Error::Corrupt`].
pub(super) fn corrupt(table: &'static str, column: &'static str, row: i64, what: &impl ToString) -> Error {
    Error::Corrupt { table, column, row, what: what.to_string() }
}
