//! Payloads: what a message is delivered with. Lists fetch them last, so that no more are sent than fit on a page.

use std::collections::HashMap;

use postrider_core::message::{Message, Payload, Raw};
use postrider_core::scope::AppScope;
use tokio_postgres::Row;

use super::super::connection::Connection;
use super::super::record::{Record, json};
use crate::failure::corrupt;
use crate::seal::{Place, Sealer};
use crate::weigh::Weigh;
use crate::{Error, Listed};

/// The payload in the next two columns of `record`, of the message at `row`.
pub(super) fn read(record: &mut Record<'_>, row: i64, sealer: &Sealer) -> Result<Option<Payload>, Error> {
    let raw = record.get::<Option<&[u8]>>("raw")?.map(|stored| open_raw(sealer, row, stored)).transpose()?;
    Ok(record.bytes_or_none("payload")?.map(|body| Payload { body, raw }))
}

/// What the column `raw` holds: JSON, sealed because its headers may be credentials.
pub(in crate::postgres) fn seal_raw(sealer: &Sealer, row: i64, raw: &Raw) -> Vec<u8> {
    sealer.seal(raw_at(row), json(raw).as_bytes())
}

fn open_raw(sealer: &Sealer, row: i64, stored: &[u8]) -> Result<Raw, Error> {
    let text = sealer.open(raw_at(row), stored).map_err(|error| corrupt("message", "raw", row, &error))?;
    // The parser's own sentence might repeat a part of a header.
    serde_json::from_slice(&text).map_err(|_| corrupt("message", "raw", row, &"is not a set of headers"))
}

const fn raw_at(row: i64) -> Place {
    Place { table: "message", row, column: "raw" }
}

/// A row of a list whose payload is fetched when the page is known, but counts before.
pub(in crate::postgres) struct Promised<T> {
    row: T,
    payload_len: usize,
}

impl<T> Promised<T> {
    /// With the payload's length in the column `at`, if the payload is asked for.
    pub(in crate::postgres) fn new(
        value: T,
        row: &Row,
        at: usize,
        with_payload: bool,
    ) -> Result<Self, Error> {
        let len = if with_payload { row.try_get::<_, Option<i32>>(at)? } else { None };
        Ok(Self { row: value, payload_len: len.map_or(0, |len| len.unsigned_abs() as usize) })
    }
}

impl<T> Weigh for Promised<T> {
    fn bytes(&self) -> usize {
        self.payload_len
    }
}

/// A page whose payloads are fetched where there is a sealer for them. `message` says where the message is in a row.
pub(in crate::postgres) async fn keep_promises<T, C>(
    conn: &Connection,
    scope: AppScope,
    sealer: Option<&Sealer>,
    page: Listed<Promised<T>, C>,
    message: impl Fn(&mut T) -> &mut Message,
) -> Result<Listed<T, C>, Error> {
    let mut rows: Vec<T> = page.rows.into_iter().map(|promised| promised.row).collect();
    if let Some(sealer) = sealer {
        let keys: Vec<_> = rows.iter_mut().map(|row| message(row).id.row()).collect();
        let mut payloads = payloads(conn, scope, sealer, &keys).await?;
        for message in rows.iter_mut().map(message) {
            message.payload = payloads.remove(&message.id.row());
        }
    }
    Ok(Listed { rows, next: page.next })
}

async fn payloads(
    conn: &Connection,
    scope: AppScope,
    sealer: &Sealer,
    rows: &[i64],
) -> Result<HashMap<i64, Payload>, Error> {
    let found = conn
        .rows(
            "-- messages::payloads
             SELECT m.row, m.raw, m.payload FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS asked
               JOIN message m ON m.app_row = asked.app_row AND m.row = asked.row AND m.payload IS NOT NULL",
            &[&scope.app().row(), &rows],
        )
        .await?;
    let mut payloads = HashMap::with_capacity(found.len());
    for row in &found {
        let key = row.try_get(0)?;
        let payload = read(&mut Record::new(row, "message", key, 1), key, sealer)?;
        payloads.extend(payload.map(|payload| (key, payload)));
    }
    Ok(payloads)
}
