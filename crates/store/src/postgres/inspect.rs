//! A look at a database from outside: without bringing its schema forward, and without becoming one of its nodes.

use std::time::Duration;

use super::connection::Connection;
use super::durability::{self, Durability};
use super::migrate;
use super::node;
use super::open::{self, OpenError, Options};
use super::pool::{Door, Pools};
use super::{Postgres, address, transfer};
use crate::Error;
use crate::transfer::Unserved;

/// The oldest server that the engine works with, as `server_version_num` counts.
const SERVER_MIN: i32 = 150_000;

/// What was seen.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The server's version, as it says it.
    pub server: String,
    /// Whether the engine works with it.
    pub is_supported: bool,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// What a commit stands for; `None` when nothing: it is acknowledged before it is written anywhere.
    pub durability: Option<Durability>,
    /// What our schema says; `None` where it was not made yet.
    pub schema: Option<Schema>,
    /// Who is in the cluster, by slot.
    pub nodes: Vec<Node>,
    /// Connections of all programs to this server now.
    pub connections: u32,
    /// How many there may be of users like ours.
    pub connections_max: u32,
}

/// What a schema says of itself.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The last migration that was applied.
    pub version: i64,
    /// The last one that this program knows.
    pub known: i64,
    /// The last one that a program must know to use it.
    pub needed: i64,
    /// Why it cannot be served, if so.
    pub unserved: Option<Unserved>,
}

/// A node as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is called.
    pub name: String,
    /// What it does.
    pub roles: String,
    /// Its part of the rows.
    pub slot: u16,
    /// Taken for dead: it has left, or gave no sign of life.
    pub is_fenced: bool,
    /// How long ago its last sign of life was.
    pub seen_ago: Duration,
}

impl Postgres {
    /// Looks at the database that [`Postgres::open`] would open with these options. Nothing changes.
    pub async fn inspect(options: &Options) -> Result<Inspection, OpenError> {
        open::check_name(&options.schema)?;
        let address = address::parse(&options.url)?;
        let (tls, schema) = (address.tls, options.schema.clone());
        let door = Door { tls, password_file: options.password_file.clone(), schema };
        let conn = Pools::new(&address.config, &door, 1, 1).first().await.map_err(OpenError::Connect)?;
        look(&conn).await
    }
}

async fn look(conn: &Connection) -> Result<Inspection, OpenError> {
    // Superusers' own places are not ours; `reserved_connections` came with version 16.
    let row = conn
        .row(
            "-- inspect::look
             SELECT current_setting('server_version'), current_setting('server_version_num')::integer,
                    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                    (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend'),
                    current_setting('max_connections')::integer
                        - current_setting('superuser_reserved_connections')::integer
                        - coalesce(current_setting('reserved_connections', true)::integer, 0),
                    to_regclass('meta') IS NOT NULL AND to_regclass('node') IS NOT NULL",
            &[],
        )
        .await?
        .expect("a SELECT without FROM gives one row");
    let count = |column| Ok::<_, OpenError>(row.try_get::<_, i32>(column)?.max(0).unsigned_abs());
    let is_made: bool = row.try_get(5)?;
    Ok(Inspection {
        server: row.try_get(0)?,
        is_supported: row.try_get::<_, i32>(1)? >= SERVER_MIN,
        is_encrypted: row.try_get(2)?,
        durability: match durability::check(conn).await {
            Ok(durability) => Some(durability),
            Err(OpenError::NotDurable) => None,
            Err(error) => return Err(error),
        },
        schema: if is_made { Some(schema(conn).await?) } else { None },
        nodes: if is_made { nodes(conn).await? } else { Vec::new() },
        connections: count(3)?,
        connections_max: count(4)?,
    })
}

async fn schema(conn: &Connection) -> Result<Schema, OpenError> {
    Ok(Schema {
        version: migrate::meta_number(conn, "schema").await?,
        known: migrate::known(),
        needed: migrate::meta_number(conn, "schema_min").await?,
        unserved: match transfer::refuse_moved(conn).await {
            Ok(()) => None,
            Err(OpenError::Unserved(unserved)) => Some(unserved),
            Err(error) => return Err(error),
        },
    })
}

async fn nodes(conn: &Connection) -> Result<Vec<Node>, Error> {
    let rows = conn
        .rows(
            "-- inspect::nodes
             SELECT name, roles, slot, fenced,
                    greatest(extract(epoch FROM clock_timestamp() - seen_at), 0)::double precision
               FROM node ORDER BY slot LIMIT $1",
            &[&i64::from(node::SLOTS)],
        )
        .await?;
    let node = |row: &tokio_postgres::Row| {
        Ok(Node {
            name: row.try_get(0)?,
            roles: row.try_get(1)?,
            slot: row.try_get::<_, i16>(2)?.unsigned_abs(),
            is_fenced: row.try_get(3)?,
            seen_ago: Duration::try_from_secs_f64(row.try_get(4)?).unwrap_or(Duration::MAX),
        })
    };
    rows.iter().map(node).collect()
}
