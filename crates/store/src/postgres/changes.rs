//! What has changed, from node to node: written with the change itself, and read by everyone.
//!
//! A reader asks for what was written by the transactions that were open when it asked last, and by all later ones, so
//! that it misses none, in whatever sequence they commit. What it sees again it knows by its row.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use postrider_core::id::{AppId, EnvironmentId};
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::Record;
use super::session::Session;
use crate::Error;
use crate::cluster::Changed;
use crate::failure::corrupt;

/// Rows that are read at once; where there are more, everything may have changed.
const READ_MAX: usize = 1_000;
/// How long rows are kept.
const KEPT: Duration = Duration::from_secs(60);
/// Who has not read for so long may have missed something.
const MISSED_AFTER: Duration = Duration::from_secs(30);

const APP: i16 = 0;
const EVENT_TYPE: i16 = 1;
const ENVIRONMENT: i16 = 2;
const KEYS: i16 = 3;

/// Notes a change in the open transaction; others are told when it is committed.
pub(super) async fn note(session: &Session, changed: &Changed) -> Result<(), Error> {
    let (kind, id, name) = match changed {
        Changed::App(app) => (APP, Some(app.as_bytes()), None),
        Changed::EventType(environment, name) => (EVENT_TYPE, Some(environment.as_bytes()), Some(name)),
        Changed::Environment(environment) => (ENVIRONMENT, Some(environment.as_bytes()), None),
        // Not a change that a verb makes: it stands for not knowing.
        Changed::Keys | Changed::Everything => (KEYS, None, None),
    };
    session.changes();
    session
        .conn
        .run(
            "-- changes::note
             INSERT INTO change (kind, id, name) VALUES ($1, $2, $3)",
            &[&kind, &id.map(<[u8; 20]>::as_slice), &name],
        )
        .await?;
    Ok(())
}

/// The same for an endpoint of which only the row is known.
pub(super) async fn note_endpoint(session: &Session, endpoint_row: i64) -> Result<(), Error> {
    session.changes();
    session
        .conn
        .run(
            "-- changes::note_endpoint
             INSERT INTO change (kind, id)
             SELECT 0, a.id FROM endpoint e JOIN app a ON a.row = e.app_row WHERE e.row = $1",
            &[&endpoint_row],
        )
        .await?;
    Ok(())
}

/// How far a node has read.
pub(super) struct Position {
    /// The oldest transaction that was open at the last reading, as text: the driver has no type for it.
    oldest: String,
    /// Rows that were read, with their transactions, as far as they may be read again.
    seen: HashMap<i64, u64>,
    read_at: Instant,
}

impl Position {
    /// Everything from now on.
    pub(super) async fn now(conn: &Connection) -> Result<Self, Error> {
        let row = conn
            .row(
                "-- changes::now
                 SELECT pg_snapshot_xmin(pg_current_snapshot())::text",
                &[],
            )
            .await?;
        let oldest = row.expect("a SELECT without FROM gives one row").try_get(0)?;
        Ok(Self { oldest, seen: HashMap::new(), read_at: Instant::now() })
    }

    /// What has changed since the last call.
    pub(super) async fn read(&mut self, conn: &Connection) -> Result<Vec<Changed>, Error> {
        let began = Instant::now();
        let rows = conn
            .rows(
                "-- changes::read
                 SELECT pg_snapshot_xmin(pg_current_snapshot())::text, c.row, c.xact::text, c.kind, c.id, c.name
                   FROM (SELECT 1) AS once
                   LEFT JOIN LATERAL (SELECT * FROM change WHERE xact >= $1::text::xid8 ORDER BY xact LIMIT $2) AS c
                     ON true",
                &[&self.oldest, &(READ_MAX as i64 + 1)],
            )
            .await?;
        let mut changed = Vec::new();
        for row in &rows {
            if let Some(key) = row.try_get::<_, Option<i64>>(1)?
                && self.seen.insert(key, number(row.try_get(2)?, key)?).is_none()
            {
                changed.push(read(row, key)?);
            }
        }
        if rows.len() > READ_MAX || began.duration_since(self.read_at) > MISSED_AFTER {
            changed = vec![Changed::Everything];
        }
        if let Some(first) = rows.first() {
            self.oldest = first.try_get(0)?;
            let oldest = number(&self.oldest, 0)?;
            self.seen.retain(|_, xact| *xact >= oldest);
        }
        self.read_at = began;
        Ok(changed)
    }

    /// Removes what everybody has had the time to read.
    pub(super) async fn forget(&self, conn: &Connection) -> Result<(), Error> {
        conn.run(
            "-- changes::forget
             DELETE FROM change WHERE xact < $1::text::xid8 AND at < clock_timestamp() - make_interval(secs => $2)",
            &[&self.oldest, &KEPT.as_secs_f64()],
        )
        .await?;
        Ok(())
    }
}

fn number(text: &str, row: i64) -> Result<u64, Error> {
    text.parse().map_err(|_| corrupt("change", "xact", row, &"is no number"))
}

fn read(row: &Row, key: i64) -> Result<Changed, Error> {
    let mut record = Record::new(row, "change", key, 3);
    let kind: i16 = record.get("kind")?;
    let id = record.id_or_none("id")?;
    let name: Option<String> = record.get("name")?;
    Ok(match (kind, id, name) {
        (APP, Some(app), _) => Changed::App(AppId::from_bytes(app)),
        (EVENT_TYPE, Some(environment), Some(name)) => {
            Changed::EventType(EnvironmentId::from_bytes(environment), name)
        }
        (ENVIRONMENT, Some(environment), _) => Changed::Environment(EnvironmentId::from_bytes(environment)),
        (KEYS, ..) => Changed::Keys,
        // A newer program has more kinds than this one.
        _ => Changed::Everything,
    })
}
