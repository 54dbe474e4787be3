//! What SQLite's failures mean.

use std::time::Duration;

use rusqlite::ErrorCode;

use crate::Error;
use crate::failure::from_driver;

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

from_driver!(rusqlite::Error);
