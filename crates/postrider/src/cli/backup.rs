//! `postrider backup`: copies the database, while it is in use or not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use postrider_store::postgres::BackupElsewhere;

use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::instance::Instance;
use super::settings::Settings;
use crate::app::SEAL_KEY_FILE;
use crate::config::{Config, Database};

/// What to do instead, with PostgreSQL.
const PG_DUMP: &str =
    "such as `pg_dump --format=custom --schema=postrider --file=FILE URL`; the sealing key is not in it";

/// What to copy, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
A PostgreSQL database is not copied by this command, but by pg_dump or whoever runs it.

A backup holds everything except the sealing key: signing secrets and custom headers in it are sealed with that key \
and worth nothing without it. Keep `seal.key` of the data directory (or your `seal_key`) apart from the backups, and \
keep it safe: there is no way to make it again. `--with-key` puts a copy beside the backup, for where both are equally \
guarded.

Examples:
  postrider backup --to /backups/monday.db
  postrider restore --from /backups/monday.db --data-dir /var/lib/postrider")]
pub(super) struct Arguments {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Copy the sealing key too, to FILE.key
    #[arg(long)]
    with_key: bool,
}

/// Where the sealing key of a backup is.
pub(super) fn key_beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".key");
    name.into()
}

/// Runs it.
pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<Exit, Failure> {
    let config = settings.load(Config::default())?.config;
    // The server may be in another directory than we are.
    let to = std::path::absolute(&arguments.to)?;
    if let Database::Postgres(_) = config.store.database {
        return Err(Failure::new(Exit::Usage, BackupElsewhere).with_hint(Some(PG_DUMP)));
    }
    place(&to)?;
    let instance = Instance::open(settings).await?;
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{bar:40} {percent:>3} %  {pos}/{len} pages  {eta}")
            .expect("the template is a constant"),
    );
    let shown = bar.clone();
    let progress = move |done, all| {
        shown.set_length(all);
        shown.set_position(done);
    };
    let done = instance.backup(&to, Arc::new(progress)).await;
    bar.finish_and_clear();
    instance.close().await?;
    done?;
    if arguments.with_key {
        if config.general.seal_key.is_some() {
            eprintln!(
                "postrider: the sealing key is in your configuration, not in the data directory; keep it there"
            );
        } else {
            copy_key(&config.general.data_dir.join(SEAL_KEY_FILE), &key_beside(&to))
                .context("copy the sealing key")
                .or_failed_to(Exit::Failure)?;
        }
    }
    eprintln!("postrider: wrote {}", to.display());
    Ok(Exit::Ok)
}

/// Says in plain words that a file cannot be made there. The store has the last word.
fn place(to: &Path) -> Result<(), Failure> {
    match to.parent() {
        _ if to.exists() => {
            let sentence = format!("{} exists; a backup does not overwrite anything", to.display());
            Err(Failure::new(Exit::Failure, sentence))
        }
        Some(dir) if !dir.is_dir() => {
            Err(Failure::new(Exit::NotFound, format!("there is no directory {}", dir.display())))
        }
        _ => Ok(()),
    }
}

/// Copies a key file, for its owner only.
pub(super) fn copy_key(from: &Path, to: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(to)?;
    io::copy(&mut fs::File::open(from)?, &mut file)?;
    file.sync_all()
}
