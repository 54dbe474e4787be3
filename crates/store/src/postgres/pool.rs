//! Connections: how they are made, and the two pools of them.
//!
//! A connection that breaks is dropped and made anew when somebody needs one; every wait for one has a ceiling, so that
//! callers learn quickly that the database is away.

use std::future::poll_fn;
use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::Connection;
use super::fault::sentence;

/// How long a call waits for a connection, be it one in use or a new one.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Beyond the writers: the beat of the node, and what must be found out after a lost commit.
const SPARE: usize = 2;

/// The ceilings of every session. The planner is told to walk indexes: each statement of this engine has one to walk,
/// while a plan made when a table was small would go on reading it whole when it is large. And it is told to plan each
/// statement once and for all values: these are the plans that are looked at in tests, while one made for
/// certain values goes by statistics that are old as soon as a table grows quickly.
pub(super) const SETTINGS: &str = "SET statement_timeout = '10s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '15s';
    SET client_encoding = 'UTF8';
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;";

/// Makes connections.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) schema: String,
}

impl Door {
    /// A new connection with the settings of every session.
    async fn open(&self, config: Config) -> Result<(Client, JoinHandle<()>), Error> {
        let config = self.with_password(config).await;
        let (client, task) = if let Some(tls) = &self.tls {
            let (client, connection) = config.connect(tls.clone()).await?;
            (client, tokio::spawn(watch(connection)))
        } else {
            let (client, connection) = config.connect(NoTls).await?;
            (client, tokio::spawn(watch(connection)))
        };
        self.set_up(&client).await?;
        Ok((client, task))
    }

    /// The same, with what others tell those who listen given to `hear`. It ends with the client.
    pub(super) async fn listen(
        &self,
        config: Config,
        hear: impl Fn(Notification) + Send + 'static,
    ) -> Result<Client, Error> {
        let config = self.with_password(config).await;
        let client = if let Some(tls) = &self.tls {
            let (client, connection) = config.connect(tls.clone()).await?;
            tokio::spawn(pass_on(connection, hear));
            client
        } else {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(pass_on(connection, hear));
            client
        };
        self.set_up(&client).await?;
        Ok(client)
    }

    async fn with_password(&self, mut config: Config) -> Config {
        if let Some(password) = self.password().await {
            config.password(password);
        }
        config
    }

    async fn set_up(&self, client: &Client) -> Result<(), Error> {
        // The schema's name was checked when the engine was opened.
        let settings = format!("{SETTINGS} SET search_path = \"{}\", pg_temp", self.schema);
        client.batch_execute(&settings).await
    }

    /// What the password file says now: it may be changed while the store is open.
    async fn password(&self) -> Option<String> {
        let path = self.password_file.clone()?;
        let read = tokio::task::spawn_blocking(move || (std::fs::read_to_string(&path), path));
        match read.await.ok()? {
            (Ok(text), _) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            (Err(error), path) => {
                tracing::error!(%error, path = %path.display(), "failed to read the database password");
                None
            }
        }
    }
}

async fn pass_on<S, T>(mut connection: tokio_postgres::Connection<S, T>, hear: impl Fn(Notification))
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(told)) => hear(told),
            Ok(_) => {}
            Err(error) => {
                return tracing::warn!(error = %sentence(&error), "the connection for notifications ended");
            }
        }
    }
}

async fn watch(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::warn!(error = %sentence(&error), "a connection to the database ended");
    }
}

impl Connect for Door {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        Box::pin(self.open(config.clone()))
    }
}

/// The pools: readers cannot take a writer's connection.
pub(super) struct Pools {
    write: Pool,
    read: Pool,
}

impl Pools {
    pub(super) fn new(config: &Config, door: &Door, writers: usize, readers: usize) -> Self {
        let pool = |size| {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            let timeouts = Timeouts { wait: Some(WAIT_MAX), create: Some(WAIT_MAX), recycle: Some(WAIT_MAX) };
            Pool::builder(Manager::from_connect(config.clone(), door.clone(), recycling))
                .max_size(size)
                .timeouts(timeouts)
                .runtime(Runtime::Tokio1)
                .build()
                .expect("the only thing that can be missing is the runtime for the timeouts")
        };
        Self { write: pool(writers + SPARE), read: pool(readers) }
    }

    /// The first connection, to write with. Where later ones only say that the database is away, it says why.
    pub(super) async fn first(&self) -> Result<Connection, Box<dyn std::error::Error + Send + Sync>> {
        match self.write.get().await {
            Ok(client) => Ok(Connection::new(client)),
            Err(PoolError::Backend(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// A connection to write with.
    pub(super) async fn writer(&self) -> Result<Connection, crate::Error> {
        Ok(Connection::new(self.write.get().await?))
    }

    /// A connection to read with.
    pub(super) async fn reader(&self) -> Result<Connection, crate::Error> {
        Ok(Connection::new(self.read.get().await?))
    }

    pub(super) fn close(&self) {
        self.write.close();
        self.read.close();
    }
}
