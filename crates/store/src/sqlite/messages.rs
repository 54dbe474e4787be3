//! Messages: reading them, and what filters say of one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use postrider_core::app::Ref;
use postrider_core::id::{AppId, MessageId};
use postrider_core::message::{Message, Payload, Raw};
use postrider_core::scope::AppScope;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::record::{Record, json};
use super::scan::{Walk, gather};
use super::session::{Session, is_live};
use super::{order, payload_index};
use crate::failure::corrupt;
use crate::seal::{Place, Sealer};
use crate::{Error, Listed, MessageFilter, Order, Page};

/// What [`read`] reads, of `message m`. A statement computes all its columns, looked at or not, and a payload has pages of
/// its own: lists leave it out.
macro_rules! columns {
    () => {
        "m.row, m.id, m.event_type, m.event_id, m.channels, m.tags, m.ordering_key, m.deliver_at, m.expire_at,
         m.edited_of"
    };
    (payload) => {
        concat!($crate::sqlite::messages::columns!(), ", m.raw, m.payload")
    };
}
pub(super) use columns;

/// How many columns [`columns`] names, without the payload's two.
pub(super) const COLUMNS: usize = 10;

/// The message in the columns of `row` from `at` on. With a sealer the two columns of the payload are there too, and
/// it comes with its payload.
pub(super) fn read(row: &Row<'_>, at: usize, app: AppId, sealer: Option<&Sealer>) -> Result<Message, Error> {
    let mut record = Record::new(row, "message", row.get(at)?, at + 1);
    Ok(Message {
        id: MessageId::from_bytes(record.id("id")?),
        app,
        event_type: record.get("event_type")?,
        event_id: record.get("event_id")?,
        channels: record.json("channels")?,
        tags: record.json("tags")?,
        ordering_key: record.get("ordering_key")?,
        deliver_at: record.time_or_none("deliver_at")?,
        expire_at: record.time_or_none("expire_at")?,
        edited_of: record.id_or_none("edited_of")?.map(MessageId::from_bytes),
        payload: match sealer {
            Some(sealer) => payload(&mut record, row.get(at)?, sealer)?,
            None => None,
        },
    })
}

fn payload(record: &mut Record<'_>, row: i64, sealer: &Sealer) -> Result<Option<Payload>, Error> {
    let raw =
        record.get::<Option<String>>("raw")?.map(|stored| open_raw(sealer, row, &stored)).transpose()?;
    Ok(record.bytes_or_none("payload")?.map(|body| Payload { body, raw }))
}

/// A message for a delivery, which shares it.
pub(super) fn read_shared(
    row: &Row<'_>,
    at: usize,
    app: AppId,
    sealer: &Sealer,
) -> Result<Arc<Message>, Error> {
    read(row, at, app, Some(sealer)).map(Arc::new)
}

/// What the column `raw` holds: JSON, sealed because its headers may be credentials, in Base64 because it is text.
pub(super) fn seal_raw(sealer: &Sealer, row: i64, raw: &Raw) -> String {
    STANDARD_NO_PAD.encode(sealer.seal(raw_at(row), json(raw).as_bytes()))
}

fn open_raw(sealer: &Sealer, row: i64, stored: &str) -> Result<Raw, Error> {
    let broken = |error: &dyn std::fmt::Display| corrupt("message", "raw", row, &error);
    let bytes = STANDARD_NO_PAD.decode(stored).map_err(|error| broken(&error))?;
    let text = sealer.open(raw_at(row), &bytes).map_err(|error| broken(&error))?;
    serde_json::from_slice(&text).map_err(|_| broken(&"is not a set of headers"))
}

const fn raw_at(row: i64) -> Place {
    Place { table: "message", row, column: "raw" }
}

/// Whether the filter lets a message through, but for its times, which bound the walk.
pub(super) fn matches(filter: &MessageFilter, message: &Message) -> bool {
    filter.channel.as_ref().is_none_or(|channel| message.channels.contains(channel))
        && filter.tag.as_ref().is_none_or(|tag| message.tags.contains(tag))
        && (filter.event_types.is_empty() || filter.event_types.contains(&message.event_type))
}

pub(super) fn find(
    conn: &Connection,
    scope: AppScope,
    message: &Ref<MessageId>,
    sealer: Option<&Sealer>,
) -> Result<Option<Message>, Error> {
    if !is_live(conn, scope)? {
        return Ok(None);
    }
    let app = scope.app();
    let columns = if sealer.is_some() { columns!(payload) } else { columns!() };
    let read = |row: &Row<'_>| read(row, 0, app, sealer);
    match message {
        Ref::Id(id) => conn
            .prepare_cached(&format!(
                "-- messages::find\nSELECT {columns} FROM message m WHERE m.row = ? AND m.id = ? AND m.app_row = ?"
            ))?
            .query_and_then((id.row(), id.as_bytes(), app.row()), read)?
            .next()
            .transpose(),
        Ref::Uid(event_id) => conn
            .prepare_cached(&format!(
                "-- messages::find\nSELECT {columns} FROM message m WHERE m.app_row = ? AND m.event_id = ?"
            ))?
            .query_and_then((app.row(), event_id), read)?
            .next()
            .transpose(),
    }
}

/// Whether the message is there, and whether it still has its payload.
pub(super) fn has_payload(
    conn: &Connection,
    scope: AppScope,
    message: MessageId,
) -> Result<Option<bool>, Error> {
    if !is_live(conn, scope)? {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(
        "-- messages::has_payload
         SELECT payload IS NOT NULL FROM message WHERE row = ? AND id = ? AND app_row = ?",
    )?;
    let key = (message.row(), message.as_bytes(), scope.app().row());
    Ok(statement.query_row(key, |row| row.get(0)).optional()?)
}

pub(super) fn list(
    conn: &Connection,
    scope: AppScope,
    filter: &MessageFilter,
    page: &Page<MessageId>,
    sealer: Option<&Sealer>,
) -> Result<Listed<Message, MessageId>, Error> {
    if !is_live(conn, scope)? {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    let walk = Walk::rows(page, Order::Descending, MessageId::row).between(filter.after, filter.before);
    let mut statement = conn.prepare_cached(&format!(
        "-- messages::list
         SELECT {} FROM message m INDEXED BY message_app
          WHERE m.app_row = ? AND m.row > ? AND m.row < ? ORDER BY m.row {}",
        columns!(),
        walk.order
    ))?;
    let rows = statement.query((scope.app().row(), walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let mut message = read(row, 0, scope.app(), None)?;
        let id = message.id;
        if !matches(filter, &message) {
            return Ok((id, None));
        }
        if let Some(sealer) = sealer {
            message.payload = payload_of(conn, id, sealer)?;
        }
        Ok((id, Some(message)))
    })
}

pub(super) fn payload_of(
    conn: &Connection,
    message: MessageId,
    sealer: &Sealer,
) -> Result<Option<Payload>, Error> {
    let mut statement = conn.prepare_cached(
        "-- messages::payload_of
         SELECT raw, payload FROM message WHERE row = ?",
    )?;
    let key = message.row();
    let read = |row: &Row<'_>| payload(&mut Record::new(row, "message", key, 0), key, sealer);
    Ok(statement.query_and_then([key], read)?.next().transpose()?.flatten())
}

/// Drops the payload and cancels what is unfinished. `false` when there is no such message.
pub(super) fn expunge(session: &mut Session<'_>, scope: AppScope, message: MessageId) -> Result<bool, Error> {
    if has_payload(session.conn, scope, message)?.is_none() {
        return Ok(false);
    }
    drop_payload(session.conn, message.row())?;
    let unfinished: Vec<i64> = session
        .conn
        .prepare_cached(
            "-- messages::expunge
             SELECT endpoint_row FROM delivery WHERE message_row = ? AND state < 3",
        )?
        .query_map([message.row()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for endpoint_row in unfinished {
        order::cancel(session.conn, (message.row(), endpoint_row))?;
    }
    Ok(true)
}

pub(super) fn drop_payload(conn: &Connection, row: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "-- messages::drop_payload
         UPDATE message SET payload = NULL, raw = NULL WHERE row = ?",
    )?
    .execute([row])?;
    payload_index::forget_payload(conn, row)
}

/// Whether any of its deliveries is unfinished.
pub(super) fn is_unfinished(conn: &Connection, row: i64) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "-- messages::is_unfinished
         SELECT 1 FROM delivery WHERE message_row = ? AND state < 3",
    )?;
    Ok(statement.exists([row])?)
}
