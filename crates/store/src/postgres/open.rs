//! Opening the engine: the options, the checks, the node's entry, and the tasks.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::address::{self, AddressError};
use super::background::Background;
use super::connection::Connection;
use super::durability::{self, Durability};
use super::handed::Returns;
use super::health::Status;
use super::member::{Calls, Life};
use super::migrate::{self, MigrateError, meta_bytes};
use super::node::{self, Entry};
use super::partitions::Partitions;
use super::pool::{Door, Pools};
use super::queue::Queue;
use super::session::Shared;
use super::wire::Wire;
use super::{Postgres, retain, tally, transfer};
use crate::Error;
use crate::cluster::Cluster;
use crate::seal::{Place, Sealer, Unsealable};
use crate::transfer::Unserved;

pub(super) const SEAL_CHECK: Place = Place { table: "meta", row: 0, column: "seal_check" };

/// How to open the engine.
#[derive(Clone)]
pub struct Options {
    /// Where the database is: `postgres://user:password@host:port/name?sslmode=…`. Hosts other than this machine are
    /// reached by TLS with a verified certificate (`sslmode=verify-full`) unless the URL says `sslmode=disable`;
    /// `sslrootcert` names a file with the authorities to trust instead of the machine's. A pooler in between must give
    /// each connection a session of its own: statements are prepared, and have settings and locks.
    pub url: String,
    /// A file with the password, read for each new connection, so that it can be changed while the store is open.
    pub password_file: Option<PathBuf>,
    /// The schema that holds the tables; made if it is not there.
    pub schema: String,
    /// What this process is called in the table of nodes, such as the host's name.
    pub node: String,
    /// What this process does: names, separated by commas. Only one with the role `dispatch` owns lane partitions.
    pub roles: String,
    /// After how long without a sign of life a node is taken for dead.
    pub lease: Duration,
    /// Transactions that write at the same time.
    pub writers: usize,
    /// Connections that read.
    pub readers: usize,
    /// Bytes of memory that may wait to be written.
    pub queue_bytes: usize,
    /// Seals secrets at rest. It must have the key that this database was made with.
    pub sealer: Arc<Sealer>,
}

impl Options {
    /// The usual settings for the database at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>, sealer: Arc<Sealer>) -> Self {
        Self {
            url: url.into(),
            password_file: None,
            schema: "postrider".to_owned(),
            node: "postrider".to_owned(),
            roles: "api, dispatch".to_owned(),
            lease: Duration::from_secs(5),
            writers: 4,
            readers: 8,
            queue_bytes: 64 * 1024 * 1024,
            sealer,
        }
    }
}

/// The URL may hold a password, and is left out.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, node, roles, lease, writers, readers, .. } = self;
        f.debug_struct("Options")
            .field("schema", schema)
            .field("node", node)
            .field("roles", roles)
            .field("lease", lease)
            .field("writers", writers)
            .field("readers", readers)
            .finish_non_exhaustive()
    }
}

/// Why the engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL or what it names cannot be used.
    #[error("use the database's address")]
    Address(#[from] AddressError),
    /// The schema's name is not one.
    #[error("use the schema {0}: a name has lower-case letters, digits and _, and at most 63 of them")]
    SchemaName(String),
    /// The database cannot be reached now.
    #[error("connect to the database")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server does not wait for the disk: what it acknowledges may be lost.
    #[error("use a database whose synchronous_commit is off: what it acknowledges could be lost")]
    NotDurable,
    /// The schema is not one that this program knows.
    #[error("bring the schema forward")]
    Schema(#[from] MigrateError),
    /// The seal key is another than the one that the database was made with.
    #[error("open the secrets in the database: this is not the seal key that it was made with")]
    WrongKey(#[source] Unsealable),
    /// It takes part in a move.
    #[error(transparent)]
    Unserved(#[from] Unserved),
    /// It is being moved from or into by another process.
    #[error("use the database for a move: another one is under way")]
    Moving,
    /// All slots are taken.
    #[error("enter the cluster: there are already {0} nodes")]
    NoSlot(u16),
    /// The engine failed for another reason.
    #[error("open the database")]
    Engine(#[from] Error),
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Engine(error.into())
    }
}

impl Postgres {
    /// Opens the database, bringing its schema forward, and enters the cluster as a node.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        check_name(&options.schema)?;
        let address = address::parse(&options.url)?;
        let door = Door {
            tls: address.tls,
            password_file: options.password_file.clone(),
            schema: options.schema.clone(),
        };
        let pools = Pools::new(&address.config, &door, options.writers.max(1), options.readers.max(1));
        let conn = pools.first().await.map_err(OpenError::Connect)?;
        let durability = durability::check(&conn).await?;
        migrate::migrate(&conn, &options.schema).await?;
        prove_key(&conn, &options.sealer).await?;
        let Entry { holder, slot, now } = node::enter(&conn, options).await?;
        if let Err(refused) = transfer::refuse_moved(&conn).await {
            node::leave(&conn, holder).await?;
            return Err(refused);
        }
        let queue = Queue::new(options.queue_bytes);
        let shared = Arc::new(Shared {
            returns: Returns::new(Arc::clone(&queue)),
            queue,
            status: Status::default(),
            pools,
            sealer: Arc::clone(&options.sealer),
            holder,
            cluster: Cluster::shared(holder),
            wire: Arc::new(Wire::new(holder, &options.schema)),
            calls: Calls::default(),
            partitions: Partitions::default(),
            environments: tally::Environments::default(),
            known: parking_lot::Mutex::default(),
            retention: tokio::sync::Mutex::new(retain::Position::default()),
        });
        shared.partitions.make_ahead(&conn, now).await?;
        let mut life = Life::new(&shared, options.lease, &options.roles).await?;
        // What is free is taken before anybody asks.
        life.round().await?;
        shared.wire.members();
        let background = Background::start(&shared, options.writers.max(1), life, (door, address.config));
        Ok(Self::new(shared, background, slot, durability))
    }

    /// The part of the rows that this node makes: unique among the nodes that are alive.
    #[must_use]
    pub const fn slot(&self) -> u16 {
        self.slot
    }

    /// What an acknowledgement of this database stands for.
    #[must_use]
    pub const fn durability(&self) -> &Durability {
        &self.durability
    }
}

pub(super) fn check_name(schema: &str) -> Result<(), OpenError> {
    let is_name = !schema.is_empty()
        && schema.len() <= 63
        && !schema.starts_with(|first: char| first.is_ascii_digit())
        && schema.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_name { Ok(()) } else { Err(OpenError::SchemaName(schema.to_owned())) }
}

/// Proves that the seal key is the one that the database was made with; the first to open it decides which that is.
pub(super) async fn prove_key(conn: &Connection, sealer: &Sealer) -> Result<(), OpenError> {
    conn.run(
        "-- open::prove_key
         INSERT INTO meta (name, bytes) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        &[&SEAL_CHECK.column, &sealer.seal(SEAL_CHECK, b"postrider")],
    )
    .await?;
    let stored = meta_bytes(conn, SEAL_CHECK.column).await?;
    sealer.open(SEAL_CHECK, &stored).map_err(OpenError::WrongKey)?;
    Ok(())
}
