//! People and their one-time links.

use postrider_core::id::PersonId;
use postrider_core::key::TokenHash;
use postrider_core::password::PasswordHash;
use postrider_core::person::{Environments, PEOPLE, Person, Subject};
use postrider_core::session::{Link, Purpose};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::record::Record;
use super::session::Session;
use super::sessions;
use crate::people::{
    FIRST, environments_as_list, is_anothers_subject, keeps_an_admin, link_of, number_of_role,
    numbers_of_purpose, role_of_number,
};
use crate::{Change, Chosen, CreateError, Ending, Error, Known, NewLink, PersonError, Who};

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "p.row, p.id, p.email, p.name, p.role, p.environments, p.password, p.issuer, p.subject, p.disabled_at,
         p.created_at"
    };
}
pub(super) use columns;

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!("-- people::", $name, "\nSELECT ", columns!(), " FROM person p ", $rest)
    };
}

/// The person whose columns are from `at` on.
pub(super) fn read(row: &Row<'_>, at: usize) -> Result<Known, Error> {
    let mut record = Record::new(row, "person", row.get(at)?, at + 1);
    let id = PersonId::from_bytes(record.id("id")?);
    let email = record.parsed("email")?;
    let name = record.get("name")?;
    let role = record.number("role", role_of_number)?;
    let environments = record.json_or_none("environments")?.map_or(Environments::All, Environments::Only);
    let password = record.get::<Option<String>>("password")?.map(PasswordHash::from_stored);
    let issuer: Option<String> = record.get("issuer")?;
    let subject: Option<String> = record.get("subject")?;
    let person = Person {
        id,
        email,
        name,
        role,
        environments,
        has_password: password.is_some(),
        subject: issuer.zip(subject).map(|(issuer, subject)| Subject { issuer, subject }),
        disabled_at: record.time_or_none("disabled_at")?,
        created_at: record.time("created_at")?,
    };
    Ok(Known { person, password })
}

fn one(conn: &Connection, sql: &str, key: impl rusqlite::Params) -> Result<Option<Known>, Error> {
    conn.prepare_cached(sql)?.query_and_then(key, |row| read(row, 0))?.next().transpose()
}

pub(super) fn find(conn: &Connection, who: &Who) -> Result<Option<Known>, Error> {
    match who {
        Who::Id(id) => one(conn, select!("find", "WHERE p.row = ? AND p.id = ?"), (id.row(), id.as_bytes())),
        Who::Email(email) => one(conn, select!("find", "WHERE p.email = ?"), [email.as_str()]),
        Who::Subject(Subject { issuer, subject }) => {
            one(conn, select!("find", "WHERE p.issuer = ? AND p.subject = ?"), (issuer, subject))
        }
    }
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Person>, Error> {
    let mut statement = conn.prepare_cached(select!("all", "ORDER BY p.row"))?;
    statement.query_and_then([], |row| read(row, 0).map(|known| known.person))?.collect()
}

pub(super) fn are_there(conn: &Connection) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "-- people::are_there
         SELECT 1 FROM person WHERE row > 0",
    )?;
    Ok(statement.exists([])?)
}

fn count(conn: &Connection) -> Result<i64, Error> {
    let mut statement = conn.prepare_cached(
        "-- people::count
         SELECT count(*) FROM person",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

pub(super) fn create(
    session: &mut Session<'_>,
    person: &Person,
    link: Option<NewLink>,
) -> Result<(), CreateError<Person>> {
    if let Some(taken) = find(session.conn, &Who::Email(person.email.clone()))? {
        return Err(CreateError::Taken(Box::new(taken.person)));
    }
    if count(session.conn)? >= PEOPLE as i64 {
        return Err(CreateError::TooMany { limit: PEOPLE });
    }
    insert(session.conn, person, None)?;
    if let Some(NewLink { hash, expires_at }) = link {
        insert_link(session.conn, hash, Link { purpose: Purpose::Password(person.id), expires_at })?;
    }
    Ok(())
}

/// Adds the first person if `link` is one for that, and nobody is there.
pub(super) fn create_first(
    session: &mut Session<'_>,
    link: TokenHash,
    person: &Person,
    password: &PasswordHash,
    now: Timestamp,
) -> Result<bool, Error> {
    let found = self::link(session.conn, link)?.filter(|link| now < link.expires_at);
    if !found.is_some_and(|link| link.purpose == Purpose::First) || are_there(session.conn)? {
        return Ok(false);
    }
    insert(session.conn, person, Some(password))?;
    delete_links(session.conn, FIRST, 0)?;
    Ok(true)
}

fn insert(conn: &Connection, person: &Person, password: Option<&PasswordHash>) -> Result<(), Error> {
    conn.prepare_cached(
        "-- people::insert
         INSERT INTO person
             (row, id, email, name, role, environments, password, issuer, subject, disabled_at, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        person.id.row(),
        person.id.as_bytes(),
        person.email.as_str(),
        person.name,
        number_of_role(person.role),
        environments_as_list(&person.environments),
        password.map(PasswordHash::as_str),
        person.subject.as_ref().map(|subject| &subject.issuer),
        person.subject.as_ref().map(|subject| &subject.subject),
        person.disabled_at.map(Timestamp::as_micros),
        person.created_at.as_micros(),
    ])?;
    Ok(())
}

pub(super) fn change(
    session: &mut Session<'_>,
    id: PersonId,
    change: &Change<Person>,
) -> Result<Option<Person>, PersonError> {
    let before = all(session.conn)?;
    let Some(mut person) = before.iter().find(|person| person.id == id).cloned() else { return Ok(None) };
    change(&mut person);
    if !keeps_an_admin(&before, &person) {
        return Err(PersonError::LastAdmin);
    }
    if is_anothers_subject(&before, &person) {
        return Err(PersonError::SubjectTaken);
    }
    session
        .conn
        .prepare_cached(
            "-- people::change
             UPDATE person SET name = ?2, role = ?3, environments = ?4, issuer = ?5, subject = ?6, disabled_at = ?7
              WHERE row = ?1",
        )?
        .execute(params![
            id.row(),
            person.name,
            number_of_role(person.role),
            environments_as_list(&person.environments),
            person.subject.as_ref().map(|subject| &subject.issuer),
            person.subject.as_ref().map(|subject| &subject.subject),
            person.disabled_at.map(Timestamp::as_micros),
        ])?;
    if !person.is_active() {
        sessions::end(session, id, Ending::AllBut(None))?;
        delete_all_links(session.conn, id)?;
    }
    Ok(Some(person))
}

/// Takes a person's password and sessions, and gives them a link instead.
pub(super) fn reset(session: &mut Session<'_>, id: PersonId, link: NewLink) -> Result<Option<Person>, Error> {
    if find(session.conn, &Who::Id(id))?.is_none() {
        return Ok(None);
    }
    store_password(session.conn, id, None)?;
    sessions::end(session, id, Ending::AllBut(None))?;
    delete_all_links(session.conn, id)?;
    insert_link(
        session.conn,
        link.hash,
        Link { purpose: Purpose::Password(id), expires_at: link.expires_at },
    )?;
    Ok(find(session.conn, &Who::Id(id))?.map(|known| known.person))
}

pub(super) fn set_password(
    session: &mut Session<'_>,
    id: PersonId,
    password: &PasswordHash,
    ending: Ending,
) -> Result<bool, Error> {
    if find(session.conn, &Who::Id(id))?.is_none() {
        return Ok(false);
    }
    store_password(session.conn, id, Some(password))?;
    sessions::end(session, id, ending)?;
    delete_all_links(session.conn, id)?;
    Ok(true)
}

fn store_password(conn: &Connection, id: PersonId, password: Option<&PasswordHash>) -> Result<(), Error> {
    conn.prepare_cached(
        "-- people::store_password
         UPDATE person SET password = ?2 WHERE row = ?1",
    )?
    .execute((id.row(), password.map(PasswordHash::as_str)))?;
    Ok(())
}

// ---- links

pub(super) fn link(conn: &Connection, hash: TokenHash) -> Result<Option<Link>, Error> {
    let mut statement = conn.prepare_cached(
        "-- people::link
         SELECT l.person_row, l.purpose, l.expires_at, p.id
           FROM person_link l LEFT JOIN person p ON p.row = l.person_row AND p.disabled_at IS NULL
          WHERE l.hash = ?",
    )?;
    let read = |row: &Row<'_>| -> Result<_, Error> {
        let mut record = Record::new(row, "person_link", row.get(0)?, 1);
        let (purpose, expires_at) = (record.get("purpose")?, record.time("expires_at")?);
        Ok(link_of(purpose, record.get::<Option<_>>("person")?.map(PersonId::from_bytes), expires_at))
    };
    Ok(statement.query_and_then([hash.0], read)?.next().transpose()?.flatten())
}

/// Keeps a link in the place of others for the same. `false` when there is nobody whom it can be for.
pub(super) fn make_link(
    session: &mut Session<'_>,
    hash: TokenHash,
    link: Link,
    now: Timestamp,
) -> Result<bool, Error> {
    match link.purpose.person() {
        Some(id) if find(session.conn, &Who::Id(id))?.is_none_or(|known| !known.person.is_active()) => {
            return Ok(false);
        }
        None if are_there(session.conn)? => return Ok(false),
        // Other nodes have printed theirs.
        None => delete_past_links(session.conn, now)?,
        Some(_) => {
            let (purpose, person_row) = numbers_of_purpose(link.purpose);
            delete_links(session.conn, purpose, person_row)?;
        }
    }
    insert_link(session.conn, hash, link)?;
    Ok(true)
}

/// Uses a link up. The person whom it was for, with what they have chosen.
pub(super) fn use_link(
    session: &mut Session<'_>,
    hash: TokenHash,
    now: Timestamp,
    chosen: Option<&Chosen>,
) -> Result<Option<Person>, Error> {
    let Some(link) = link(session.conn, hash)?.filter(|link| now < link.expires_at) else { return Ok(None) };
    let person = match (link.purpose, chosen) {
        (Purpose::Password(person), Some(Chosen { name, password })) => {
            session
                .conn
                .prepare_cached(
                    "-- people::use_link
                     UPDATE person SET name = ?2 WHERE row = ?1",
                )?
                .execute((person.row(), name))?;
            set_password(session, person, password, Ending::AllBut(None))?;
            person
        }
        (Purpose::SignIn(person), None) => person,
        _ => return Ok(None),
    };
    let (purpose, person_row) = numbers_of_purpose(link.purpose);
    delete_links(session.conn, purpose, person_row)?;
    Ok(find(session.conn, &Who::Id(person))?.map(|known| known.person))
}

fn insert_link(conn: &Connection, hash: TokenHash, link: Link) -> Result<(), Error> {
    let (purpose, person_row) = numbers_of_purpose(link.purpose);
    conn.prepare_cached(
        "-- people::insert_link
         INSERT INTO person_link (hash, purpose, person_row, expires_at) VALUES (?, ?, ?, ?)",
    )?
    .execute((hash.0, purpose, person_row, link.expires_at.as_micros()))?;
    Ok(())
}

fn delete_links(conn: &Connection, purpose: i16, person_row: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "-- people::delete_links
         DELETE FROM person_link WHERE person_row = ? AND purpose = ?",
    )?
    .execute((person_row, purpose))?;
    Ok(())
}

fn delete_all_links(conn: &Connection, person: PersonId) -> Result<(), Error> {
    conn.prepare_cached(
        "-- people::delete_all_links
         DELETE FROM person_link WHERE person_row = ?",
    )?
    .execute([person.row()])?;
    Ok(())
}

/// Forgets links for the first person that nobody can use any more.
fn delete_past_links(conn: &Connection, now: Timestamp) -> Result<(), Error> {
    conn.prepare_cached(
        "-- people::delete_past_links
         DELETE FROM person_link WHERE person_row = 0 AND purpose = ? AND expires_at <= ?",
    )?
    .execute((FIRST, now.as_micros()))?;
    Ok(())
}
