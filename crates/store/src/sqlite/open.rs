//! Opening the engine: the lock, the checks, and the threads.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::connection::{self, Purpose};
use super::engine::Engine;
use super::migrate::{self, MigrateError};
use super::readers::Readers;
use super::version::{self, VERSION_MIN};
use super::{Sqlite, check, transfer};
use crate::seal::{Place, Sealer, Unsealable};
use crate::transfer::Unserved;

/// The database's name in the data directory.
pub const DATABASE_FILE: &str = "postrider.db";
pub(super) const SEAL_CHECK: Place = Place { table: "meta", row: 0, column: "seal_check" };

/// How to open the engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the database lives; made if it is not there. One process may use it at a time, on a local disk.
    pub data_dir: PathBuf,
    /// Free bytes on the disk below which nothing new is accepted; 0 for no limit and no ballast file.
    pub min_free_bytes: u64,
    /// Bytes of memory that may wait to be written.
    pub queue_bytes: usize,
    /// Connections that read.
    pub readers: usize,
    /// Seals secrets at rest. It must have the key that this database was made with.
    pub sealer: Arc<Sealer>,
}

impl Options {
    /// The usual settings for `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, sealer: Arc<Sealer>) -> Self {
        Self {
            data_dir: data_dir.into(),
            min_free_bytes: 512 * 1024 * 1024,
            queue_bytes: 64 * 1024 * 1024,
            readers: 4,
            sealer,
        }
    }
}

/// Why the engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("open the data directory {0}: another process is using it")]
    Locked(PathBuf),
    /// The directory or a file in it cannot be used.
    #[error("use {path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program was built with too old a SQLite.
    #[error("use SQLite {0}: {min} is the oldest without known loss of data", min = VERSION_MIN)]
    OldSqlite(&'static str),
    /// The file system cannot share memory between connections, as with many network file systems.
    #[error("keep a write-ahead log in {0}: is it on a network file system?")]
    NoLog(PathBuf),
    /// The schema is not one that this program knows.
    #[error("open the database {path}")]
    Schema {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: MigrateError,
    },
    /// The seal key is another than the one that the database was made with.
    #[error("open the secrets in the database: this is not the seal key that it was made with")]
    WrongKey(#[source] Unsealable),
    /// It takes part in a move.
    #[error(transparent)]
    Unserved(#[from] Unserved),
    /// The file is damaged.
    #[error("open the database: it is damaged ({0}); restore a backup")]
    Damaged(String),
    /// SQLite failed for another reason.
    #[error("open the database")]
    Engine(#[from] rusqlite::Error),
}

impl Sqlite {
    /// Opens the database in `options.data_dir`, making it if it is not there. Blocks; it takes well under a second
    /// unless the last process was killed with a long log.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        if !version::is_safe() {
            return Err(OpenError::OldSqlite(version::version()));
        }
        let lock = lock(&options.data_dir)?;
        let file = options.data_dir.join(DATABASE_FILE);
        let conn = connection::open(&file, Purpose::Write)?;
        if !connection::use_log(&conn)? {
            return Err(OpenError::NoLog(file));
        }
        migrate::migrate(&conn).map_err(|source| OpenError::Schema { path: file.clone(), source })?;
        // Absent in a new database, which needs no check.
        let was_killed = migrate::meta(&conn, "clean")? == Some(0);
        let check_later = was_killed && !check::is_small(&file);
        if was_killed && !check_later {
            check::quick(&conn)?;
        }
        let holder = enter(&conn, &options.sealer)?;
        let readers = (0..options.readers.max(1)).map(|_| connection::open(&file, Purpose::Read));
        let readers = Readers::new(readers.collect::<Result<_, _>>()?)?;
        Engine::start(conn, holder, lock, check_later, options)
            .map(|engine| Self::new(engine, readers, options, file))
    }
}

pub(super) fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let io = |source| OpenError::Io { path: data_dir.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir).map_err(io)?;
    let file = File::create(data_dir.join("lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Proves the seal key, marks the database as in use, and takes the next holder's number.
fn enter(conn: &Connection, sealer: &Sealer) -> Result<i64, OpenError> {
    let entry = conn.unchecked_transaction()?;
    transfer::refuse_moved(&entry)?;
    prove_key(&entry, sealer)?;
    let holder = migrate::meta::<i64>(&entry, "holder")?.unwrap_or(0) + 1;
    migrate::set_meta(&entry, "holder", holder)?;
    migrate::set_meta(&entry, "clean", 0)?;
    entry.commit()?;
    Ok(holder)
}

/// Proves that the seal key is the one that the database was made with; the first to open it decides which that is.
pub(super) fn prove_key(conn: &Connection, sealer: &Sealer) -> Result<(), OpenError> {
    match migrate::meta::<Vec<u8>>(conn, SEAL_CHECK.column)? {
        Some(stored) => drop(sealer.open(SEAL_CHECK, &stored).map_err(OpenError::WrongKey)?),
        None => migrate::set_meta(conn, SEAL_CHECK.column, sealer.seal(SEAL_CHECK, b"postrider"))?,
    }
    Ok(())
}
