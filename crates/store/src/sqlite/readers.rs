//! Connections that only read, each used by one call at a time on a blocking thread.
//!
//! A call sees one consistent snapshot. The wait for a connection and the work of a statement both have a ceiling: a
//! reader that stays open keeps the log from starting again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::fault::RETRY_AFTER;
use crate::Error;

/// How long a call waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a call may read. Lists stop far earlier; this is for counting what is very much.
const READ_MAX: Duration = Duration::from_secs(20);
/// SQLite's virtual machine looks at the time once in so many steps.
const STEPS: i32 = 100_000;

/// A pool of readers.
pub(super) struct Readers {
    idle: Mutex<Vec<Reader>>,
    permits: Arc<Semaphore>,
    count: u32,
}

struct Reader {
    conn: Connection,
    deadline: Arc<Mutex<Instant>>,
}

impl Readers {
    pub(super) fn new(conns: Vec<Connection>) -> rusqlite::Result<Arc<Self>> {
        let count = u32::try_from(conns.len()).unwrap_or(u32::MAX);
        let permits = Arc::new(Semaphore::new(count as usize));
        let idle = conns.into_iter().map(Reader::new).collect::<Result<_, _>>()?;
        Ok(Arc::new(Self { idle: Mutex::new(idle), permits, count }))
    }

    /// Runs `read` in a read transaction.
    pub(super) async fn read<T, F>(self: &Arc<Self>, read: F) -> Result<T, Error>
    where
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let permit = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Error::Overloaded { retry_after: RETRY_AFTER })?
            .map_err(|_| Error::Closed)?;
        let pool = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let reader = pool.idle.lock().pop().ok_or(Error::Closed)?;
            let outcome = catch_unwind(AssertUnwindSafe(|| reader.run(read)))
                .unwrap_or_else(|_| Err(Error::Engine("a read panicked".into())));
            pool.idle.lock().push(reader);
            drop(permit);
            outcome
        })
        .await
        .unwrap_or(Err(Error::Closed))
    }

    /// Refuses new reads, waits for those under way, and closes the connections.
    pub(super) async fn close(&self) {
        // A read ends by READ_MAX; closing goes on without one that does not.
        let _ended = tokio::time::timeout(READ_MAX, self.permits.acquire_many(self.count)).await;
        self.permits.close();
        self.idle.lock().clear();
    }
}

impl Reader {
    fn new(mut conn: Connection) -> rusqlite::Result<Self> {
        let deadline = Arc::new(Mutex::new(Instant::now()));
        let seen = Arc::clone(&deadline);
        conn.progress_handler(STEPS, Some(move || Instant::now() > *seen.lock()))?;
        Ok(Self { conn, deadline })
    }

    fn run<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        *self.deadline.lock() = Instant::now() + READ_MAX;
        let snapshot = self.conn.unchecked_transaction()?;
        let outcome = read(&self.conn);
        drop(snapshot);
        outcome.map_err(|error| match error {
            // A reader that fails says nothing about what was acknowledged.
            Error::Broken(reason) => Error::Engine(reason.into()),
            other => other,
        })
    }
}
