//! Rollups: what transactions add to them, and how they are read. How that is added up is in [`pending`], and how they
//! fold in [`fold`](mod@fold).

use std::collections::HashMap;

use postrider_core::id::{AppId, EndpointId};
use postrider_core::rollup::{Counter, Counts};
use rusqlite::{Connection, OptionalExtension as _, Row, Statement};

use super::issues;
use super::session::Session;
use crate::rollup::{
    COLUMNS, Dialect, Group, Grouping, Part, RawGroup, RawRow, RollupQuery, Rollups, Within, assemble,
    columns,
};
use crate::tally::{Added, Owner, journal};
use crate::{Error, crash};

pub(super) use fold::fold;

mod fold;
pub(super) mod pending;

/// Applications whose environments are remembered.
const ENVIRONMENTS_MAX: usize = 100_000;
/// The only writer.
const SHARD: i64 = 0;

/// The statement of the hot path.
pub(super) struct Statements<'c> {
    add: Statement<'c>,
    keep: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        let places = vec!["?"; 6 + Counter::COUNT].join(", ");
        Ok(Self {
            add: conn.prepare(&format!(
                "-- rollups::add
                 INSERT INTO rollup (owner_row, bucket, width, endpoint_row, event_type, shard, {})
                 VALUES ({places})
                 ON CONFLICT (owner_row, bucket, width, endpoint_row, event_type, shard) DO UPDATE SET {}",
                *COLUMNS,
                columns("{} = {} + excluded.{}"),
            ))?,
            keep: conn.prepare(
                "-- rollups::keep
                 INSERT INTO rollup_pending (added) VALUES (?)",
            )?,
        })
    }

    fn add(&mut self, added: &Added<'_>) -> rusqlite::Result<()> {
        let statement = &mut self.add;
        statement.raw_bind_parameter(1, added.owner_row)?;
        statement.raw_bind_parameter(2, added.bucket)?;
        statement.raw_bind_parameter(3, added.width as i64)?;
        statement.raw_bind_parameter(4, added.endpoint_row)?;
        statement.raw_bind_parameter(5, added.event_type)?;
        statement.raw_bind_parameter(6, SHARD)?;
        for (at, value) in added.counts.values().iter().enumerate() {
            statement.raw_bind_parameter(7 + at, i64::try_from(*value).unwrap_or(i64::MAX))?;
        }
        statement.raw_execute().map(drop)
    }
}

/// The environments of applications, by their rows: they never change.
#[derive(Default)]
pub(super) struct Environments(HashMap<i64, i64>);

impl Session<'_> {
    /// Whose numbers those of the application are; `None` when it is gone for good.
    pub(super) fn owner(&mut self, app_row: i64) -> Result<Option<Owner>, Error> {
        if let Some(environment_row) = self.environments.0.get(&app_row) {
            return Ok(Some(Owner { environment_row: *environment_row, app_row }));
        }
        let sql = "-- rollups::owner
             SELECT environment_row FROM app WHERE row = ?";
        let found = self.conn.prepare_cached(sql)?.query_row([app_row], |row| row.get(0)).optional()?;
        let Some(environment_row) = found else { return Ok(None) };
        if self.environments.0.len() >= ENVIRONMENTS_MAX {
            self.environments.0.clear();
        }
        self.environments.0.insert(app_row, environment_row);
        Ok(Some(Owner { environment_row, app_row }))
    }

    /// Writes what the jobs of the transaction come to.
    pub(super) fn write_tally(&mut self) -> Result<(), Error> {
        if self.tally.is_empty() {
            return Ok(());
        }
        let added = self.tally.added();
        if !added.is_empty() {
            self.rollups.keep.execute([journal::encode(&added)])?;
            self.pending += 1;
        }
        issues::add(self)?;
        self.tally.clear();
        if self.pending >= pending::MANY {
            pending::add_up(self)?;
        }
        crash::point("tally.written");
        Ok(())
    }
}

const DIALECT: Dialect = Dialect { sign: '?', long: "", text: "" };

pub(super) fn read(conn: &Connection, within: Within, query: &RollupQuery) -> Result<Rollups, Error> {
    let (query, groups) = query.clone().bounded();
    let all = points(conn, within, &query, Part::All)?;
    if query.group == Grouping::None {
        return Ok(assemble(vec![(RawGroup::default(), Group::All)], all.clone(), all));
    }
    let first = first(conn, within, &query, groups)?;
    let only = only(&query, &first);
    let of_groups = points(conn, within, &query, Part::Points(only.as_deref()))?;
    Ok(assemble(first, of_groups, all))
}

fn first(
    conn: &Connection,
    within: Within,
    query: &RollupQuery,
    groups: usize,
) -> Result<Vec<(RawGroup, Group)>, Error> {
    let mut statement = prepare(conn, within, query, Part::First)?;
    statement.raw_bind_parameter(6, groups as i64)?;
    let (mut rows, mut first) = (statement.raw_query(), Vec::with_capacity(groups));
    while let Some(row) = rows.next()? {
        let raw = group(row)?;
        first.extend(name(conn, query, &raw)?.map(|group| (raw, group)));
    }
    Ok(first)
}

fn points(
    conn: &Connection,
    within: Within,
    query: &RollupQuery,
    part: Part<'_>,
) -> Result<Vec<RawRow>, Error> {
    let mut statement = prepare(conn, within, query, part)?;
    let (mut rows, mut all) = (statement.raw_query(), Vec::new());
    while let Some(row) = rows.next()? {
        all.push((group(row)?, row.get(3)?, counts(row, 4)?));
    }
    Ok(all)
}

/// The statement with the parameters that all parts have.
fn prepare<'c>(
    conn: &'c Connection,
    within: Within,
    query: &RollupQuery,
    part: Part<'_>,
) -> Result<Statement<'c>, Error> {
    let mut statement = conn.prepare(&part.statement(DIALECT, within, query))?;
    let (owner_row, endpoint) = match within {
        Within::Environment(scope) => (scope.environment().row(), None),
        Within::App(scope) => (scope.app().row(), query.endpoint),
    };
    statement.raw_bind_parameter(1, owner_row)?;
    statement.raw_bind_parameter(2, query.since.as_micros())?;
    statement.raw_bind_parameter(3, query.until.as_micros())?;
    statement.raw_bind_parameter(4, &query.event_type)?;
    statement.raw_bind_parameter(5, endpoint.map(|endpoint| endpoint.row()))?;
    Ok(statement)
}

fn group(row: &Row<'_>) -> rusqlite::Result<RawGroup> {
    Ok(RawGroup { owner_row: row.get(0)?, endpoint_row: row.get(1)?, event_type: row.get(2)? })
}

fn counts(row: &Row<'_>, at: usize) -> rusqlite::Result<Counts> {
    let mut values = [0; Counter::COUNT];
    for (place, value) in values.iter_mut().enumerate() {
        *value = row.get::<_, i64>(at + place)?.unsigned_abs();
    }
    Ok(Counts::from_values(values))
}

/// A condition for the rows of these groups. Event types are few, and are picked from all.
fn only(query: &RollupQuery, first: &[(RawGroup, Group)]) -> Option<String> {
    let list = |column: &str, row: fn(&RawGroup) -> i64| {
        let rows: Vec<_> = first.iter().map(|(raw, _)| row(raw).to_string()).collect();
        format!("r.{column} IN ({})", rows.join(", "))
    };
    let owners = || list("owner_row", |raw| raw.owner_row);
    match query.group {
        Grouping::None | Grouping::EventType => None,
        Grouping::Endpoint => {
            Some(format!("{} AND {}", owners(), list("endpoint_row", |raw| raw.endpoint_row)))
        }
        Grouping::App => Some(owners()),
    }
}

/// What a stored group is a group of; `None` when that is deleted.
fn name(conn: &Connection, query: &RollupQuery, raw: &RawGroup) -> Result<Option<Group>, Error> {
    let app = "-- rollups::name
         SELECT id FROM app WHERE row = ? AND deleted_at IS NULL";
    let endpoint = "-- rollups::name
         SELECT a.id, e.id FROM endpoint e CROSS JOIN app a ON a.row = e.app_row
          WHERE e.row = ? AND e.deleted_at IS NULL AND a.deleted_at IS NULL";
    Ok(match query.group {
        Grouping::None => Some(Group::All),
        Grouping::EventType => Some(Group::EventType(raw.event_type.clone())),
        Grouping::App => {
            let read = |row: &Row<'_>| Ok(Group::App(AppId::from_bytes(row.get(0)?)));
            conn.prepare_cached(app)?.query_row([raw.owner_row], read).optional()?
        }
        Grouping::Endpoint => {
            let read = |row: &Row<'_>| {
                let (app, endpoint) = (AppId::from_bytes(row.get(0)?), EndpointId::from_bytes(row.get(1)?));
                Ok(Group::Endpoint(app, endpoint))
            };
            conn.prepare_cached(endpoint)?.query_row([raw.endpoint_row], read).optional()?
        }
    })
}

#[cfg(test)]
mod tests;
