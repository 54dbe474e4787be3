//! Databases for a run in the PostgreSQL server that `--database` names.

use anyhow::Context as _;
use postrider_bench::target::Loopback;
use tokio_postgres::NoTls;
use url::Url;

use crate::bench::Bench;

/// A database. It stays behind if [`Database::remove`] is not called, and the next run removes it.
pub(crate) struct Database {
    server: Url,
}

/// One at a time.
const NAME: &str = "postrider_compare";

impl Database {
    /// An empty one, in the place of what an earlier run left behind.
    pub(crate) async fn fresh(bench: &Bench) -> anyhow::Result<Self> {
        let server = bench.options.database.clone();
        let database = Self { server: server.context("name a PostgreSQL server with --database")? };
        let address = format!(
            "{}:{}",
            database.server.host_str().unwrap_or_default(),
            database.server.port().unwrap_or(5432)
        );
        // Like everything that is measured here, it is on this machine.
        address.parse::<Loopback>()?;
        database.drop_it().await?;
        database.run(&format!("CREATE DATABASE {NAME}")).await?;
        Ok(database)
    }

    /// Where it is, with the password.
    pub(crate) fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(NAME);
        url
    }

    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        self.drop_it().await
    }

    async fn drop_it(&self) -> anyhow::Result<()> {
        self.run(&format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await
    }

    async fn run(&self, sql: &str) -> anyhow::Result<()> {
        let (client, connection) = tokio_postgres::connect(self.server.as_str(), NoTls).await?;
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await?;
        drop(client);
        connection.await??;
        Ok(())
    }
}
