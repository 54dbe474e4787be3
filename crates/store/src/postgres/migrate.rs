//! Brings the schema forward, one file of `migrations/postgres` after another, each in its own transaction.
//!
//! Nodes start together: a migration runs under an advisory lock of its transaction, and whoever comes second finds it
//! applied. Only forward. A program may use a schema that is newer than itself as long as the schema says so
//! (`schema_min` in `meta`): that is how the nodes of a cluster are replaced one after another. A migration that was
//! applied is never edited; its checksum is stored and compared.

use ring::digest::{SHA256, digest};

use super::connection::Connection;
use crate::failure::corrupt;
use crate::{Error, crash};

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// All migrations; the number of one is its place here, from 1.
const ALL: &[Migration] = &[
    Migration { name: "0001_begin", sql: include_str!("../../migrations/postgres/0001_begin.sql") },
    Migration { name: "0002_receiving", sql: include_str!("../../migrations/postgres/0002_receiving.sql") },
    Migration { name: "0003_witness", sql: include_str!("../../migrations/postgres/0003_witness.sql") },
    Migration { name: "0004_listening", sql: include_str!("../../migrations/postgres/0004_listening.sql") },
    Migration { name: "0005_tasks", sql: include_str!("../../migrations/postgres/0005_tasks.sql") },
    Migration { name: "0006_rights", sql: include_str!("../../migrations/postgres/0006_rights.sql") },
    Migration { name: "0007_people", sql: include_str!("../../migrations/postgres/0007_people.sql") },
    Migration { name: "0008_rollups", sql: include_str!("../../migrations/postgres/0008_rollups.sql") },
    Migration { name: "0009_search", sql: include_str!("../../migrations/postgres/0009_search.sql") },
    Migration { name: "0010_edited", sql: include_str!("../../migrations/postgres/0010_edited.sql") },
    Migration {
        name: "0011_payload_index",
        sql: include_str!("../../migrations/postgres/0011_payload_index.sql"),
    },
    Migration {
        name: "0012_saved_searches",
        sql: include_str!("../../migrations/postgres/0012_saved_searches.sql"),
    },
];

/// A schema that this program cannot use.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer program has been here, and took away what this one needs.
    #[error(
        "its schema needs a Postrider that knows version {needed}, this one knows up to {known}: use a newer one"
    )]
    Newer {
        /// The version that a program must know at least.
        needed: i64,
        /// The last version known here.
        known: i64,
    },
    /// An applied migration is not the one of that name here.
    #[error("its migration {name} differs from the one that this Postrider has")]
    Altered {
        /// The migration.
        name: &'static str,
    },
    /// There are tables, but none of ours.
    #[error("the schema {0} has tables of another program: name another schema")]
    Foreign(String),
    /// The database failed.
    #[error("the migration failed")]
    Engine(#[from] Error),
}

impl From<tokio_postgres::Error> for MigrateError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Engine(error.into())
    }
}

/// The last version of the schema that this program knows.
pub(super) const fn known() -> i64 {
    ALL.len() as i64
}

/// Applies what is missing. After a crash in the middle the next call goes on.
pub(super) async fn migrate(conn: &Connection, schema: &str) -> Result<(), MigrateError> {
    apply(conn, schema, ALL).await
}

async fn apply(conn: &Connection, schema: &str, all: &[Migration]) -> Result<(), MigrateError> {
    loop {
        // A migration may take its time, and another node's is waited for.
        conn.batch("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'").await?;
        let step = step(conn, schema, all).await;
        crash::point("migrate.step");
        conn.batch(if step.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        if step? == Step::Done {
            return Ok(());
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    Applied,
}

/// Applies the next migration inside the open transaction.
async fn step(conn: &Connection, schema: &str, all: &[Migration]) -> Result<Step, MigrateError> {
    conn.rows(
        "SELECT pg_advisory_xact_lock(hashtextextended('postrider.schema.' || $1::text, 0))",
        &[&schema],
    )
    .await?;
    let checksums = applied(conn, schema).await?;
    let known = all.len() as i64;
    if checksums.len() > all.len() {
        let needed = meta_number(conn, "schema_min").await?;
        if needed > known {
            return Err(MigrateError::Newer { needed, known });
        }
    }
    for (migration, checksum) in all.iter().zip(&checksums) {
        if migration.checksum() != *checksum {
            return Err(MigrateError::Altered { name: migration.name });
        }
    }
    let Some(next) = all.get(checksums.len()) else { return Ok(Step::Done) };
    let version = checksums.len() as i64 + 1;
    conn.batch(next.sql).await?;
    let insert = "INSERT INTO migration (version, name, checksum) VALUES ($1, $2, $3)";
    conn.run(insert, &[&version, &next.name, &next.checksum()]).await?;
    conn.run("UPDATE meta SET number = $1 WHERE name = 'schema'", &[&version]).await?;
    Ok(Step::Applied)
}

/// The checksums of the applied migrations, in order. Makes the schema and the table for them where they are not there.
async fn applied(conn: &Connection, schema: &str) -> Result<Vec<Vec<u8>>, MigrateError> {
    let exists = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    if !conn.exists(exists, &[&schema]).await? {
        // The name was checked when the engine was opened.
        conn.batch(&format!("CREATE SCHEMA \"{schema}\"")).await?;
    }
    let tables = conn
        .row(
            "SELECT count(*), count(*) FILTER (WHERE c.relname = 'migration')
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')",
            &[&schema],
        )
        .await?
        .expect("an aggregate gives one row");
    match (tables.try_get::<_, i64>(0)?, tables.try_get::<_, i64>(1)?) {
        (0, _) => {
            let table = "CREATE TABLE migration (
                 version bigint PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL
             )";
            conn.batch(table).await?;
        }
        (_, 0) => return Err(MigrateError::Foreign(schema.to_owned())),
        _ => {}
    }
    let rows = conn.rows("SELECT checksum FROM migration ORDER BY version", &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

impl Migration {
    fn checksum(&self) -> Vec<u8> {
        digest(&SHA256, self.sql.as_bytes()).as_ref().to_vec()
    }
}

/// A number of the table `meta` that must be there.
pub(super) async fn meta_number(conn: &Connection, name: &str) -> Result<i64, Error> {
    let row = conn.row("SELECT number FROM meta WHERE name = $1", &[&name]).await?;
    let number = row.and_then(|row| row.try_get::<_, Option<i64>>(0).ok().flatten());
    number.ok_or_else(|| corrupt("meta", "number", 0, &format!("{name} is missing")))
}

/// A value of the table `meta` that must be there.
pub(super) async fn meta_bytes(conn: &Connection, name: &str) -> Result<Vec<u8>, Error> {
    let row = conn.row("SELECT bytes FROM meta WHERE name = $1", &[&name]).await?;
    let bytes = row.and_then(|row| row.try_get::<_, Option<Vec<u8>>>(0).ok().flatten());
    bytes.ok_or_else(|| corrupt("meta", "bytes", 0, &format!("{name} is missing")))
}
