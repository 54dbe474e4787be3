//! Sessions of people.

use postrider_core::id::{PersonId, SessionId};
use postrider_core::key::TokenHash;
use postrider_core::person::Person;
use postrider_core::session::{SESSIONS, Session};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::people;
use super::record::Record;
use super::session::Session as Writing;
use crate::{Ending, Error};

/// Where the columns of a session end in what [`find`] reads.
const COLUMNS: usize = 7;

fn read(row: &Row) -> Result<Session, Error> {
    let mut record = Record::new(row, "person_session", row.try_get(0)?, 1);
    Ok(Session {
        id: SessionId::from_bytes(record.id("id")?),
        person: PersonId::from_bytes(record.id("person")?),
        created_at: record.time("created_at")?,
        seen_at: record.time("seen_at")?,
        agent: record.get("agent")?,
        network: record.get("network")?,
    })
}

/// Begins a session, unless the person is disabled or not there. Makes room among their others.
pub(super) async fn begin(writing: &Writing, session: &Session, hash: TokenHash) -> Result<bool, Error> {
    // Locked, so that whoever disables the person meanwhile waits, and then ends this session too.
    let is_active = writing
        .conn
        .exists(
            "-- sessions::begin
             SELECT 1 FROM person WHERE row = $1 AND id = $2 AND disabled_at IS NULL FOR UPDATE",
            &[&session.person.row(), &session.person.as_bytes().as_slice()],
        )
        .await?;
    if !is_active {
        return Ok(false);
    }
    let others = of(&writing.conn, session.person).await?;
    for (at, other) in others.iter().enumerate() {
        if !other.is_valid(session.created_at) || at + 1 >= SESSIONS {
            end(writing, session.person, Ending::One(other.id)).await?;
        }
    }
    writing
        .conn
        .run(
            "-- sessions::begin
             INSERT INTO person_session (row, id, hash, person_row, created_at, seen_at, agent, network)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &session.id.row(),
                &session.id.as_bytes().as_slice(),
                &hash.0.as_slice(),
                &session.person.row(),
                &session.created_at.as_micros(),
                &session.seen_at.as_micros(),
                &session.agent,
                &session.network,
            ],
        )
        .await?;
    Ok(true)
}

pub(super) async fn find(conn: &Connection, hash: TokenHash) -> Result<Option<(Session, Person)>, Error> {
    let sql = concat!(
        "-- sessions::find\nSELECT s.row, s.id, p.id, s.created_at, s.seen_at, s.agent, s.network, ",
        people::columns!(),
        " FROM person_session s JOIN person p ON p.row = s.person_row WHERE s.hash = $1 AND p.disabled_at IS NULL"
    );
    let found = conn.row(sql, &[&hash.0.as_slice()]).await?;
    found.map(|row| Ok((read(&row)?, people::read(&row, COLUMNS)?.person))).transpose()
}

/// A person's sessions, the newest first, also those that are over.
pub(super) async fn of(conn: &Connection, person: PersonId) -> Result<Vec<Session>, Error> {
    let rows = conn
        .rows(
            "-- sessions::of
             SELECT s.row, s.id, p.id, s.created_at, s.seen_at, s.agent, s.network
               FROM person p JOIN person_session s ON s.person_row = p.row
              WHERE p.row = $1 AND p.id = $2 ORDER BY s.row DESC",
            &[&person.row(), &person.as_bytes().as_slice()],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Notes that a session is used.
pub(super) async fn see(writing: &Writing, id: SessionId, now: Timestamp) -> Result<(), Error> {
    writing
        .conn
        .run(
            "-- sessions::see
             UPDATE person_session SET seen_at = greatest(seen_at, $3) WHERE row = $1 AND id = $2",
            &[&id.row(), &id.as_bytes().as_slice(), &now.as_micros()],
        )
        .await?;
    Ok(())
}

/// Ends sessions of a person; says how many.
pub(super) async fn end(writing: &Writing, person: PersonId, ending: Ending) -> Result<u64, Error> {
    let ended = match ending {
        Ending::One(id) => {
            let sql = "-- sessions::end
             DELETE FROM person_session WHERE row = $1 AND id = $2 AND person_row = $3";
            writing.conn.run(sql, &[&id.row(), &id.as_bytes().as_slice(), &person.row()]).await?
        }
        Ending::AllBut(kept) => {
            let sql = "-- sessions::end
             DELETE FROM person_session WHERE person_row = $1 AND row <> $2";
            writing.conn.run(sql, &[&person.row(), &kept.map_or(0, |kept| kept.row())]).await?
        }
    };
    Ok(ended)
}
