//! Environments.

use postrider_core::environment::Environment;
use postrider_core::id::EnvironmentId;
use postrider_core::scope::EnvironmentScope;
use tokio_postgres::Row;

use super::changes;
use super::connection::Connection;
use super::record::{Record, json};
use super::session::Session;
use crate::cluster::Changed;
use crate::{Change, Error};

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- environments::",
            $name,
            "\nSELECT row, id, name, settings, created_at FROM environment ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<Environment, Error> {
    let mut record = Record::new(row, "environment", row.try_get(0)?, 1);
    Ok(Environment {
        id: EnvironmentId::from_bytes(record.id("id")?),
        name: record.get("name")?,
        settings: record.json("settings")?,
        created_at: record.time("created_at")?,
    })
}

async fn find(conn: &Connection, sql: &str, id: EnvironmentId) -> Result<Option<Environment>, Error> {
    let found = conn.row(sql, &[&id.row(), &id.as_bytes().as_slice()]).await?;
    found.as_ref().map(read).transpose()
}

pub(super) async fn create(session: &Session, environment: &Environment) -> Result<(), Error> {
    session
        .conn
        .run(
            "-- environments::create
             INSERT INTO environment (row, id, name, settings, created_at) VALUES ($1, $2, $3, $4, $5)",
            &[
                &environment.id.row(),
                &environment.id.as_bytes().as_slice(),
                &environment.name,
                &json(&environment.settings),
                &environment.created_at.as_micros(),
            ],
        )
        .await?;
    changes::note(session, &Changed::Environment(environment.id)).await?;
    Ok(())
}

/// Adds the environment unless there is one; gives the one that stands for it. Whoever does so takes turns.
pub(super) async fn create_first(session: &Session, environment: &Environment) -> Result<Environment, Error> {
    session.lock_firsts().await?;
    let mut there = all(&session.conn).await?;
    if there.is_empty() {
        create(session, environment).await?;
        return Ok(environment.clone());
    }
    let named = there.iter().position(|other| other.name == environment.name);
    Ok(there.swap_remove(named.unwrap_or(0)))
}

pub(super) async fn all(conn: &Connection) -> Result<Vec<Environment>, Error> {
    conn.rows(select!("all", "ORDER BY row"), &[]).await?.iter().map(read).collect()
}

pub(super) async fn one(conn: &Connection, id: EnvironmentId) -> Result<Option<Environment>, Error> {
    find(conn, select!("one", "WHERE row = $1 AND id = $2"), id).await
}

/// Whether the environment is there, which it stays until the transaction ends; others who ask wait until then.
pub(super) async fn lock(session: &Session, scope: EnvironmentScope) -> Result<bool, Error> {
    let id = scope.environment();
    let found = session
        .conn
        .exists(
            "-- environments::lock
             SELECT 1 FROM environment WHERE row = $1 AND id = $2 FOR NO KEY UPDATE",
            &[&id.row(), &id.as_bytes().as_slice()],
        )
        .await?;
    Ok(found)
}

pub(super) async fn change(
    session: &Session,
    id: EnvironmentId,
    change: &Change<Environment>,
) -> Result<Option<Environment>, Error> {
    let found = find(&session.conn, select!("change", "WHERE row = $1 AND id = $2 FOR UPDATE"), id).await?;
    let Some(mut environment) = found else { return Ok(None) };
    change(&mut environment);
    session
        .conn
        .run(
            "-- environments::change
             UPDATE environment SET name = $2, settings = $3 WHERE row = $1",
            &[&id.row(), &environment.name, &json(&environment.settings)],
        )
        .await?;
    changes::note(session, &Changed::Environment(id)).await?;
    Ok(Some(environment))
}
