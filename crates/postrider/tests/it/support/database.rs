//! Databases in the PostgreSQL server that `POSTRIDER_TEST_POSTGRES_URL` names; `cargo xtask test` starts one.

use std::sync::atomic::{AtomicU32, Ordering};

use postrider::config::{self, Config, Secret};
use tokio_postgres::NoTls;
use url::Url;

use super::skip;

/// Names the server.
const VARIABLE: &str = "POSTRIDER_TEST_POSTGRES_URL";

/// Where a database is.
#[derive(Debug, Clone)]
pub(crate) struct Place(Url);

/// A database that is dropped with this value.
pub(crate) struct Database {
    place: Place,
    name: String,
}

impl Place {
    /// Of the server's own database; `None` where there is no server to test with.
    pub(crate) fn of_server() -> Option<Self> {
        let url = std::env::var(VARIABLE).ok()?;
        Some(Self(url.parse().unwrap_or_else(|_| panic!("{VARIABLE} is no URL"))))
    }

    /// Of the database with this name on the same server.
    pub(crate) fn named(&self, name: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(name);
        Self(url)
    }

    /// As it is written in settings: without the password.
    pub(crate) fn url(&self) -> String {
        let mut url = self.0.clone();
        url.set_password(None).unwrap();
        url.to_string()
    }

    /// `None` where the server trusts everybody.
    pub(crate) fn password(&self) -> Option<String> {
        let password = percent_encoding::percent_decode_str(self.0.password()?);
        Some(password.decode_utf8().unwrap().into_owned())
    }

    /// Has a server in this process use it.
    pub(crate) fn configure(&self, config: &mut Config) {
        config.store.database = config::Database::Postgres(self.url());
        config.store.password = self.password().map(Secret::from);
    }

    /// Has a server process use it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let password = self.password().map(|password| ("POSTRIDER_STORE__PASSWORD", password));
        [("POSTRIDER_STORE__DATABASE", self.url())].into_iter().chain(password).collect()
    }

    /// Runs statements, and gives the first column of the rows. For callers without a runtime too: it has its own.
    pub(crate) fn run(&self, sql: &str) -> Vec<String> {
        let (url, sql) = (self.0.to_string(), sql.to_owned());
        let work = async move {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let messages = client.simple_query(&sql).await.unwrap();
            let first = |message: &tokio_postgres::SimpleQueryMessage| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            };
            messages.iter().filter_map(first).collect()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || runtime.block_on(work)).join().unwrap()
    }
}

impl Database {
    /// A new one; `None`, after saying that the test was skipped, where there is no server to test with.
    pub(crate) fn fresh() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = Place::of_server() else {
            skip(&format!("{VARIABLE} names no PostgreSQL server; `cargo xtask test` starts one"));
            return None;
        };
        let name = format!("postrider_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        server.run(&format!("CREATE DATABASE {name}"));
        Some(Self { place: server.named(&name), name })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop_databases(&self.name);
    }
}

/// Drops the databases whose names begin like that, whoever still uses them.
pub(crate) fn drop_databases(prefix: &str) {
    let Some(server) = Place::of_server() else { return };
    for name in server.run(&format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{prefix}')"))
    {
        server.run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}
