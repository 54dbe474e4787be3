//! Environments.

use postrider_core::environment::Environment;
use postrider_core::id::EnvironmentId;
use rusqlite::{Connection, Row, params};

use super::record::{Record, json};
use super::session::Session;
use crate::{Change, Error};

fn read(row: &Row<'_>) -> Result<Environment, Error> {
    let mut record = Record::new(row, "environment", row.get(0)?, 1);
    Ok(Environment {
        id: EnvironmentId::from_bytes(record.id("id")?),
        name: record.get("name")?,
        settings: record.json("settings")?,
        created_at: record.time("created_at")?,
    })
}

pub(super) fn create(session: &mut Session<'_>, environment: &Environment) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- environments::create
             INSERT INTO environment (row, id, name, settings, created_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            environment.id.row(),
            environment.id.as_bytes(),
            environment.name,
            json(&environment.settings),
            environment.created_at.as_micros(),
        ])?;
    Ok(())
}

/// Adds the environment unless there is one; gives the one that stands for it.
pub(super) fn create_first(
    session: &mut Session<'_>,
    environment: &Environment,
) -> Result<Environment, Error> {
    let mut there = all(session.conn)?;
    if there.is_empty() {
        create(session, environment)?;
        return Ok(environment.clone());
    }
    let named = there.iter().position(|other| other.name == environment.name);
    Ok(there.swap_remove(named.unwrap_or(0)))
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Environment>, Error> {
    let mut statement = conn.prepare_cached(
        "-- environments::all
         SELECT row, id, name, settings, created_at FROM environment ORDER BY row",
    )?;
    statement.query_and_then([], read)?.collect()
}

pub(super) fn one(conn: &Connection, id: EnvironmentId) -> Result<Option<Environment>, Error> {
    conn.prepare_cached(
        "-- environments::one
         SELECT row, id, name, settings, created_at FROM environment WHERE row = ? AND id = ?",
    )?
    .query_and_then((id.row(), id.as_bytes()), read)?
    .next()
    .transpose()
}

pub(super) fn change(
    session: &mut Session<'_>,
    id: EnvironmentId,
    change: &Change<Environment>,
) -> Result<Option<Environment>, Error> {
    let Some(mut environment) = one(session.conn, id)? else { return Ok(None) };
    change(&mut environment);
    session
        .conn
        .prepare_cached(
            "-- environments::change
             UPDATE environment SET name = ?2, settings = ?3 WHERE row = ?1",
        )?
        .execute((id.row(), &environment.name, json(&environment.settings)))?;
    Ok(Some(environment))
}
