//! The database that the configuration names, opened: SQLite in the data directory, or PostgreSQL.
//!
//! Beyond this file nobody asks which one it is, except commands that look at it from outside.

use std::fs::File;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postrider_core::id::{IdGenerator, Slot};
use postrider_core::rng::Rng;
use postrider_core::scope::SystemScope;
use postrider_core::source::LinkKey;
use postrider_store::Store;
use postrider_store::postgres::{self, Durability, Postgres};
use postrider_store::seal::{self, SealKey, Sealer};
use postrider_store::sqlite::{self, Sqlite};
use serde::{Deserialize, Serialize};

use super::data_dir::{self, SEAL_KEY_FILE};
use super::error::StartError;
use crate::config::{self, Config};

/// What the key of links is derived for.
const LINKS: &str = "postrider links to sources, 1";

/// An open database.
pub(super) struct Database {
    pub(super) store: Arc<dyn Store>,
    /// Makes ids that no other node of the database makes.
    pub(super) ids: IdGenerator,
    pub(super) about: About,
    /// What links to sources are authenticated with, on every node alike.
    pub(super) links: LinkKey,
    /// Keeps other servers out of the data directory, where the store does not do so itself.
    pub(super) lock: Option<File>,
}

/// What a running server says about its database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "engine")]
pub(crate) enum About {
    /// SQLite, in the data directory.
    Sqlite,
    /// PostgreSQL.
    Postgres {
        /// The number of this node, which no other node has now.
        slot: u16,
        /// What a commit stands for.
        durability: Promise,
    },
}

/// What a commit of PostgreSQL stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Promise {
    /// It has reached the standbys that `synchronous_standby_names` names so.
    Standbys(String),
    /// It is on the disk of one server.
    Local,
    /// It may be in the memory of one server only.
    Unsynced,
}

/// Makes the data directory and the sealing key where there are none, and opens the database.
pub(super) async fn open(config: &Config, rng: &Arc<dyn Rng>) -> Result<Database, StartError> {
    let path = &config.general.data_dir;
    data_dir::make(path)?;
    let key = match &config.general.seal_key {
        Some(key) => SealKey::parse(key.expose())?,
        None => seal::load_or_create(&path.join(SEAL_KEY_FILE), &**rng)?,
    };
    let sealer = Arc::new(Sealer::new(&key, Arc::clone(rng)));
    let links = LinkKey::new(&key.derive(LINKS));
    match &config.store.database {
        config::Database::Sqlite => open_sqlite(config, sealer, links).await,
        config::Database::Postgres(url) => open_postgres(config, url, sealer, links).await,
    }
}

async fn open_sqlite(config: &Config, sealer: Arc<Sealer>, links: LinkKey) -> Result<Database, StartError> {
    let mut options = sqlite::Options::new(config.general.data_dir.clone(), sealer);
    options.min_free_bytes = config.store.min_free.bytes();
    options.queue_bytes = config.store.queue_bytes.len();
    let store = tokio::task::spawn_blocking(move || Sqlite::open(&options))
        .await
        .map_err(|panic| postrider_store::Error::Engine(panic.into()))??;
    let ids = IdGenerator::resume(store.last_row(SystemScope::assume()).await?);
    Ok(Database { store: Arc::new(store), ids, about: About::Sqlite, links, lock: None })
}

async fn open_postgres(
    config: &Config,
    url: &str,
    sealer: Arc<Sealer>,
    links: LinkKey,
) -> Result<Database, StartError> {
    let lock = data_dir::lock(&config.general.data_dir)?;
    let store = Postgres::open(&postgres_options(config, url, sealer)?).await?;
    let slot = Slot::new(store.slot()).expect("the store has as many slots as ids have room for");
    let ids = IdGenerator::resume_in(slot, store.last_row(SystemScope::assume()).await?);
    let about = About::Postgres { slot: slot.number(), durability: store.durability().into() };
    Ok(Database { store: Arc::new(store), ids, about, links, lock: Some(lock) })
}

/// How to open the PostgreSQL database at `url` as these settings say.
pub(crate) fn postgres_options(
    config: &Config,
    url: &str,
    sealer: Arc<Sealer>,
) -> Result<postgres::Options, StartError> {
    let settings = &config.store;
    if let Some(path) = &settings.password_file {
        // The store reads it for each connection, and can only log that it failed.
        let read = std::fs::read(path);
        read.map_err(|source| StartError::PasswordFile { path: path.clone(), source })?;
    }
    let mut options = postgres::Options::new(with_password(url, settings.password.as_ref()), sealer);
    options.password_file.clone_from(&settings.password_file);
    options.node = config.node.name();
    options.roles = config.node.roles.names().join(",");
    options.writers = settings.writers;
    options.readers = settings.connections;
    options.queue_bytes = settings.queue_bytes.len();
    Ok(options)
}

/// The URL that the driver gets; it goes nowhere else.
fn with_password(url: &str, password: Option<&config::Secret>) -> String {
    let Some(password) = password else { return url.to_owned() };
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}password={}", utf8_percent_encode(password.expose(), NON_ALPHANUMERIC))
}

impl From<&Durability> for Promise {
    fn from(durability: &Durability) -> Self {
        match durability {
            Durability::Standbys(names) => Self::Standbys(names.clone()),
            Durability::Local => Self::Local,
            Durability::Unsynced => Self::Unsynced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_added_whatever_it_consists_of() {
        let secret = config::Secret::from("p&w=?%é".to_owned());
        for (url, expected) in [
            ("postgres://u@h/d", "postgres://u@h/d?password=p%26w%3D%3F%25%C3%A9"),
            ("postgres://u@h/d?a=b", "postgres://u@h/d?a=b&password=p%26w%3D%3F%25%C3%A9"),
        ] {
            assert_eq!(with_password(url, Some(&secret)), expected);
            assert_eq!(with_password(url, None), url);
        }
    }
}
