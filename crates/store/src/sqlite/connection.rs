//! Connections, and the settings that every promise of the engine rests on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long a statement waits for another process that holds the database, such as a person's `sqlite3`.
const BUSY: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
    Checkpoint,
}

pub(super) fn open(file: &Path, purpose: Purpose) -> rusqlite::Result<Connection> {
    let flags = match purpose {
        Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Purpose::Checkpoint => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let conn = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(if purpose == Purpose::Checkpoint { super::checkpoint::READERS_WAIT } else { BUSY })?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Kibibytes of pages; only what is used is taken.
    let cache = match purpose {
        Purpose::Write => 32 * 1024,
        Purpose::Read => 8 * 1024,
        Purpose::Checkpoint => 256,
    };
    // `fullfsync`: elsewhere than on macOS a sync is one anyway. `mmap_size`: an I/O error in mapped memory would be a
    // signal instead of an error. Checkpoints are made by a thread of their own, never in the middle of a commit.
    conn.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = OFF;
         PRAGMA trusted_schema = OFF;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -{cache};"
    ))?;
    Ok(conn)
}

/// Lets commits return before they are on the disk. For the writer alone, whose jobs are answered by the
/// [sync](super::sync); checkpoints still sync the log before they move it and the database after.
pub(super) fn leave_syncing_to_us(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch("PRAGMA synchronous = NORMAL")
}

/// Where the write-ahead log of the database `file` is.
pub(super) fn log_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// Switches the database to a write-ahead log, which it then remembers.
pub(super) fn use_log(conn: &Connection) -> rusqlite::Result<bool> {
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    Ok(mode == "wal")
}
