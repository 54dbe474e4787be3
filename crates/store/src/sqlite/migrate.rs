//! Brings the schema forward, one file of `migrations/sqlite` after another, each in its own transaction.
//!
//! Only forward: an older program does not open a newer schema, since it cannot know what it would break. A migration
//! that was applied is never edited; its checksum is stored and compared.

use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension as _};

use crate::crash;

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// All migrations; the number of one is its place here, from 1.
const ALL: &[Migration] = &[
    Migration { name: "0001_begin", sql: include_str!("../../migrations/sqlite/0001_begin.sql") },
    Migration { name: "0002_receiving", sql: include_str!("../../migrations/sqlite/0002_receiving.sql") },
    Migration { name: "0003_listening", sql: include_str!("../../migrations/sqlite/0003_listening.sql") },
    Migration { name: "0004_tasks", sql: include_str!("../../migrations/sqlite/0004_tasks.sql") },
    Migration { name: "0005_rights", sql: include_str!("../../migrations/sqlite/0005_rights.sql") },
    Migration { name: "0006_people", sql: include_str!("../../migrations/sqlite/0006_people.sql") },
    Migration { name: "0007_rollups", sql: include_str!("../../migrations/sqlite/0007_rollups.sql") },
    Migration { name: "0008_search", sql: include_str!("../../migrations/sqlite/0008_search.sql") },
    Migration { name: "0009_edited", sql: include_str!("../../migrations/sqlite/0009_edited.sql") },
    Migration {
        name: "0010_payload_index",
        sql: include_str!("../../migrations/sqlite/0010_payload_index.sql"),
    },
    Migration {
        name: "0011_saved_searches",
        sql: include_str!("../../migrations/sqlite/0011_saved_searches.sql"),
    },
];

/// A schema that this program cannot use.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer program has been here.
    #[error("its schema has version {found}, this Postrider knows versions up to {known}: use a newer one")]
    Newer {
        /// The schema's version.
        found: usize,
        /// The last version known here.
        known: usize,
    },
    /// An applied migration is not the one of that name here.
    #[error("its migration {name} differs from the one that this Postrider has")]
    Altered {
        /// The migration.
        name: &'static str,
    },
    /// There are tables, but none of ours.
    #[error("the file is the database of another program")]
    Foreign,
    /// The database failed.
    #[error("the migration failed")]
    Engine(#[from] rusqlite::Error),
}

/// Applies what is missing. After a crash in the middle the next call goes on.
pub(super) fn migrate(conn: &Connection) -> Result<(), MigrateError> {
    apply(conn, ALL)
}

fn apply(conn: &Connection, all: &[Migration]) -> Result<(), MigrateError> {
    let applied = applied(conn)?;
    if applied.len() > all.len() {
        return Err(MigrateError::Newer { found: applied.len(), known: all.len() });
    }
    for (migration, checksum) in all.iter().zip(&applied) {
        if migration.checksum() != *checksum {
            return Err(MigrateError::Altered { name: migration.name });
        }
    }
    for (at, migration) in all.iter().enumerate().skip(applied.len()) {
        let step = conn.unchecked_transaction()?;
        step.execute_batch(migration.sql)?;
        step.execute(
            "-- migrate::apply
             INSERT INTO migration (version, name, checksum) VALUES (?, ?, ?)",
            (at as i64 + 1, migration.name, migration.checksum()),
        )?;
        crash::point("migrate.step");
        step.commit()?;
    }
    Ok(())
}

/// The checksums of the applied migrations, in order. Makes the table for them in a new database.
fn applied(conn: &Connection) -> Result<Vec<Vec<u8>>, MigrateError> {
    let tables = "SELECT count(*), count(*) FILTER (WHERE name = 'migration') FROM sqlite_schema";
    let (tables, ours): (i64, i64) = conn.query_row(tables, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match (tables, ours) {
        (0, _) => conn.execute_batch(
            "CREATE TABLE migration (
                 version  INTEGER PRIMARY KEY,
                 name     TEXT NOT NULL,
                 checksum BLOB NOT NULL
             ) STRICT",
        )?,
        (_, 0) => return Err(MigrateError::Foreign),
        _ => {}
    }
    let mut statement = conn.prepare("SELECT checksum FROM migration ORDER BY version")?;
    let checksums = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(checksums)
}

impl Migration {
    fn checksum(&self) -> Vec<u8> {
        digest(&SHA256, self.sql.as_bytes()).as_ref().to_vec()
    }
}

/// A value of the table `meta`.
pub(super) fn meta<T: rusqlite::types::FromSql>(
    conn: &Connection,
    name: &str,
) -> rusqlite::Result<Option<T>> {
    conn.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0)).optional()
}

/// Sets a value of the table `meta`.
pub(super) fn set_meta(conn: &Connection, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
    conn.execute(sql, (name, value)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration { name: "0001_one", sql: "CREATE TABLE one (a)" };
    const TWO: Migration =
        Migration { name: "0002_two", sql: "CREATE TABLE two (a); INSERT INTO one VALUES (1)" };

    fn database() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    #[test]
    fn each_migration_is_applied_once() {
        let conn = database();
        apply(&conn, &[ONE]).unwrap();
        apply(&conn, &[ONE, TWO]).unwrap();
        apply(&conn, &[ONE, TWO]).unwrap();
        let rows: i64 = conn.query_row("SELECT count(*) FROM one", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let conn = database();
        apply(&conn, &[ONE, TWO]).unwrap();
        let error = apply(&conn, &[ONE]).unwrap_err();
        assert!(matches!(error, MigrateError::Newer { found: 2, known: 1 }), "{error}");
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let conn = database();
        apply(&conn, &[ONE]).unwrap();
        let edited = Migration { sql: "CREATE TABLE one (a, b)", ..ONE };
        let error = apply(&conn, &[edited, TWO]).unwrap_err();
        assert!(matches!(error, MigrateError::Altered { name: "0001_one" }), "{error}");
    }

    #[test]
    fn a_failed_migration_leaves_nothing_behind() {
        let conn = database();
        let broken =
            Migration { name: "0002_two", sql: "CREATE TABLE two (a); INSERT INTO nowhere VALUES (1)" };
        apply(&conn, &[ONE, broken]).unwrap_err();
        apply(&conn, &[ONE, TWO]).unwrap();
    }

    #[test]
    fn a_recovery_under_way_goes_on_behind_the_change_of_its_table() {
        let conn = database();
        let before = ALL.iter().position(|migration| migration.name == "0004_tasks").unwrap();
        apply(&conn, &ALL[..before]).unwrap();
        let rows = "INSERT INTO app (row, id, environment_row, name, created_at, updated_at) VALUES (7, x'07', 3, '', 0, 0);
            INSERT INTO task (row, id, app_row, kind, status, affected, endpoint_id, since, until, reached, created_at,
                              updated_at)
            VALUES (9, x'09', 7, 0, 0, 5, x'08', 1, 2, 77, 0, 0), (10, x'0a', 8, 0, 0, 5, x'08', 1, 2, 77, 0, 0)";
        conn.execute_batch(rows).unwrap();
        apply(&conn, ALL).unwrap();
        let kept = "SELECT group_concat(row || ' ' || environment_row || ' ' || reached || ' ' || matched || ' ' || affected
                                || ' ' || hex(endpoint_id) || ' ' || coalesce(job, 'none')) FROM task";
        let kept: String = conn.query_row(kept, [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "9 3 77 5 5 08 none", "one without an application is nobody's");
    }

    #[test]
    fn the_database_of_another_program_is_left_alone() {
        let conn = database();
        conn.execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert!(matches!(apply(&conn, ALL), Err(MigrateError::Foreign)));
    }
}
