//! The daily partitions of `message`, `attempt` and `reception`: which there are, and making one.
//!
//! A partition is made beside its table and then attached, which does not stop those who use the other days. This node
//! remembers the days that it knows to be there, so that a batch only asks about new ones.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_core::id::{first_row_at, row_timestamp};
use postrider_core::time::Timestamp;

use super::connection::Connection;
use crate::Error;

/// The tables that are partitioned by day.
pub(super) const TABLES: [&str; 3] = ["message", "attempt", "reception"];
const DAY_SECONDS: i64 = 24 * 3_600;
/// Days that are made ahead of the one that is being written.
const AHEAD: i64 = 3;
/// The advisory lock under which partitions are made and dropped.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('postrider.partitions.' || current_schema(), 0))";

/// A day of rows, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i64);

impl Day {
    pub(super) fn of_row(row: i64) -> Self {
        // The lower half of a row divides its second, and has room for more than a second.
        Self::of(row_timestamp(row & !i64::from(u32::MAX)))
    }

    pub(super) const fn of(time: Timestamp) -> Self {
        Self(time.as_seconds().div_euclid(DAY_SECONDS))
    }

    /// The rows of the day.
    pub(super) fn rows(self) -> Range<i64> {
        let begin = |day: i64| first_row_at(Timestamp::from_seconds(day * DAY_SECONDS));
        begin(self.0)..begin(self.0 + 1)
    }

    /// The name of a table's partition for the day.
    pub(super) fn partition(self, table: &str) -> String {
        format!("{table}_{:06}", self.0)
    }

    /// The day whose partition of `table` has this name.
    pub(super) fn of_partition(table: &str, name: &str) -> Option<Self> {
        name.strip_prefix(table)?.strip_prefix('_')?.parse().ok().map(Self)
    }
}

/// The days that are known to have their partitions.
#[derive(Default)]
pub(super) struct Partitions(Mutex<BTreeSet<Day>>);

impl Partitions {
    /// The days of `rows` that are not known to be there.
    pub(super) fn missing(&self, rows: impl IntoIterator<Item = i64>) -> BTreeSet<Day> {
        let known = self.0.lock();
        rows.into_iter().map(Day::of_row).filter(|day| !known.contains(day)).collect()
    }

    /// Makes the partitions of these days unless they are there.
    pub(super) async fn make(&self, conn: &Connection, days: BTreeSet<Day>) -> Result<(), Error> {
        for day in days {
            make(conn, day).await?;
            self.0.lock().insert(day);
        }
        Ok(())
    }

    /// Makes those of today and the days ahead.
    pub(super) async fn make_ahead(&self, conn: &Connection, now: Timestamp) -> Result<(), Error> {
        let ahead =
            (0..=AHEAD).map(|days| first_row_at(now.after(Duration::from_secs((days * DAY_SECONDS) as u64))));
        self.make(conn, self.missing(ahead)).await
    }

    /// Forgets what was known: another node may have dropped a day.
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }
}

/// Makes the partitions of a day, in a transaction of its own, unless they are there.
async fn make(conn: &Connection, day: Day) -> Result<(), Error> {
    let rows = day.rows();
    let tables = TABLES.map(|table| {
        let partition = day.partition(table);
        // The name is made of a table's name and a number, and needs no quotes.
        format!(
            "DO $$ BEGIN
                 IF to_regclass('{partition}') IS NULL THEN
                     CREATE TABLE {partition} (LIKE {table} INCLUDING ALL);
                     ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({}) TO ({});
                 END IF;
             END $$;",
            rows.start, rows.end
        )
    });
    let sql = format!("BEGIN; {LOCK}; {} COMMIT", tables.concat());
    let made = conn.batch(&sql).await;
    if made.is_err() {
        // What failed may have left the transaction open.
        conn.batch("ROLLBACK").await?;
    }
    Ok(made?)
}

/// Keeps other nodes from making or dropping partitions until the open transaction ends.
pub(super) async fn lock(conn: &Connection) -> Result<(), Error> {
    Ok(conn.batch(LOCK).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_cover_all_rows_without_gaps() {
        let noon = Timestamp::from_seconds(1_800_000_000);
        let day = Day::of(noon);
        let (rows, next) = (day.rows(), Day(day.0 + 1).rows());
        assert_eq!(rows.end, next.start);
        for row in [rows.start, first_row_at(noon), rows.end - 1] {
            assert_eq!(Day::of_row(row), day, "{row}");
        }
        assert_eq!(Day::of_row(rows.end), Day(day.0 + 1));
        assert_eq!(Day::of_partition("message", &day.partition("message")), Some(day));
        assert_eq!(Day::of_partition("attempt", &day.partition("message")), None);
    }
}
