//! Rows out of SQLite.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql, params_from_iter};
use tokio::sync::mpsc;

use super::super::connection::{self, Purpose};
use crate::Error;
use crate::failure::corrupt;
use crate::transfer::kind::{Column, Form, Kind};
use crate::transfer::layout::Layout;
use crate::transfer::side::Scan;
use crate::transfer::value::{Batch, Value};

/// Sends all rows of the scan, with a connection of its own. Blocks.
pub(super) fn all(
    file: &Path,
    kind: Kind,
    layout: &Layout,
    scan: Scan,
    to: &mpsc::Sender<Batch>,
) -> Result<(), Error> {
    let conn = connection::open(file, Purpose::Read)?;
    let (after, in_order) = match scan {
        Scan::After(after) => (after, true),
        Scan::Whole => (None, false),
    };
    let mut statement = conn.prepare(&layout.select(kind, after.as_ref().map(|_| '?'), in_order))?;
    let mut rows = statement.query(params_from_iter(after.iter().flatten()))?;
    let mut batch = Batch::new(kind);
    while let Some(row) = rows.next()? {
        push(&mut batch, row)?;
        if batch.is_full() && to.blocking_send(std::mem::replace(&mut batch, Batch::new(kind))).is_err() {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        // Nobody wants it: whoever stopped listening knows why.
        let _ = to.blocking_send(batch);
    }
    Ok(())
}

fn push(batch: &mut Batch, row: &Row<'_>) -> Result<(), Error> {
    let table = batch.kind.table();
    batch.push(|place| {
        let column = &table.columns[place];
        let found = row.get_ref(place)?;
        // The first number of a row is what leads to it.
        let of_row = || (0..place).find_map(|place| row.get::<_, i64>(place).ok()).unwrap_or_default();
        value(column, found)
            .ok_or_else(|| corrupt(table.name, column.name, of_row(), &format!("is {}", found.data_type())))
    })
}

/// `None` when it is nothing that the column may hold.
fn value(column: &Column, found: ValueRef<'_>) -> Option<Value> {
    Some(match (column.form, found) {
        (_, ValueRef::Null) => Value::Null,
        (Form::Count, ValueRef::Integer(number)) => Value::Number(number.min(i32::MAX.into())),
        (Form::Long | Form::Small | Form::Flag, ValueRef::Integer(number)) => Value::Number(number),
        (Form::Text, ValueRef::Text(text)) => Value::Text(str::from_utf8(text).ok()?.to_owned()),
        (Form::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
        (Form::Coded, ValueRef::Text(text)) => Value::Bytes(STANDARD_NO_PAD.decode(text).ok()?),
        _ => return None,
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
