//! What a transaction adds to rollups and issues, as columns: sent with COMMIT, so that it takes no round trip of its own.
//!
//! Each writer adds to rows of its own, its [shard](Session::shard): of two transactions neither waits for the other's
//! numbers. Only an issue that is seen for the first time may have to wait for another one that sees it too; issues are
//! written in the sequence of their key, and after everything else that is shared.

use std::sync::LazyLock;

use postrider_core::rollup::Counter;
use tokio_postgres::types::ToSql;

use super::session::Session;
use crate::Error;
use crate::rollup::{COLUMNS, columns};
use crate::tally::{Added, Tally};

pub(super) use issues::Counts;
use issues::Issues;
pub(super) use known::{Environments, fingerprint, owners};

mod issues;
mod known;

/// Adds to rollups.
static ADD: LazyLock<String> = LazyLock::new(|| {
    let numbers: Vec<_> = (7..7 + Counter::COUNT).map(|place| format!("${place}::bigint[]")).collect();
    format!(
        "-- tally::add
         INSERT INTO rollup AS r (owner_row, bucket, width, endpoint_row, event_type, shard, {})
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::text[], $6::bigint[], {})
         ON CONFLICT (owner_row, bucket, width, endpoint_row, event_type, shard) DO UPDATE SET {}",
        *COLUMNS,
        numbers.join(", "),
        columns("{} = r.{} + excluded.{}"),
    )
});

/// The shard of what was folded: no writer's own. Whoever folds writes its rows in the sequence of their key.
pub(super) const FOLDED: i64 = 0;

/// A statement with its parameters.
pub(super) type Write<'w> = (&'static str, Vec<&'w (dyn ToSql + Sync)>);

/// The parameters of the statements.
#[derive(Default)]
pub(super) struct Writes {
    rollups: Rollups,
    issues: Issues,
    counts: Counts,
}

/// Rows of `rollup`.
#[derive(Default)]
struct Rollups {
    owner_row: Vec<i64>,
    bucket: Vec<i64>,
    width: Vec<i16>,
    endpoint_row: Vec<i64>,
    event_type: Vec<String>,
    shard: Vec<i64>,
    numbers: Vec<Vec<i64>>,
}

impl Writes {
    /// What adds `tally`, whose issues are looked up where nothing is known of an endpoint.
    pub(super) async fn of(session: &Session, tally: &Tally) -> Result<Self, Error> {
        let mut writes = Self { rollups: Rollups::of(session.shard(), &tally.added()), ..Self::default() };
        let failing = tally.failing();
        if failing.is_empty() {
            return Ok(writes);
        }
        known::learn(&session.conn, &session.shared.known, failing).await?;
        for (key, failure) in tally.failures(&mut session.shared.known.lock()) {
            writes.issues.push(&key, &failure);
            writes.counts.push(&key, session.shard(), (failure.failures, failure.last));
        }
        Ok(writes)
    }

    /// What adds a tally that has no failures.
    pub(super) fn of_messages(session: &Session, tally: &Tally) -> Self {
        Self { rollups: Rollups::of(session.shard(), &tally.added()), ..Self::default() }
    }

    /// The statements that have something to do.
    pub(super) fn statements(&self) -> Vec<Write<'_>> {
        let mut statements = Vec::new();
        statements.extend(self.rollups.statement());
        if !self.issues.is_empty() {
            statements.push(self.issues.statement());
            statements.push(self.counts.statement());
        }
        statements
    }
}

impl Rollups {
    fn of(shard: i64, added: &[Added<'_>]) -> Self {
        let mut columns = Self { numbers: vec![Vec::new(); Counter::COUNT], ..Self::default() };
        for added in added {
            columns.push(added, shard);
        }
        columns
    }

    fn push(&mut self, added: &Added<'_>, shard: i64) {
        self.owner_row.push(added.owner_row);
        self.bucket.push(added.bucket);
        self.width.push(added.width as i16);
        self.endpoint_row.push(added.endpoint_row);
        self.event_type.push(added.event_type.to_owned());
        self.shard.push(shard);
        for (column, value) in self.numbers.iter_mut().zip(added.counts.values()) {
            column.push(i64::try_from(*value).unwrap_or(i64::MAX));
        }
    }

    fn statement(&self) -> Option<Write<'_>> {
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![
            &self.owner_row,
            &self.bucket,
            &self.width,
            &self.endpoint_row,
            &self.event_type,
            &self.shard,
        ];
        params.extend(self.numbers.iter().map(|column| column as &(dyn ToSql + Sync)));
        (!self.owner_row.is_empty()).then_some((ADD.as_str(), params))
    }
}

/// Adds to the rows of nobody's shard inside an open transaction.
pub(super) async fn add_folded(session: &Session, added: &[Added<'_>]) -> Result<(), Error> {
    let columns = Rollups::of(FOLDED, added);
    if let Some((sql, params)) = columns.statement() {
        session.conn.run(sql, &params).await?;
    }
    Ok(())
}
