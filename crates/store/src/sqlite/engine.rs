//! The engine's threads, and how they end.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::connection::{self, Purpose};
use super::health::Status;
use super::open::{DATABASE_FILE, OpenError, Options};
use super::queue::Queue;
use super::session::Session;
use super::space::{self, Ballast};
use super::sync::{self, Unsynced};
use super::ticker::Background;
use super::writer::{self, Shared};
use super::{check, checkpoint, migrate};
use crate::{Error, crash};

/// The threads and the lock. Ends without a mark of a clean end when dropped.
pub(super) struct Engine {
    pub(super) queue: Arc<Queue>,
    pub(super) status: Arc<Status>,
    writer: Option<JoinHandle<Connection>>,
    background: Vec<Background>,
    /// Released last.
    _lock: File,
}

impl Engine {
    pub(super) fn start(
        conn: Connection,
        holder: i64,
        lock: File,
        check_later: bool,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let file = options.data_dir.join(DATABASE_FILE);
        let status = Arc::new(Status::default());
        let ballast = Arc::new(Ballast::new(&options.data_dir, options.min_free_bytes));
        let turn = Arc::new(Mutex::new(()));
        let shared = Shared {
            queue: Queue::new(options.queue_bytes),
            status: Arc::clone(&status),
            ballast: Arc::clone(&ballast),
            turn: Arc::clone(&turn),
            unsynced: Unsynced::default(),
        };
        let mut engine = Self {
            queue: Arc::clone(&shared.queue),
            status: Arc::clone(&status),
            writer: None,
            background: Vec::new(),
            _lock: lock,
        };
        let log = connection::open(&file, Purpose::Checkpoint)?;
        engine.background("store-log", {
            let status = Arc::clone(&status);
            move |ticker| checkpoint::keep(&log, &turn, &status, ticker)
        })?;
        engine.background("store-space", {
            let status = Arc::clone(&status);
            move |ticker| space::watch(&ballast, &status, ticker)
        })?;
        if check_later {
            let conn = connection::open(&file, Purpose::Read)?;
            engine.background("store-check", move |ticker| {
                check::behind_the_traffic(conn, &status, ticker);
            })?;
        }
        engine.writer = Some(start_writer(conn, holder, shared, options)?);
        Ok(engine)
    }

    fn background(
        &mut self,
        name: &str,
        work: impl FnOnce(&Arc<super::ticker::Ticker>) + Send + 'static,
    ) -> Result<(), OpenError> {
        self.background.push(Background::start(name, work).map_err(thread_error)?);
        Ok(())
    }

    /// Ends all queued work, moves the log into the database and marks the end as clean.
    pub(super) fn close(mut self) -> Result<(), Error> {
        let conn = self.stop().ok_or(Error::Closed)?;
        if let Some(error) = self.status.broken() {
            return Err(error);
        }
        crash::point("close.before");
        migrate::set_meta(&conn, "clean", 1)?;
        checkpoint::round(&conn, "TRUNCATE")?;
        Ok(())
    }

    /// Joins the threads: the writer first, which gives its connection back, then those that serve it.
    fn stop(&mut self) -> Option<Connection> {
        self.queue.close();
        let conn = self.writer.take().and_then(|writer| writer.join().ok());
        self.background.clear();
        conn
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the writer with the sync behind it. The thread ends, with the connection, when both are done.
fn start_writer(
    conn: Connection,
    holder: i64,
    shared: Shared,
    options: &Options,
) -> Result<JoinHandle<Connection>, OpenError> {
    // The opening has synced a commit of its own, so the log is there and its directory knows it.
    connection::leave_syncing_to_us(&conn)?;
    let log_path = connection::log_of(&options.data_dir.join(DATABASE_FILE));
    let log = File::options().write(true).open(&log_path);
    let log = log.map_err(|source| OpenError::Io { path: log_path, source })?;
    let sealer = Arc::clone(&options.sealer);
    let (ready, started) = mpsc::sync_channel(1);
    let work = move || {
        let write = || match Session::new(&conn, holder, sealer) {
            Ok(session) => {
                let _ = ready.send(Ok(()));
                writer::run(&shared, session);
            }
            Err(error) => drop(ready.send(Err(error))),
        };
        let sync = || sync::run(&shared.unsynced, &shared.queue, &shared.status, || log.sync_data());
        std::thread::scope(|scope| {
            let syncing = std::thread::Builder::new().name("store-sync".to_owned());
            let syncing = syncing.spawn_scoped(scope, || guard("the sync", &shared, sync));
            match syncing {
                Ok(_) => guard("the writer", &shared, write),
                Err(error) => shared.status.set_broken(&format!("start the sync: {error}")),
            }
            shared.unsynced.close();
        });
        conn
    };
    let thread =
        std::thread::Builder::new().name("store-writer".to_owned()).spawn(work).map_err(thread_error)?;
    started.recv().map_err(|_| OpenError::Damaged("the writer did not start".to_owned()))??;
    Ok(thread)
}

/// Does `work`. Should it panic, nothing is acknowledged any more, and nobody waits for it.
fn guard(name: &str, shared: &Shared, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        shared.status.set_broken(&format!("{name} panicked"));
        shared.queue.abandon();
        shared.unsynced.close();
    }
}

fn thread_error(source: io::Error) -> OpenError {
    OpenError::Io { path: "a new thread".into(), source }
}
