//! Messages: reading them, their [payloads](payload), and [taking those away](expunge).

use postrider_core::app::Ref;
use postrider_core::id::{AppId, MessageId};
use postrider_core::message::Message;
use postrider_core::scope::AppScope;
use tokio_postgres::Row;

use super::apps;
use super::connection::{Connection, Params};
use super::record::{Record, is_text};
use super::scan::{self, List, Walk, gather};
use crate::seal::Sealer;
use crate::{Error, Listed, MessageFilter, Order, Page};

pub(super) use expunge::expunge;
pub(super) use payload::{Promised, keep_promises, seal_raw};

mod expunge;
mod payload;

/// What [`read`] reads, of `message m`.
macro_rules! columns {
    () => {
        "m.row, m.id, m.event_type, m.event_id, m.channels, m.tags, m.ordering_key, m.deliver_at, m.expire_at,
         m.edited_of"
    };
    (payload) => {
        concat!($crate::postgres::messages::columns!(), ", m.raw, m.payload")
    };
}
pub(super) use columns;

/// How many columns [`columns`] names, without the payload's two.
pub(super) const COLUMNS: usize = 10;

/// The condition that a message of an application is there. Given are the parameters of the application's row and of
/// the message's row and id.
macro_rules! is_there {
    ($app_row:literal, $row:literal, $id:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM message WHERE app_row = ",
            $app_row,
            " AND row = ",
            $row,
            " AND id = ",
            $id,
            ")"
        )
    };
}
pub(super) use is_there;

/// The condition that a filter lets `message m` through, but for its times, which bound the walk. The channel is `$8`,
/// the tag `$9`, the event types are `$10`; NULL lets everything through.
macro_rules! matches {
    () => {
        "($8::text IS NULL OR m.channels::jsonb ? $8) AND ($9::text IS NULL OR m.tags::jsonb ? $9)
            AND ($10::text[] IS NULL OR m.event_type = ANY ($10))"
    };
}
pub(super) use matches;

/// The messages of the application of the scope `$5` to `$7`.
pub(super) const LIST: List = List {
    name: "messages::list",
    key: "m.row",
    columns: concat!(columns!(), ", octet_length(m.payload)"),
    from: concat!("message m WHERE m.app_row = $5 AND ", apps::is_live!("$5", "$6", "$7")),
    matches: matches!(),
};

/// The message in the columns of `row` from `at` on. With a sealer the two columns of the payload are there too, and
/// it comes with its payload.
pub(super) fn read(row: &Row, at: usize, app: AppId, sealer: Option<&Sealer>) -> Result<Message, Error> {
    let key = row.try_get(at)?;
    let mut record = Record::new(row, "message", key, at + 1);
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
            Some(sealer) => payload::read(&mut record, key, sealer)?,
            None => None,
        },
    })
}

/// What a filter gives to [`matches`].
pub(super) struct FilterParams<'f> {
    pub(super) channel: Option<&'f str>,
    pub(super) tag: Option<&'f str>,
    pub(super) event_types: Option<Vec<&'f str>>,
}

impl<'f> From<&'f MessageFilter> for FilterParams<'f> {
    fn from(filter: &'f MessageFilter) -> Self {
        // What cannot be stored is found as little as the empty text, which no message has.
        let findable = |text: &'f str| if is_text(text) { text } else { "" };
        let event_types = filter.event_types.iter().map(|name| findable(name));
        Self {
            channel: filter.channel.as_deref().map(findable),
            tag: filter.tag.as_deref().map(findable),
            event_types: (!filter.event_types.is_empty()).then(|| event_types.collect()),
        }
    }
}

pub(super) async fn find(
    conn: &Connection,
    scope: AppScope,
    message: &Ref<MessageId>,
    sealer: Option<&Sealer>,
) -> Result<Option<Message>, Error> {
    let columns = if sealer.is_some() { columns!(payload) } else { columns!() };
    let live = apps::is_live!("$1", "$2", "$3");
    let app = scope.app();
    let (app_row, environment_row, app_id) =
        (app.row(), scope.environment().row(), app.as_bytes().as_slice());
    let found = match message {
        Ref::Id(id) => {
            let sql = format!(
                "-- messages::find
                 SELECT {columns} FROM message m WHERE m.app_row = $1 AND m.row = $4 AND m.id = $5 AND {live}"
            );
            let id: (i64, &[u8]) = (id.row(), id.as_bytes());
            conn.row(&sql, &[&app_row, &environment_row, &app_id, &id.0, &id.1]).await?
        }
        Ref::Uid(event_id) if !is_text(event_id) => None,
        Ref::Uid(event_id) => {
            let sql = format!(
                "-- messages::find
                 SELECT {columns} FROM message m
                  WHERE m.app_row = $1 AND {live} AND m.row =
                      (SELECT row FROM message_event_id WHERE app_row = $1 AND event_id = $4)"
            );
            conn.row(&sql, &[&app_row, &environment_row, &app_id, event_id]).await?
        }
    };
    found.map(|row| read(&row, 0, app, sealer)).transpose()
}

pub(super) async fn list(
    conn: &Connection,
    scope: AppScope,
    filter: &MessageFilter,
    page: &Page<MessageId>,
    sealer: Option<&Sealer>,
) -> Result<Listed<Message, MessageId>, Error> {
    const PAYLOAD_LEN: usize = scan::COLUMNS + COLUMNS;
    let walk = Walk::rows(page, Order::Descending, MessageId::row).between(filter.after, filter.before);
    let (app, filter) = (scope.app(), FilterParams::from(filter));
    let params: Params<'_> = &[
        &app.row(),
        &scope.environment().row(),
        &app.as_bytes().as_slice(),
        &filter.channel,
        &filter.tag,
        &filter.event_types,
    ];
    let listed = gather(conn, &LIST, walk, params, |row| {
        let message = read(row, scan::COLUMNS, app, None)?;
        Ok((message.id, Promised::new(message, row, PAYLOAD_LEN, sealer.is_some())?))
    })
    .await?;
    keep_promises(conn, scope, sealer, listed, |message| message).await
}
