//! What can go wrong in a store.

use std::time::Duration;

use crate::Repeat;

/// A failure that any method can have.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk is full, or nearly so: nothing new is accepted until there is room.
    #[error("store the change: the disk is full")]
    Full,
    /// More is queued than memory allows. Ask again after the time.
    #[error("store the change: too much is waiting to be written")]
    Overloaded {
        /// When to ask again.
        retry_after: Duration,
    },
    /// A write could not be made durable, so nothing can be promised any more. Whether this change happened is not
    /// known. Only a restart helps.
    #[error("make the change durable: {0}")]
    Broken(String),
    /// The connection to the database was lost while the change was being made durable, and it could not be found out
    /// in time whether it was. Asking again with the same idempotency key is safe.
    #[error("learn whether the change was stored: the database went away meanwhile")]
    Unknown,
    /// A stored value makes no sense.
    #[error("read {table}.{column} of row {row}: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: i64,
        /// What is wrong with it.
        what: String,
    },
    /// The store was closed.
    #[error("use the store: it is closed")]
    Closed,
    /// The engine failed for another reason.
    #[error("use the database: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A failure to add an object.
#[derive(Debug, thiserror::Error)]
pub enum CreateError<T: std::fmt::Debug> {
    /// What it should belong to does not exist, or not any more.
    #[error("there is no such application")]
    NoApp,
    /// Its uid or name is taken by this one.
    #[error("the uid or name is taken")]
    Taken(Box<T>),
    /// There are as many as there may be.
    #[error("there are already {limit}")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A failure to change an object.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The new uid is taken by another one.
    #[error("the uid is taken")]
    Taken,
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A failure to accept a message.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The application does not exist, or not any more.
    #[error("there is no such application")]
    NoApp,
    /// The `event_id` is taken by another message of the application.
    #[error("the event id is taken")]
    EventIdTaken,
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A failure to send again.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// There is no such message.
    #[error("there is no such message")]
    NoMessage,
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NoEndpoint,
    /// The payload has expired or was expunged: there is nothing to send.
    #[error("the payload has expired or was expunged")]
    NoPayload,
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A failure to begin a background task.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The application does not exist, or not any more.
    #[error("there is no such application")]
    NoApp,
    /// As many of the application run as may.
    #[error("there are already {limit}")]
    TooMany {
        /// How many may run.
        limit: usize,
    },
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}
