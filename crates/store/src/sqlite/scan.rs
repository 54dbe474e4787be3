//! Pages of long lists: keyset paging, and a limit on how much one page may look at.
//!
//! A list is walked along its key and never skips rows by counting. A filter that matches little would make a page look
//! at everything, so a walk also ends after so many rows or so much time, and says where to go on.

use std::time::{Duration, Instant};

use postrider_core::id::first_row_at;
use postrider_core::time::Timestamp;

use crate::{Edge, Listed, Order, Page};

/// Rows that one page may look at.
const ROWS_MAX: usize = 20_000;
/// And how long it may look. The first rows are always looked at, so a walk gets on however slow the disk is.
const TIME_MAX: Duration = Duration::from_millis(30);
const ROWS_BETWEEN_LOOKS: usize = 128;
/// The tick of the time inside ids.
const TICK_MICROS: u64 = 4_000;

/// The part of a list that a page walks, as an open interval of its key, and the way it goes.
#[derive(Debug, Clone)]
pub(super) struct Walk<K> {
    /// Keys above this one.
    pub(super) low: K,
    /// Keys below this one.
    pub(super) high: K,
    /// `ASC` or `DESC`, for the statement.
    pub(super) order: &'static str,
    /// The rows come in reverse of the list's order.
    reversed: bool,
    limit: usize,
}

impl<K> Walk<K> {
    /// The walk of `page` through a list whose keys lie between `ends`.
    pub(super) fn new<C>(page: &Page<C>, natural: Order, ends: (K, K), key: impl Fn(&C) -> K) -> Self {
        let list = page.order.unwrap_or(natural);
        let backwards = matches!(page.edge, Some(Edge::Before(_)));
        let ascending = (list == Order::Ascending) != backwards;
        let (mut low, mut high) = ends;
        if let Some(Edge::After(cursor) | Edge::Before(cursor)) = &page.edge {
            *(if ascending { &mut low } else { &mut high }) = key(cursor);
        }
        let order = if ascending { "ASC" } else { "DESC" };
        Self { low, high, order, reversed: backwards, limit: page.limit.max(1) }
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
}

impl<K> Walk<K> {
    fn listed<T, C>(&self, mut rows: Vec<T>, next: Option<C>) -> Listed<T, C> {
        if self.reversed {
            rows.reverse();
        }
        Listed { rows, next }
    }
}

/// Gathers a page from `rows`, reading each with `read`: its cursor, and the row itself unless it does not match.
pub(super) fn gather<K, T, C>(
    walk: &Walk<K>,
    mut rows: rusqlite::Rows<'_>,
    mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<(C, Option<T>), crate::Error>,
) -> Result<Listed<T, C>, crate::Error> {
    let (mut page, mut last, mut looked, began) = (Vec::new(), None, 0, Instant::now());
    while let Some(row) = rows.next()? {
        let (cursor, value) = read(row)?;
        let one_too_many = page.len() >= walk.limit && value.is_some();
        if one_too_many || is_tired(looked, began) {
            return Ok(walk.listed(page, last));
        }
        page.extend(value);
        last = Some(cursor);
        looked += 1;
    }
    Ok(walk.listed(page, None))
}

fn is_tired(looked: usize, began: Instant) -> bool {
    looked >= ROWS_MAX
        || (looked > 0 && looked.is_multiple_of(ROWS_BETWEEN_LOOKS) && began.elapsed() > TIME_MAX)
}
