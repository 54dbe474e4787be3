//! People and their one-time links.
//!
//! Whoever adds or changes people takes turns: whether one is the first, or the last admin, is about all of them.

use postrider_core::id::PersonId;
use postrider_core::key::TokenHash;
use postrider_core::password::PasswordHash;
use postrider_core::person::{Environments, PEOPLE, Person, Subject};
use postrider_core::session::{Link, Purpose};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::{Connection, Params};
use super::record::{Record, is_text};
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
pub(super) fn read(row: &Row, at: usize) -> Result<Known, Error> {
    let mut record = Record::new(row, "person", row.try_get(at)?, at + 1);
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

async fn one(conn: &Connection, sql: &str, key: Params<'_>) -> Result<Option<Known>, Error> {
    conn.row(sql, key).await?.map(|row| read(&row, 0)).transpose()
}

pub(super) async fn find(conn: &Connection, who: &Who) -> Result<Option<Known>, Error> {
    match who {
        Who::Id(id) => {
            let sql = select!("find", "WHERE p.row = $1 AND p.id = $2");
            one(conn, sql, &[&id.row(), &id.as_bytes().as_slice()]).await
        }
        Who::Email(email) => one(conn, select!("find", "WHERE p.email = $1"), &[&email.as_str()]).await,
        Who::Subject(Subject { issuer, subject }) if is_text(issuer) && is_text(subject) => {
            let sql = select!("find", "WHERE p.issuer = $1 AND p.subject = $2");
            one(conn, sql, &[issuer, subject]).await
        }
        Who::Subject(_) => Ok(None),
    }
}

pub(super) async fn all(conn: &Connection) -> Result<Vec<Person>, Error> {
    let rows = conn.rows(select!("all", "ORDER BY p.row"), &[]).await?;
    rows.iter().map(|row| read(row, 0).map(|known| known.person)).collect()
}

pub(super) async fn are_there(conn: &Connection) -> Result<bool, Error> {
    let found = conn
        .exists(
            "-- people::are_there
             SELECT 1 FROM person ORDER BY row LIMIT 1",
            &[],
        )
        .await?;
    Ok(found)
}

async fn count(conn: &Connection) -> Result<i64, Error> {
    let row = conn
        .row(
            "-- people::count
             SELECT count(*) FROM person",
            &[],
        )
        .await?;
    Ok(row.expect("an aggregate gives one row").try_get(0)?)
}

pub(super) async fn create(
    session: &Session,
    person: &Person,
    link: Option<NewLink>,
) -> Result<(), CreateError<Person>> {
    session.lock_firsts().await?;
    if let Some(taken) = find(&session.conn, &Who::Email(person.email.clone())).await? {
        return Err(CreateError::Taken(Box::new(taken.person)));
    }
    if count(&session.conn).await? >= PEOPLE as i64 {
        return Err(CreateError::TooMany { limit: PEOPLE });
    }
    insert(&session.conn, person, None).await?;
    if let Some(NewLink { hash, expires_at }) = link {
        insert_link(&session.conn, hash, Link { purpose: Purpose::Password(person.id), expires_at }).await?;
    }
    Ok(())
}

/// Adds the first person if `link` is one for that, and nobody is there.
pub(super) async fn create_first(
    session: &Session,
    link: TokenHash,
    person: &Person,
    password: &PasswordHash,
    now: Timestamp,
) -> Result<bool, Error> {
    session.lock_firsts().await?;
    let found = self::link(&session.conn, link).await?.filter(|link| now < link.expires_at);
    if !found.is_some_and(|link| link.purpose == Purpose::First) || are_there(&session.conn).await? {
        return Ok(false);
    }
    insert(&session.conn, person, Some(password)).await?;
    delete_links(&session.conn, FIRST, 0).await?;
    Ok(true)
}

async fn insert(conn: &Connection, person: &Person, password: Option<&PasswordHash>) -> Result<(), Error> {
    conn.run(
        "-- people::insert
         INSERT INTO person
             (row, id, email, name, role, environments, password, issuer, subject, disabled_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            &person.id.row(),
            &person.id.as_bytes().as_slice(),
            &person.email.as_str(),
            &person.name,
            &number_of_role(person.role),
            &environments_as_list(&person.environments),
            &password.map(PasswordHash::as_str),
            &person.subject.as_ref().map(|subject| &subject.issuer),
            &person.subject.as_ref().map(|subject| &subject.subject),
            &person.disabled_at.map(Timestamp::as_micros),
            &person.created_at.as_micros(),
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn change(
    session: &Session,
    id: PersonId,
    change: &Change<Person>,
) -> Result<Option<Person>, PersonError> {
    session.lock_firsts().await?;
    let before = all(&session.conn).await?;
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
        .run(
            "-- people::change
             UPDATE person SET name = $2, role = $3, environments = $4, issuer = $5, subject = $6, disabled_at = $7
              WHERE row = $1",
            &[
                &id.row(),
                &person.name,
                &number_of_role(person.role),
                &environments_as_list(&person.environments),
                &person.subject.as_ref().map(|subject| &subject.issuer),
                &person.subject.as_ref().map(|subject| &subject.subject),
                &person.disabled_at.map(Timestamp::as_micros),
            ],
        )
        .await?;
    if !person.is_active() {
        sessions::end(session, id, Ending::AllBut(None)).await?;
        delete_all_links(&session.conn, id).await?;
    }
    Ok(Some(person))
}

/// Takes a person's password and sessions, and gives them a link instead.
pub(super) async fn reset(session: &Session, id: PersonId, link: NewLink) -> Result<Option<Person>, Error> {
    if !store_password(&session.conn, id, None).await? {
        return Ok(None);
    }
    sessions::end(session, id, Ending::AllBut(None)).await?;
    delete_all_links(&session.conn, id).await?;
    let kept = Link { purpose: Purpose::Password(id), expires_at: link.expires_at };
    insert_link(&session.conn, link.hash, kept).await?;
    Ok(find(&session.conn, &Who::Id(id)).await?.map(|known| known.person))
}

pub(super) async fn set_password(
    session: &Session,
    id: PersonId,
    password: &PasswordHash,
    ending: Ending,
) -> Result<bool, Error> {
    if !store_password(&session.conn, id, Some(password)).await? {
        return Ok(false);
    }
    sessions::end(session, id, ending).await?;
    delete_all_links(&session.conn, id).await?;
    Ok(true)
}

/// `false` when there is no such person. From then on, the person's row is locked.
async fn store_password(
    conn: &Connection,
    id: PersonId,
    password: Option<&PasswordHash>,
) -> Result<bool, Error> {
    let stored = conn
        .run(
            "-- people::store_password
             UPDATE person SET password = $3 WHERE row = $1 AND id = $2",
            &[&id.row(), &id.as_bytes().as_slice(), &password.map(PasswordHash::as_str)],
        )
        .await?;
    Ok(stored > 0)
}

// ---- links

pub(super) async fn link(conn: &Connection, hash: TokenHash) -> Result<Option<Link>, Error> {
    let found = conn
        .row(
            "-- people::link
             SELECT l.person_row, l.purpose, l.expires_at, p.id
               FROM person_link l LEFT JOIN person p ON p.row = l.person_row AND p.disabled_at IS NULL
              WHERE l.hash = $1",
            &[&hash.0.as_slice()],
        )
        .await?;
    let Some(row) = found else { return Ok(None) };
    let mut record = Record::new(&row, "person_link", row.try_get(0)?, 1);
    let (purpose, expires_at) = (record.get::<i16>("purpose")?, record.time("expires_at")?);
    Ok(link_of(purpose.into(), record.id_or_none("person")?.map(PersonId::from_bytes), expires_at))
}

/// Keeps a link in the place of others for the same. `false` when there is nobody whom it can be for.
pub(super) async fn make_link(
    session: &Session,
    hash: TokenHash,
    link: Link,
    now: Timestamp,
) -> Result<bool, Error> {
    session.lock_firsts().await?;
    let conn = &session.conn;
    match link.purpose.person() {
        Some(id) => {
            let found = find(conn, &Who::Id(id)).await?;
            if !found.is_some_and(|known| known.person.is_active()) {
                return Ok(false);
            }
            let (purpose, person_row) = numbers_of_purpose(link.purpose);
            delete_links(conn, purpose, person_row).await?;
        }
        None if are_there(conn).await? => return Ok(false),
        // Other nodes have printed theirs.
        None => delete_past_links(conn, now).await?,
    }
    insert_link(conn, hash, link).await?;
    Ok(true)
}

/// Uses a link up. The person whom it was for, with what they have chosen.
pub(super) async fn use_link(
    session: &Session,
    hash: TokenHash,
    now: Timestamp,
    chosen: Option<&Chosen>,
) -> Result<Option<Person>, Error> {
    let found = link(&session.conn, hash).await?.filter(|link| now < link.expires_at);
    let ((Some(Purpose::Password(person)), Some(_)) | (Some(Purpose::SignIn(person)), None)) =
        (found.map(|link| link.purpose), chosen)
    else {
        return Ok(None);
    };
    if !delete_link(&session.conn, hash).await? {
        // Somebody else has just used it.
        return Ok(None);
    }
    if let Some(Chosen { name, password }) = chosen {
        session
            .conn
            .run(
                "-- people::use_link
                 UPDATE person SET name = $2 WHERE row = $1",
                &[&person.row(), name],
            )
            .await?;
        set_password(session, person, password, Ending::AllBut(None)).await?;
    }
    Ok(find(&session.conn, &Who::Id(person)).await?.map(|known| known.person))
}

async fn insert_link(conn: &Connection, hash: TokenHash, link: Link) -> Result<(), Error> {
    let (purpose, person_row) = numbers_of_purpose(link.purpose);
    conn.run(
        "-- people::insert_link
         INSERT INTO person_link (hash, purpose, person_row, expires_at) VALUES ($1, $2, $3, $4)",
        &[&hash.0.as_slice(), &purpose, &person_row, &link.expires_at.as_micros()],
    )
    .await?;
    Ok(())
}

async fn delete_link(conn: &Connection, hash: TokenHash) -> Result<bool, Error> {
    let deleted = conn
        .run(
            "-- people::delete_link
             DELETE FROM person_link WHERE hash = $1",
            &[&hash.0.as_slice()],
        )
        .await?;
    Ok(deleted > 0)
}

async fn delete_links(conn: &Connection, purpose: i16, person_row: i64) -> Result<(), Error> {
    conn.run(
        "-- people::delete_links
         DELETE FROM person_link WHERE person_row = $1 AND purpose = $2",
        &[&person_row, &purpose],
    )
    .await?;
    Ok(())
}

async fn delete_all_links(conn: &Connection, person: PersonId) -> Result<(), Error> {
    conn.run(
        "-- people::delete_all_links
         DELETE FROM person_link WHERE person_row = $1",
        &[&person.row()],
    )
    .await?;
    Ok(())
}

/// Forgets links for the first person that nobody can use any more.
async fn delete_past_links(conn: &Connection, now: Timestamp) -> Result<(), Error> {
    conn.run(
        "-- people::delete_past_links
         DELETE FROM person_link WHERE person_row = 0 AND purpose = $1 AND expires_at <= $2",
        &[&FIRST, &now.as_micros()],
    )
    .await?;
    Ok(())
}
