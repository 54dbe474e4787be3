//! Rollups: how they are read. What transactions add to them is in [`tally`](super::tally), how they fold in
//! [`fold`](mod@fold).

use postrider_core::id::{AppId, EndpointId};
use postrider_core::rollup::{Counter, Counts};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connection::{Connection, Params};
use super::record::{Record, is_text};
use crate::Error;
use crate::rollup::{
    Dialect, Group, Grouping, Part, RawGroup, RawRow, RollupQuery, Rollups, Within, assemble,
};

pub(super) use fold::fold;

mod fold;

const DIALECT: Dialect = Dialect { sign: '$', long: "::bigint", text: "::text" };

pub(super) async fn read(conn: &Connection, within: Within, query: &RollupQuery) -> Result<Rollups, Error> {
    if query.event_type.as_deref().is_some_and(|name| !is_text(name)) {
        return Ok(assemble(Vec::new(), Vec::new(), Vec::new()));
    }
    let (query, groups) = query.clone().bounded();
    let all = points(conn, within, &query, Part::All, &[]).await?;
    if query.group == Grouping::None {
        return Ok(assemble(vec![(RawGroup::default(), Group::All)], all.clone(), all));
    }
    let mut first = Vec::with_capacity(groups);
    for row in rows(conn, within, &query, Part::First, &[&(groups as i64)]).await? {
        let raw = group(&row)?;
        first.extend(name(conn, &query, &raw).await?.map(|group| (raw, group)));
    }
    let owners: Vec<i64> = first.iter().map(|(raw, _)| raw.owner_row).collect();
    let endpoints: Vec<i64> = first.iter().map(|(raw, _)| raw.endpoint_row).collect();
    // Event types are few, and are picked from all.
    let (only, lists): (_, &[&(dyn ToSql + Sync)]) = match query.group {
        Grouping::None | Grouping::EventType => (None, &[]),
        Grouping::App => (Some("r.owner_row = ANY ($6::bigint[])"), &[&owners]),
        Grouping::Endpoint => (
            Some("r.owner_row = ANY ($6::bigint[]) AND r.endpoint_row = ANY ($7::bigint[])"),
            &[&owners, &endpoints],
        ),
    };
    let of_groups = points(conn, within, &query, Part::Points(only), lists).await?;
    Ok(assemble(first, of_groups, all))
}

async fn points(
    conn: &Connection,
    within: Within,
    query: &RollupQuery,
    part: Part<'_>,
    more: Params<'_>,
) -> Result<Vec<RawRow>, Error> {
    let rows = rows(conn, within, query, part, more).await?;
    rows.iter().map(|row| Ok((group(row)?, row.try_get(3)?, counts(row, 4)?))).collect()
}

async fn rows(
    conn: &Connection,
    within: Within,
    query: &RollupQuery,
    part: Part<'_>,
    more: Params<'_>,
) -> Result<Vec<Row>, Error> {
    let sql = part.statement(DIALECT, within, query);
    let (owner_row, endpoint) = match within {
        Within::Environment(scope) => (scope.environment().row(), None),
        Within::App(scope) => (scope.app().row(), query.endpoint),
    };
    let (since, until) = (query.since.as_micros(), query.until.as_micros());
    let endpoint_row = endpoint.map(|endpoint| endpoint.row());
    let params: [&(dyn ToSql + Sync); 5] = [&owner_row, &since, &until, &query.event_type, &endpoint_row];
    Ok(conn.rows(&sql, &[&params, more].concat()).await?)
}

fn group(row: &Row) -> Result<RawGroup, Error> {
    let (owner_row, endpoint_row, event_type) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(RawGroup { owner_row, endpoint_row, event_type })
}

fn counts(row: &Row, at: usize) -> Result<Counts, Error> {
    let mut values = [0; Counter::COUNT];
    for (place, value) in values.iter_mut().enumerate() {
        *value = row.try_get::<_, i64>(at + place)?.unsigned_abs();
    }
    Ok(Counts::from_values(values))
}

/// What a stored group is a group of; `None` when that is deleted.
async fn name(conn: &Connection, query: &RollupQuery, raw: &RawGroup) -> Result<Option<Group>, Error> {
    let (app, endpoint) = (
        "-- rollups::name
         SELECT id FROM app WHERE row = $1 AND deleted_at IS NULL",
        "-- rollups::name
         SELECT a.id, e.id FROM endpoint e JOIN app a ON a.row = e.app_row
          WHERE e.app_row = $1 AND e.row = $2 AND e.deleted_at IS NULL AND a.deleted_at IS NULL",
    );
    match query.group {
        Grouping::None => Ok(Some(Group::All)),
        Grouping::EventType => Ok(Some(Group::EventType(raw.event_type.clone()))),
        Grouping::App => {
            let Some(row) = conn.row(app, &[&raw.owner_row]).await? else { return Ok(None) };
            let mut record = Record::new(&row, "app", raw.owner_row, 0);
            Ok(Some(Group::App(AppId::from_bytes(record.id("id")?))))
        }
        Grouping::Endpoint => {
            let found = conn.row(endpoint, &[&raw.owner_row, &raw.endpoint_row]).await?;
            let Some(row) = found else { return Ok(None) };
            let mut record = Record::new(&row, "endpoint", raw.endpoint_row, 0);
            let app = AppId::from_bytes(record.id("app id")?);
            Ok(Some(Group::Endpoint(app, EndpointId::from_bytes(record.id("id")?))))
        }
    }
}
