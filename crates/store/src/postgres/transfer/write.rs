//! Rows into PostgreSQL, by binary COPY.
//!
//! Three columns are not canonical and follow from others: a delivery's lane partition from its endpoint, its place in
//! an order from its message, and that nobody holds it.

use std::pin::pin;

use bytes::BytesMut;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::super::connection::Connection;
use super::super::partitions::Partitions;
use super::write_mark;
use crate::partition::lane_partition;
use crate::transfer::kind::{Form, Kind, Table};
use crate::transfer::mark::Mark;
use crate::transfer::value::{Batch, Value};
use crate::{Error, crash};

/// Columns of a delivery that follow from others.
const OF_DELIVERY: [(&str, Type); 2] = [("seq", Type::INT8), ("part", Type::INT2)];

/// Makes the days that rows of the batch belong to.
pub(super) async fn partitions(conn: &Connection, days: &Partitions, batch: &Batch) -> Result<(), Error> {
    if !matches!(batch.kind, Kind::Message | Kind::Attempt | Kind::Reception) {
        return Ok(());
    }
    let place = batch.kind.table().place_of("row");
    let rows = batch.rows().map(|row| number(&row[place]));
    days.make(conn, days.missing(rows)).await
}

/// Does `act` and sets the mark in a transaction of its own, which begins with `settings`.
pub(super) async fn in_transaction(
    conn: &Connection,
    settings: &str,
    mark: &Mark,
    act: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    conn.set_in_transaction(true);
    conn.batch(&format!("BEGIN; {settings}")).await?;
    act.await?;
    write_mark(conn, Some(mark)).await?;
    crash::point("transfer.batch");
    conn.batch("COMMIT").await?;
    conn.set_in_transaction(false);
    Ok(())
}

/// Writes the rows of a batch inside the open transaction.
pub(super) async fn rows(conn: &Connection, batch: &Batch) -> Result<(), Error> {
    let table = batch.kind.table();
    let more: &[_] = if batch.kind == Kind::Delivery { &OF_DELIVERY } else { &[] };
    let types: Vec<_> = table
        .columns
        .iter()
        .map(|column| type_of(column.form))
        .chain(more.iter().map(|of| of.1.clone()))
        .collect();
    let sink = conn.copy_in(&copy(table, more)).await?;
    let mut copy = pin!(BinaryCopyInWriter::new(sink, &types));
    for row in batch.rows() {
        let more = if batch.kind == Kind::Delivery { of_delivery(table, row).to_vec() } else { Vec::new() };
        let cells: Vec<_> = row.iter().chain(&more).map(Cell).collect();
        copy.as_mut().write_raw(cells).await?;
    }
    copy.finish().await?;
    Ok(())
}

fn copy(table: &Table, more: &[(&str, Type)]) -> String {
    let names: Vec<_> =
        table.columns.iter().map(|column| column.name).chain(more.iter().map(|of| of.0)).collect();
    format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, names.join(", "))
}

const fn type_of(form: Form) -> Type {
    match form {
        Form::Long => Type::INT8,
        Form::Count => Type::INT4,
        Form::Small => Type::INT2,
        Form::Flag => Type::BOOL,
        Form::Text => Type::TEXT,
        Form::Bytes | Form::Coded => Type::BYTEA,
    }
}

/// The values of [`OF_DELIVERY`].
fn of_delivery(table: &Table, row: &[Value]) -> [Value; 2] {
    let of = |name| &row[table.place_of(name)];
    let seq = match of("ord") {
        Value::Null => Value::Null,
        // In the order of the messages, and before whatever the sequence will give.
        _ => Value::Number(number(of("message_row")).wrapping_add(i64::MIN)),
    };
    [seq, Value::Number(lane_partition(number(of("endpoint_row"))).into())]
}

/// A number that is never NULL.
const fn number(value: &Value) -> i64 {
    if let Value::Number(number) = value { *number } else { 0 }
}

/// A value as a parameter, or as a field of a row.
#[derive(Debug)]
pub(super) struct Cell<'v>(pub(super) &'v Value);

impl ToSql for Cell<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self.0, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Number(number), &Type::INT8) => number.to_sql(ty, out),
            (Value::Number(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Value::Number(number), &Type::INT2) => i16::try_from(*number)?.to_sql(ty, out),
            (Value::Number(number), &Type::BOOL) => (*number != 0).to_sql(ty, out),
            (Value::Text(text), &Type::TEXT) => text.to_sql(ty, out),
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (_, ty) => Err(format!("it is no {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::INT2, Type::BOOL, Type::TEXT, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_deliveries_of_an_order_come_before_later_ones_and_in_order() {
        let table = Kind::Delivery.table();
        let seq = |row: i64| {
            let mut values = vec![Value::Number(1); table.columns.len()];
            values[table.place_of("message_row")] = Value::Number(row);
            number(&of_delivery(table, &values)[0])
        };
        assert!(seq(1) < seq(2) && seq(i64::MAX) < 1);
    }
}
