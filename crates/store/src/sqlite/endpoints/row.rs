//! An endpoint as columns. Its signing keys and custom headers are sealed.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_core::endpoint::{Disabled, DisabledReason, Endpoint, Ordering};
use postrider_core::id::{AppId, EndpointId};
use postrider_core::secret::{OldKey, SigningKey, SigningKeys};
use postrider_core::time::Timestamp;
use rusqlite::{Row, Statement, params};
use zeroize::Zeroizing;

use super::super::record::{Record, json, json_unless_empty};
use crate::Error;
use crate::failure::corrupt;
use crate::seal::{Place, Sealer};

/// What [`read`] reads, of `endpoint e`.
macro_rules! columns {
    () => {
        "e.row, e.id, e.uid, e.url, e.description, e.event_types, e.channels, e.throttle_rate, e.disabled_at,
         e.disabled_reason, e.metadata, e.headers, e.keys, e.timeout_ms, e.ordering, e.retry_schedule,
         e.failing_since, e.created_at, e.updated_at"
    };
}
pub(super) use columns;

pub(super) fn read(row: &Row<'_>, app: AppId, sealer: &Sealer) -> Result<Endpoint, Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "endpoint", key, 1);
    Ok(Endpoint {
        id: EndpointId::from_bytes(record.id("id")?),
        app,
        uid: record.get("uid")?,
        url: record.get("url")?,
        description: record.get("description")?,
        event_types: record.json("event_types")?,
        channels: record.json("channels")?,
        throttle_rate: record.get("throttle_rate")?,
        disabled: disabled(&mut record)?,
        metadata: record.json("metadata")?,
        headers: headers(&mut record, key, sealer)?,
        keys: keys(&mut record, key, sealer)?,
        timeout: record.get::<Option<i64>>("timeout_ms")?.map(|ms| Duration::from_millis(ms as u64)),
        ordering: record.number("ordering", ordering_of)?,
        retry_schedule: record.json_or_none("retry_schedule")?,
        failing_since: record.time_or_none("failing_since")?,
        created_at: record.time("created_at")?,
        updated_at: record.time("updated_at")?,
    })
}

/// Runs a statement whose first parameters are row, id and the application's row, and then the columns in the order
/// of the table.
pub(super) fn write(
    statement: &mut Statement<'_>,
    endpoint: &Endpoint,
    sealer: &Sealer,
) -> rusqlite::Result<usize> {
    let row = endpoint.id.row();
    statement.execute(params![
        row,
        endpoint.id.as_bytes(),
        endpoint.app.row(),
        endpoint.uid,
        endpoint.url,
        endpoint.description,
        json_unless_empty(&endpoint.event_types, endpoint.event_types.is_empty()),
        json_unless_empty(&endpoint.channels, endpoint.channels.is_empty()),
        endpoint.throttle_rate,
        endpoint.disabled.map(|disabled| disabled.at.as_micros()),
        endpoint.disabled.map(|disabled| reason_number(disabled.reason)),
        json_unless_empty(&endpoint.metadata, endpoint.metadata.is_empty()),
        (!endpoint.headers.is_empty())
            .then(|| sealer.seal(at("headers", row), json(&endpoint.headers).as_bytes())),
        sealer.seal(at("keys", row), keys_text(&endpoint.keys).as_bytes()),
        endpoint.timeout.map(|timeout| timeout.as_millis() as i64),
        ordering_number(endpoint.ordering),
        endpoint.retry_schedule.as_ref().map(json),
        endpoint.failing_since.map(Timestamp::as_micros),
        endpoint.created_at.as_micros(),
        endpoint.updated_at.as_micros(),
    ])
}

const fn at(column: &'static str, row: i64) -> Place {
    Place { table: "endpoint", row, column }
}

fn disabled(record: &mut Record<'_>) -> Result<Option<Disabled>, Error> {
    let at = record.time_or_none("disabled_at")?;
    let Some(at) = at else {
        record.get::<Option<i64>>("disabled_reason")?;
        return Ok(None);
    };
    Ok(Some(Disabled { at, reason: record.number("disabled_reason", reason_of)? }))
}

pub(super) const fn reason_number(reason: DisabledReason) -> i64 {
    match reason {
        DisabledReason::Asked => 0,
        DisabledReason::Gone => 1,
        DisabledReason::Failing => 2,
    }
}

const fn reason_of(number: i64) -> Option<DisabledReason> {
    Some(match number {
        0 => DisabledReason::Asked,
        1 => DisabledReason::Gone,
        2 => DisabledReason::Failing,
        _ => return None,
    })
}

const fn ordering_number(ordering: Ordering) -> i64 {
    match ordering {
        Ordering::None => 0,
        Ordering::Fifo => 1,
    }
}

const fn ordering_of(number: i64) -> Option<Ordering> {
    Some(match number {
        0 => Ordering::None,
        1 => Ordering::Fifo,
        _ => return None,
    })
}

fn headers(record: &mut Record<'_>, row: i64, sealer: &Sealer) -> Result<BTreeMap<String, String>, Error> {
    let Some(stored) = record.bytes_or_none("headers")? else { return Ok(BTreeMap::new()) };
    let text = unseal(sealer, "headers", row, &stored)?;
    serde_json::from_slice(&text).map_err(|error| corrupt("endpoint", "headers", row, &error))
}

/// The keys, the current one first, each with the time when it ends.
type StoredKeys = Vec<(Zeroizing<String>, Option<i64>)>;

fn keys_text(keys: &SigningKeys) -> Zeroizing<String> {
    let old = keys.old.iter().map(|old| (old.key.expose(), Some(old.expires_at.as_micros())));
    let all: Vec<_> = std::iter::once((keys.current.expose(), None)).chain(old).collect();
    let text = Zeroizing::new(json(&all));
    drop(all.into_iter().map(|(key, _)| Zeroizing::new(key)).collect::<Vec<_>>());
    text
}

fn keys(record: &mut Record<'_>, row: i64, sealer: &Sealer) -> Result<SigningKeys, Error> {
    let text = unseal(sealer, "keys", row, &record.bytes("keys")?)?;
    // The parser's own sentence might repeat a part of a key.
    let invalid = |_| corrupt("endpoint", "keys", row, &"is not a list of keys");
    let stored: Vec<(String, Option<i64>)> = serde_json::from_slice(&text).map_err(invalid)?;
    let stored: StoredKeys = stored.into_iter().map(|(key, end)| (Zeroizing::new(key), end)).collect();
    let mut keys = stored.iter().map(|(text, end)| {
        let key = SigningKey::parse(text).map_err(|error| corrupt("endpoint", "keys", row, &error))?;
        Ok((key, Timestamp::from_micros(end.unwrap_or_default())))
    });
    let none = || corrupt("endpoint", "keys", row, &"has no current key");
    let (current, _) = keys.next().ok_or_else(none)??;
    let old = keys.map(|key| key.map(|(key, expires_at)| OldKey { key, expires_at }));
    Ok(SigningKeys { current, old: old.collect::<Result<_, Error>>()? })
}

fn unseal(
    sealer: &Sealer,
    column: &'static str,
    row: i64,
    stored: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let plain = sealer.open(at(column, row), stored);
    plain.map(Zeroizing::new).map_err(|error| corrupt("endpoint", column, row, &error))
}
