//! The database.

use std::path::PathBuf;
use std::time::Duration;

use super::amount::Size;
use super::database::Database;
use super::section::section;
use super::value::Secret;

section! {
    /// The database: SQLite in the data directory, or PostgreSQL, which several nodes can share.
    Store at "store" {
        /// `sqlite`, or the URL of a PostgreSQL database: `postgres://user@host:port/name`. Other machines are reached by
        /// TLS with a verified certificate (`?sslmode=verify-full`), of the authorities that this machine trusts or those
        /// in a file (`&sslrootcert=/path`), unless the URL says `sslmode=disable`. The URL holds no password: whoever
        /// lists processes or settings may read it.
        database: Database = Database::Sqlite,
        /// The password for PostgreSQL.
        password: Option<Secret> = None,
        /// A file whose text is the password for PostgreSQL, instead of `store.password`. It is read for each new
        /// connection: a changed password needs no restart.
        password_file: Option<PathBuf> = None,
        /// Connections that read, with PostgreSQL.
        connections: usize = 8,
        /// Transactions that write at the same time, with PostgreSQL. Each takes a connection, and two are spare.
        writers: usize = 4,
        /// When less than this is free on the disk, new messages are refused with 507, while outcomes are still
        /// recorded. 0 switches it off. With SQLite only: PostgreSQL's disk is its own.
        min_free: Size = Size::mebibytes(256),
        /// Bytes that may wait to be written, beyond which callers get 429.
        queue_bytes: Size = Size::mebibytes(64),
        /// How long entries of the audit log are kept.
        audit_retention: Duration = Duration::from_secs(400 * 24 * 3600),
        /// How long the numbers behind analytics are kept. At least 3d.
        analytics_retention: Duration = Duration::from_secs(400 * 24 * 3600),
    }
}
