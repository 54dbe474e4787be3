//! Rows out of PostgreSQL, as they come: the server waits while nobody takes them.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::connection::Connection;
use super::write::Cell;
use crate::Error;
use crate::failure::corrupt;
use crate::transfer::kind::{Column, Form, Kind};
use crate::transfer::layout::Layout;
use crate::transfer::side::Scan;
use crate::transfer::value::{Batch, Value};

/// For a statement that reads all there is: whole tables, not indexes.
pub(super) const WHOLE: &str = "SET statement_timeout = 0; SET enable_seqscan = on; SET enable_hashjoin = on";
/// For one that reads in sequence, from an index.
const IN_ORDER: &str = "SET statement_timeout = 0; SET enable_seqscan = off; SET enable_hashjoin = off";

/// Sends all rows of the scan.
pub(super) async fn all(
    conn: &Connection,
    kind: Kind,
    layout: &Layout,
    scan: Scan,
    to: &mpsc::Sender<Batch>,
) -> Result<(), Error> {
    let (after, in_order) = match scan {
        Scan::After(after) => (after, true),
        Scan::Whole => (None, false),
    };
    conn.batch(if in_order { IN_ORDER } else { WHOLE }).await?;
    let sql = layout.select(kind, after.as_ref().map(|_| '$'), in_order);
    let cells: Vec<_> = after.iter().flatten().map(Cell).collect();
    let params: Vec<_> = cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
    let mut rows = pin!(conn.stream(&sql, &params).await?);
    let mut batch = Batch::new(kind);
    while let Some(row) = rows.try_next().await? {
        push(&mut batch, &row)?;
        if batch.is_full() && to.send(std::mem::replace(&mut batch, Batch::new(kind))).await.is_err() {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        // Nobody wants it: whoever stopped listening knows why.
        let _ = to.send(batch).await;
    }
    Ok(())
}

fn push(batch: &mut Batch, row: &Row) -> Result<(), Error> {
    let table = batch.kind.table();
    batch.push(|place| {
        let column = &table.columns[place];
        // The first number of a row is what leads to it.
        let of_row = || (0..place).find_map(|place| row.try_get::<_, i64>(place).ok()).unwrap_or_default();
        value(column, row, place).map_err(|error| corrupt(table.name, column.name, of_row(), &error))
    })
}

fn value(column: &Column, row: &Row, place: usize) -> Result<Value, tokio_postgres::Error> {
    let number = |number: i64| Value::Number(number);
    let value = match column.form {
        Form::Long => row.try_get::<_, Option<i64>>(place)?.map(number),
        Form::Count => row.try_get::<_, Option<i32>>(place)?.map(|short| number(short.into())),
        Form::Small => row.try_get::<_, Option<i16>>(place)?.map(|short| number(short.into())),
        Form::Flag => row.try_get::<_, Option<bool>>(place)?.map(|flag| number(flag.into())),
        Form::Text => row.try_get::<_, Option<String>>(place)?.map(Value::Text),
        Form::Bytes | Form::Coded => row.try_get::<_, Option<Vec<u8>>>(place)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}
