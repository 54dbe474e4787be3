//! Pages of long lists: keyset paging, and a limit on how much one page may look at.
//!
//! A list is walked along its key and never skips rows by counting. A filter that matches little would make a page look
//! at everything, so a walk also ends after so many rows, so many bytes or so much time, and says where to go on.

use std::time::{Duration, Instant};

use postrider_core::id::first_row_at;
use postrider_core::time::Timestamp;

use crate::weigh::Weigh;
use crate::{Edge, Listed, Order, PAGE_BYTES, Page};

/// Rows that one page may look at.
const ROWS_MAX: usize = 20_000;
/// And how long it may look. The first rows are always looked at, so a walk gets on however slow the disk is.
const TIME_MAX: Duration = Duration::from_millis(30);
/// Rows between two looks at the clock, if they are light; heavy ones count as several.
const ROWS_BETWEEN_LOOKS: usize = 128;
/// Bytes that are about as much work as a row.
const LIGHT_ROW_BYTES: usize = 8 * 1024;
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
pub(super) fn gather<K, T: Weigh, C>(
    walk: &Walk<K>,
    mut rows: rusqlite::Rows<'_>,
    mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<(C, Option<T>), crate::Error>,
) -> Result<Listed<T, C>, crate::Error> {
    let (mut page, mut page_bytes, mut last, mut fatigue) = (Vec::new(), 0, None, Fatigue::begin());
    while let Some(row) = rows.next()? {
        let (cursor, value) = read(row)?;
        let bytes = value.as_ref().map_or(0, Weigh::bytes);
        let does_not_fit = value.is_some()
            && (page.len() >= walk.limit || (!page.is_empty() && page_bytes + bytes > PAGE_BYTES));
        if does_not_fit || fatigue.is_tired() {
            return Ok(walk.listed(page, last));
        }
        page.extend(value);
        page_bytes += bytes;
        last = Some(cursor);
        fatigue.looked(bytes);
    }
    Ok(walk.listed(page, None))
}

/// How much a walk has looked at.
struct Fatigue {
    rows: usize,
    /// Work since the last look at the clock, in light rows.
    unclocked: usize,
    began: Instant,
}

impl Fatigue {
    fn begin() -> Self {
        Self { rows: 0, unclocked: 0, began: Instant::now() }
    }

    fn looked(&mut self, bytes: usize) {
        self.rows += 1;
        self.unclocked += 1 + bytes / LIGHT_ROW_BYTES;
    }

    fn is_tired(&mut self) -> bool {
        if self.unclocked >= ROWS_BETWEEN_LOOKS {
            self.unclocked = 0;
            return self.began.elapsed() > TIME_MAX;
        }
        self.rows >= ROWS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_rows_make_a_walk_look_at_the_clock_sooner() {
        let late = Instant::now().checked_sub(TIME_MAX * 2).expect("the machine runs for longer");
        for (bytes, rows) in [(0, ROWS_BETWEEN_LOOKS), (1024 * 1024, 1)] {
            let mut fatigue = Fatigue { began: late, ..Fatigue::begin() };
            for row in 0..rows {
                assert!(!fatigue.is_tired(), "{bytes} bytes, row {row}");
                fatigue.looked(bytes);
            }
            assert!(fatigue.is_tired(), "{bytes} bytes");
        }
    }
}
