//! Pages of long lists: keyset paging, and a limit on how much one page may look at.
//!
//! A list is walked along its key and never skips rows by counting. The filter is part of the statement, so that what
//! does not match is not sent. A filter that matches little would make a statement look at everything; so it looks at
//! [`LOOKS`] rows at most, numbers them, and also gives the last of them, matching or not, from where another statement
//! goes on. The walk ends when the page is full, in rows or in bytes, or has taken long enough, and says where it was.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use postrider_core::id::first_row_at;
use postrider_core::time::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, ToSql};

use super::connection::{Connection, Params};
use crate::weigh::Weigh;
use crate::{Edge, Error, Listed, Order, PAGE_BYTES, Page};

#[cfg(test)]
mod tests;

/// Rows that one statement looks at.
const LOOKS: i64 = 1_000;
/// Statements of one page: together they look at no more rows than a page may.
const STATEMENTS_MAX: usize = 20;
/// How long a page may take before it asks for no more. The first statement always runs, so a walk gets on however slow
/// the database is.
const TIME_MAX: Duration = Duration::from_millis(30);
/// The tick of the time inside ids.
const TICK_MICROS: u64 = 4_000;

/// Where a list's own columns begin in its rows; before them are number, match and key.
pub(super) const COLUMNS: usize = 3;

/// A list, as the parts of its statement.
#[derive(Debug)]
pub(super) struct List {
    /// The function that it is for.
    pub(super) name: &'static str,
    /// What the list is ordered by; unique in the list.
    pub(super) key: &'static str,
    /// What is read of each row.
    pub(super) columns: &'static str,
    /// Tables and `WHERE`, whose parameters begin at `$5`. An index gives these rows in the order of the key.
    pub(super) from: &'static str,
    /// Which of the rows are wanted.
    pub(super) matches: &'static str,
}

impl List {
    fn statement(&self, order: &str) -> String {
        let Self { name, key, columns, from, matches } = self;
        format!(
            "-- {name}
             SELECT * FROM
                 (SELECT row_number() OVER (ORDER BY {key} {order}) AS n, ({matches}) IS TRUE AS matches, {key} AS key,
                         {columns}
                    FROM {from} AND {key} > $1 AND {key} < $2 ORDER BY {key} {order} LIMIT $3) looked
              WHERE matches OR n = $3 ORDER BY key {order} LIMIT $4"
        )
    }
}

/// The part of a list that a page walks, as an open interval of its key, and the way it goes.
#[derive(Debug, Clone)]
pub(super) struct Walk<K> {
    /// Keys above this one.
    low: K,
    /// Keys below this one.
    high: K,
    ascending: bool,
    /// The rows come in reverse of the list's order.
    reversed: bool,
    limit: usize,
}

impl<K> Walk<K> {
    /// The walk of `page` through a list whose keys lie between `ends`.
    pub(super) fn new<C>(page: &Page<C>, natural: Order, ends: (K, K), key: impl Fn(&C) -> K) -> Self {
        let list = page.order.unwrap_or(natural);
        let reversed = matches!(page.edge, Some(Edge::Before(_)));
        let ascending = (list == Order::Ascending) != reversed;
        let (low, high) = ends;
        let mut walk = Self { low, high, ascending, reversed, limit: page.limit.max(1) };
        if let Some(Edge::After(cursor) | Edge::Before(cursor)) = &page.edge {
            walk.go_on_from(key(cursor));
        }
        walk
    }

    fn go_on_from(&mut self, key: K) {
        *(if self.ascending { &mut self.low } else { &mut self.high }) = key;
    }

    fn listed<T, C>(&self, mut rows: Vec<T>, next: Option<C>) -> Listed<T, C> {
        if self.reversed {
            rows.reverse();
        }
        Listed { rows, next }
    }
}

/// The first row of an id made at `time` or later.
pub(super) fn first_row_from(time: Timestamp) -> i64 {
    first_row_at(time.after(Duration::from_micros(TICK_MICROS - 1)))
}

impl Walk<i64> {
    /// A walk through rows of ids.
    pub(super) fn rows<C>(page: &Page<C>, natural: Order, row: impl Fn(&C) -> i64) -> Self {
        Self::new(page, natural, (i64::MIN, i64::MAX), row)
    }

    /// The part of the walk among ids made after `after` and before `before`.
    pub(super) fn between(mut self, after: Option<Timestamp>, before: Option<Timestamp>) -> Self {
        if let Some(after) = after {
            self.low =
                self.low.max(first_row_at(after.after(Duration::from_micros(TICK_MICROS))).saturating_sub(1));
        }
        if let Some(before) = before {
            self.high = self.high.min(first_row_from(before));
        }
        self
    }

    /// The part of the walk above `row`.
    pub(super) fn above(mut self, row: i64) -> Self {
        self.low = self.low.max(row);
        self
    }
}

/// Gathers a page of `list`, reading each row with `read`: its cursor, and the row itself. `params` are those of the
/// list's own parts.
pub(super) async fn gather<K, T, C>(
    conn: &Connection,
    list: &List,
    mut walk: Walk<K>,
    params: Params<'_>,
    read: impl Fn(&Row) -> Result<(C, T), Error>,
) -> Result<Listed<T, C>, Error>
where
    K: ToSql + FromSqlOwned + Sync,
    T: Weigh,
{
    let began = Instant::now();
    let sql = list.statement(if walk.ascending { "ASC" } else { "DESC" });
    let (mut page, mut page_bytes, mut here) = (Vec::new(), 0, None);
    for _ in 0..STATEMENTS_MAX {
        let wanted = i64::try_from(walk.limit - page.len()).unwrap_or(i64::MAX).saturating_add(1);
        let walked: [&(dyn ToSql + Sync); 4] = [&walk.low, &walk.high, &LOOKS, &wanted];
        let mut rows = pin!(conn.stream(&sql, &[&walked, params].concat()).await?);
        let (mut reached, mut is_cut) = (None, false);
        while let Some(row) = rows.try_next().await? {
            let (number, matches): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
            let (cursor, value) = read(&row)?;
            if matches {
                let bytes = value.bytes();
                let fits = page.len() < walk.limit && (page.is_empty() || page_bytes + bytes <= PAGE_BYTES);
                if !fits {
                    return Ok(walk.listed(page, here));
                }
                page.push(value);
                page_bytes += bytes;
            }
            here = Some(cursor);
            reached = Some(row.try_get(2)?);
            is_cut = number == LOOKS;
        }
        let Some(key) = reached.filter(|_| is_cut) else { return Ok(walk.listed(page, None)) };
        walk.go_on_from(key);
        if began.elapsed() > TIME_MAX {
            break;
        }
    }
    Ok(walk.listed(page, here))
}
