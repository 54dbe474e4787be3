//! A data directory as one end of a [move](crate::transfer).
//!
//! What differs from the canonical columns: an application's row and other ids stand where they belong and are joined,
//! a raw payload's headers are Base64, and held deliveries are read as waiting, since nobody holds anything now.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::connection::{self, Purpose};
use super::migrate::{self, meta, set_meta};
use super::open::{self, DATABASE_FILE, OpenError, Options, SEAL_CHECK};
use super::rollups;
use super::version;
use crate::transfer::Unserved;
use crate::transfer::kind::Kind;
use crate::transfer::layout::Layout;
use crate::transfer::mark::{self, Mark, State};
use crate::transfer::side::{Scan, Side};
use crate::transfer::value::Batch;
use crate::{Error, crash};

mod read;
mod write;

/// Bytes of log after which a move puts it into the database.
const LOG_PAGES: i64 = 16_384;

const fn layout(kind: Kind) -> &'static Layout {
    static ENVIRONMENT: Layout = Layout::plain("environment t", &["row"]);
    static KEY: Layout = Layout::plain("api_key t", &["row"]);
    static APP: Layout = Layout::plain("app t", &["row"]);
    static EVENT_TYPE: Layout = Layout::plain("event_type t", &["row"]);
    static ENDPOINT: Layout = Layout::plain("endpoint t", &["row"]);
    static MESSAGE: Layout = Layout::plain("message t", &["row"]);
    // An index beside the messages here: it is read, and follows from them when they are written.
    static EVENT_ID: Layout = Layout {
        condition: "t.event_id IS NOT NULL",
        ..Layout::plain("message t INDEXED BY message_event_id", &["app_row", "event_id"])
    };
    static DELIVERY: Layout = Layout {
        joined: &[("app_row", "m.app_row")],
        computed: &[("state", "CASE t.state WHEN 1 THEN 0 ELSE t.state END")],
        ..Layout::plain(
            "delivery t CROSS JOIN message m ON m.row = t.message_row",
            &["message_row", "endpoint_row"],
        )
    };
    static ATTEMPT: Layout = Layout {
        joined: &[("app_row", "m.app_row"), ("message_id", "m.id"), ("endpoint_id", "e.id")],
        ..Layout::plain(
            "attempt t CROSS JOIN message m ON m.row = t.message_row
                       CROSS JOIN endpoint e ON e.row = t.endpoint_row",
            &["row"],
        )
    };
    // Those that may still be found. A clock that was set back may have made a second one for a key: the later counts.
    static ANSWER: Layout = Layout {
        condition: "t.bucket > (SELECT max(bucket) FROM idempotency) - 4 AND NOT EXISTS
            (SELECT 1 FROM idempotency l WHERE l.bucket IN (t.bucket + 1, t.bucket + 2, t.bucket + 3) AND l.key = t.key)",
        ..Layout::plain("idempotency t", &["bucket", "key"])
    };
    static TASK: Layout = Layout::plain("task t", &["row"]);
    static SOURCE: Layout = Layout::plain("source t", &["row"]);
    static TOKEN: Layout = Layout::plain("source_token t", &["hash"]);
    static RECEPTION: Layout = Layout::plain("reception t", &["row"]);
    static REFUSAL: Layout = Layout::plain("refusal t", &["row"]);
    static GROUP: Layout = Layout::plain("listen_group t", &["environment_row", "key"]);
    static GROUP_CLAIM: Layout = Layout::plain("listen_claim t", &["environment_row", "key", "message_row"]);
    static PORTAL_SESSION: Layout = Layout::plain("portal_session t", &["row"]);
    static AUDIT: Layout = Layout::plain("audit t", &["row"]);
    static PERSON: Layout = Layout::plain("person t", &["row"]);
    static PERSON_SESSION: Layout = Layout::plain("person_session t", &["row"]);
    static PERSON_LINK: Layout = Layout::plain("person_link t", &["hash"]);
    static SAVED_SEARCH: Layout = Layout::plain("saved_search t", &["row"]);
    static ROLLUP: Layout =
        Layout::plain("rollup t", &["owner_row", "bucket", "width", "endpoint_row", "event_type", "shard"]);
    static ISSUE: Layout = Layout::plain("issue t", &["row"]);
    static ISSUE_COUNT: Layout =
        Layout::plain("issue_count t", &["app_row", "endpoint_row", "fingerprint", "hour", "shard"]);
    match kind {
        Kind::Environment => &ENVIRONMENT,
        Kind::Key => &KEY,
        Kind::App => &APP,
        Kind::EventType => &EVENT_TYPE,
        Kind::Endpoint => &ENDPOINT,
        Kind::Message => &MESSAGE,
        Kind::EventId => &EVENT_ID,
        Kind::Delivery => &DELIVERY,
        Kind::Attempt => &ATTEMPT,
        Kind::Answer => &ANSWER,
        Kind::Task => &TASK,
        Kind::Source => &SOURCE,
        Kind::Token => &TOKEN,
        Kind::Reception => &RECEPTION,
        Kind::Refusal => &REFUSAL,
        Kind::Group => &GROUP,
        Kind::GroupClaim => &GROUP_CLAIM,
        Kind::PortalSession => &PORTAL_SESSION,
        Kind::Audit => &AUDIT,
        Kind::Person => &PERSON,
        Kind::PersonSession => &PERSON_SESSION,
        Kind::PersonLink => &PERSON_LINK,
        Kind::SavedSearch => &SAVED_SEARCH,
        Kind::Rollup => &ROLLUP,
        Kind::Issue => &ISSUE,
        Kind::IssueCount => &ISSUE_COUNT,
    }
}

/// A data directory that this process has locked.
pub(crate) struct Directory {
    file: PathBuf,
    conn: Arc<Mutex<Connection>>,
    _lock: File,
}

/// Opens the database of a data directory for a move. `None` where there is none and none is to be `made`.
pub(crate) async fn open_to_move(options: Options, make: bool) -> Result<Option<Directory>, OpenError> {
    let opened = spawn_blocking(move || Directory::open(&options, make)).await;
    opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Refuses a database that takes part in a move.
pub(super) fn refuse_moved(conn: &Connection) -> Result<(), OpenError> {
    let mark = read_mark(conn).map_err(|error| OpenError::Damaged(error.to_string()))?;
    mark.map_or(Ok(()), |mark| Err(OpenError::Unserved(Unserved::from(mark))))
}

fn read_mark(conn: &Connection) -> Result<Option<Mark>, Error> {
    let Some(text) = meta::<String>(conn, mark::NAME)? else { return Ok(None) };
    let mark = Mark::read(text.as_bytes());
    mark.map(Some).map_err(|error| crate::failure::corrupt("meta", "value", 0, &error))
}

fn write_mark(conn: &Connection, mark: Option<&Mark>) -> rusqlite::Result<()> {
    match mark {
        Some(mark) => set_meta(conn, mark::NAME, mark.text()),
        None => conn.execute("DELETE FROM meta WHERE name = ?", [mark::NAME]).map(drop),
    }
}

impl Directory {
    fn open(options: &Options, make: bool) -> Result<Option<Self>, OpenError> {
        if !version::is_safe() {
            return Err(OpenError::OldSqlite(version()));
        }
        let file = options.data_dir.join(DATABASE_FILE);
        if !make && !file.is_file() {
            return Ok(None);
        }
        let lock = open::lock(&options.data_dir)?;
        let conn = connection::open(&file, Purpose::Write)?;
        if !connection::use_log(&conn)? {
            return Err(OpenError::NoLog(file));
        }
        migrate::migrate(&conn).map_err(|source| OpenError::Schema { path: file.clone(), source })?;
        open::prove_key(&conn, &options.sealer)?;
        rollups::pending::add_up_on(&conn).map_err(|error| OpenError::Damaged(error.to_string()))?;
        Ok(Some(Self { file, conn: Arc::new(Mutex::new(conn)), _lock: lock }))
    }

    /// Does something with the connection, in a thread that may wait.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let conn = Arc::clone(&self.conn);
        let done = spawn_blocking(move || act(&mut conn.lock())).await;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

#[async_trait]
impl Side for Directory {
    async fn state(&self) -> Result<State, Error> {
        self.with(|conn| {
            let check = meta::<Vec<u8>>(conn, SEAL_CHECK.column)?.unwrap_or_default();
            Ok(State::of(&check, meta(conn, "holder")?.unwrap_or(0)))
        })
        .await
    }

    /// Nobody: the lock is ours.
    async fn users(&self) -> Result<Option<String>, Error> {
        Ok(None)
    }

    async fn mark(&self) -> Result<Option<Mark>, Error> {
        self.with(|conn| read_mark(conn)).await
    }

    async fn set_mark(&self, mark: Option<Mark>) -> Result<(), Error> {
        self.with(move |conn| Ok(write_mark(conn, mark.as_ref())?)).await
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        self.with(|conn| {
            for kind in Kind::ALL {
                let Layout { from, condition, .. } = layout(kind);
                let any = format!("SELECT 1 FROM {from} WHERE {condition} LIMIT 1");
                if conn.prepare(&any)?.exists([])? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    async fn count(&self, kind: Kind) -> Result<u64, Error> {
        self.with(move |conn| {
            let rows: i64 = conn.query_row(&layout(kind).count(kind), [], |row| row.get(0))?;
            Ok(rows.unsigned_abs())
        })
        .await
    }

    fn key(&self, kind: Kind) -> &'static [&'static str] {
        layout(kind).key
    }

    async fn read(&self, kind: Kind, scan: Scan, to: mpsc::Sender<Batch>) -> Result<(), Error> {
        let file = self.file.clone();
        let read = spawn_blocking(move || read::all(&file, kind, layout(kind), scan, &to)).await;
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    async fn write(&self, batch: Batch, mark: Mark) -> Result<(), Error> {
        self.with(move |conn| {
            let written = conn.transaction()?;
            write::rows(&written, layout(batch.kind), &batch)?;
            write_mark(&written, Some(&mark))?;
            crash::point("transfer.batch");
            written.commit()?;
            write::shorten_log(conn, LOG_PAGES)
        })
        .await
    }

    async fn clear(&self, mark: Mark) -> Result<(), Error> {
        self.with(move |conn| {
            let cleared = conn.transaction()?;
            for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::EventId) {
                cleared.execute(&format!("DELETE FROM {}", kind.table().name), [])?;
            }
            write_mark(&cleared, Some(&mark))?;
            Ok(cleared.commit()?)
        })
        .await
    }

    async fn finish(&self) -> Result<(), Error> {
        self.with(|conn| write::shorten_log(conn, 0)).await
    }
}
