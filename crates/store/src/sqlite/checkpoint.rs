//! Moves what is in the write-ahead log into the database, behind the writer.
//!
//! A passive checkpoint disturbs nobody, but while the writer goes on it never reaches the end of the log, and only a log
//! that was moved whole starts again from its beginning. So when the log has grown, passive rounds bring the rest
//! down to little, and then one round takes the writer's turn between two transactions and finishes. It waits for
//! readers only briefly; where one holds the log (a backup), the log grows until it lets go, and the attempts get rarer.
//!
//! The file is kept at its length: overwriting it is cheaper to sync than growing it again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::health::Status;
use super::ticker::Ticker;
use crate::{Error, crash};

const EVERY: Duration = Duration::from_millis(50);
const PAGE_BYTES: i64 = 4096;
/// Pages to move before it is worth a round: 16 MiB.
const ROUND_PAGES: i64 = 4_096;
/// Length of the log at which it is to start again: 64 MiB.
const RESTART_PAGES: i64 = 16_384;
/// Pages that may be left when the writer has to wait for the last round: 4 MiB.
const LAST_ROUND_PAGES: i64 = 1_024;
/// Rounds that try to come that far.
const ROUNDS_MAX: usize = 4;
/// How long the last round waits for readers, with the writer waiting behind it.
pub(super) const READERS_WAIT: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// How far the log is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    /// A reader or writer was in the way.
    busy: bool,
    /// Pages in it.
    pages: i64,
    /// Pages of these that are in the database too.
    moved: i64,
}

/// Runs `PRAGMA wal_checkpoint` in one of its modes.
pub(super) fn round(conn: &Connection, mode: &str) -> Result<Log, Error> {
    let log = conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok(Log { busy: row.get(0)?, pages: row.get(1)?, moved: row.get(2)? })
    })?;
    Ok(log)
}

/// Keeps the log short until the ticker stops.
pub(super) fn keep(conn: &Connection, turn: &Arc<Mutex<()>>, status: &Arc<Status>, ticker: &Ticker) {
    let mut backoff = EVERY;
    while ticker.wait(backoff) {
        backoff = match tend(conn, turn) {
            Ok(true) => EVERY,
            Ok(false) => (backoff * 2).min(BACKOFF_MAX),
            Err(Error::Broken(reason)) => return status.set_broken(&reason),
            Err(error) => {
                // A full disk: what is in the log is safe there.
                tracing::warn!(error = %error, "failed to move the log into the database");
                BACKOFF_MAX
            }
        };
    }
}

/// Does what the log's length asks for. `false` when somebody held the log.
fn tend(conn: &Connection, turn: &Mutex<()>) -> Result<bool, Error> {
    let mut log = round(conn, "NOOP")?;
    metrics::gauge!("postrider_store_wal_bytes").set((log.pages.max(0) * PAGE_BYTES) as f64);
    if log.pages - log.moved < ROUND_PAGES && log.pages < RESTART_PAGES {
        return Ok(true);
    }
    crash::point("checkpoint.during");
    let began = Instant::now();
    log = round(conn, "PASSIVE")?;
    if log.pages >= RESTART_PAGES {
        for _ in 0..ROUNDS_MAX {
            if log.pages - log.moved <= LAST_ROUND_PAGES {
                break;
            }
            log = round(conn, "PASSIVE")?;
        }
        if log.pages - log.moved > LAST_ROUND_PAGES {
            return Ok(false);
        }
        let _turn = turn.lock();
        log = round(conn, "RESTART")?;
    }
    metrics::histogram!("postrider_store_checkpoint_seconds").record(began.elapsed().as_secs_f64());
    Ok(!log.busy)
}
