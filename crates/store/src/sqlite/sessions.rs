//! Sessions of people.

use postrider_core::id::{PersonId, SessionId};
use postrider_core::key::TokenHash;
use postrider_core::person::Person;
use postrider_core::session::{SESSIONS, Session};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::people;
use super::record::Record;
use super::session::Session as Writing;
use crate::{Ending, Error, Who};

/// Where the columns of a session end in what [`find`] reads.
const COLUMNS: usize = 7;

fn read(row: &Row<'_>) -> Result<Session, Error> {
    let mut record = Record::new(row, "person_session", row.get(0)?, 1);
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
pub(super) fn begin(writing: &mut Writing<'_>, session: &Session, hash: TokenHash) -> Result<bool, Error> {
    let found = people::find(writing.conn, &Who::Id(session.person))?;
    if !found.is_some_and(|known| known.person.is_active()) {
        return Ok(false);
    }
    let others = of(writing.conn, session.person)?;
    let is_over = |other: &Session| !other.is_valid(session.created_at);
    let over = others.iter().enumerate().filter(|(at, other)| is_over(other) || *at + 1 >= SESSIONS);
    for (_, other) in over {
        end(writing, session.person, Ending::One(other.id))?;
    }
    writing
        .conn
        .prepare_cached(
            "-- sessions::begin
             INSERT INTO person_session (row, id, hash, person_row, created_at, seen_at, agent, network)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            session.id.row(),
            session.id.as_bytes(),
            hash.0,
            session.person.row(),
            session.created_at.as_micros(),
            session.seen_at.as_micros(),
            session.agent,
            session.network,
        ])?;
    Ok(true)
}

pub(super) fn find(conn: &Connection, hash: TokenHash) -> Result<Option<(Session, Person)>, Error> {
    let mut statement = conn.prepare_cached(concat!(
        "-- sessions::find\nSELECT s.row, s.id, p.id, s.created_at, s.seen_at, s.agent, s.network, ",
        people::columns!(),
        " FROM person_session s CROSS JOIN person p ON p.row = s.person_row WHERE s.hash = ? AND p.disabled_at IS NULL"
    ))?;
    let read = |row: &Row<'_>| Ok((read(row)?, people::read(row, COLUMNS)?.person));
    statement.query_and_then([hash.0], read)?.next().transpose()
}

/// A person's sessions, the newest first, also those that are over.
pub(super) fn of(conn: &Connection, person: PersonId) -> Result<Vec<Session>, Error> {
    let mut statement = conn.prepare_cached(
        "-- sessions::of
         SELECT s.row, s.id, p.id, s.created_at, s.seen_at, s.agent, s.network
           FROM person p CROSS JOIN person_session s ON s.person_row = p.row
          WHERE p.row = ? AND p.id = ? ORDER BY s.row DESC",
    )?;
    statement.query_and_then((person.row(), person.as_bytes()), read)?.collect()
}

/// Notes that a session is used.
pub(super) fn see(writing: &mut Writing<'_>, id: SessionId, now: Timestamp) -> Result<(), Error> {
    writing
        .conn
        .prepare_cached(
            "-- sessions::see
             UPDATE person_session SET seen_at = max(seen_at, ?3) WHERE row = ?1 AND id = ?2",
        )?
        .execute((id.row(), id.as_bytes(), now.as_micros()))?;
    Ok(())
}

/// Ends sessions of a person; says how many.
pub(super) fn end(writing: &mut Writing<'_>, person: PersonId, ending: Ending) -> Result<u64, Error> {
    let ended = match ending {
        Ending::One(id) => writing
            .conn
            .prepare_cached(
                "-- sessions::end
                 DELETE FROM person_session WHERE row = ? AND id = ? AND person_row = ?",
            )?
            .execute((id.row(), id.as_bytes(), person.row()))?,
        Ending::AllBut(kept) => writing
            .conn
            .prepare_cached(
                "-- sessions::end
                 DELETE FROM person_session WHERE person_row = ? AND row <> ?",
            )?
            .execute((person.row(), kept.map_or(0, |kept| kept.row())))?,
    };
    Ok(ended as u64)
}
