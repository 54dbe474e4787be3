//! `postrider restore`: puts a backup into an empty data directory.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::backup::{copy_key, key_beside};
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::serve::start_failure;
use super::settings::Settings;
use crate::app::{SEAL_KEY_FILE, data_dir};
use crate::config::{Config, Database};

/// What to restore.
#[derive(Debug, Args)]
#[command(after_help = "\
The data directory must be empty or absent. The sealing key that the backup was made with is needed too: it is taken \
from FILE.key where that exists, else put it into the data directory as `seal.key` (mode 0600), or set `seal_key`, \
before the first start.

Deliveries that were waiting when the backup was made are attempted again, also those that have arrived since.

Examples:
  postrider restore --from /backups/monday.db --data-dir /var/lib/postrider")]
pub(super) struct Arguments {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

/// Runs it.
pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<Exit, Failure> {
    let config = settings.load(Config::default())?.config;
    if let Database::Postgres(_) = config.store.database {
        let sentence = "a PostgreSQL database is restored with pg_restore, or by whoever runs it";
        return Err(Failure::new(Exit::Usage, sentence));
    }
    let data_dir = config.general.data_dir;
    let from = arguments.from.clone();
    if !from.is_file() {
        return Err(Failure::new(Exit::NotFound, format!("there is no file {}", from.display())));
    }
    data_dir::make(&data_dir).map_err(start_failure)?;
    let to = data_dir.clone();
    tokio::task::spawn_blocking(move || postrider_store::sqlite::restore(&from, &to))
        .await?
        .or_failed_to(Exit::Failure)?;

    let (key, place) = (key_beside(&arguments.from), data_dir.join(SEAL_KEY_FILE));
    if key.is_file() {
        copy_key(&key, &place).context("copy the sealing key").or_failed_to(Exit::Failure)?;
    } else if config.general.seal_key.is_none() {
        eprintln!(
            "postrider: before the first start, put the sealing key of the backup at {} (mode 0600), or set seal_key",
            place.display()
        );
    }
    eprintln!("postrider: restored to {}", data_dir.display());
    Ok(Exit::Ok)
}
