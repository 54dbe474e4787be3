//! The sealing key of an installation that is moved: it must be the same afterwards.

use std::path::Path;

use anyhow::Context as _;
use postrider_core::rng::SystemRng;
use postrider_store::seal::{SealKey, load_or_create};
use postrider_store::transfer::Engine;

use super::super::backup::copy_key;
use super::super::exit::Exit;
use super::super::failure::{Failure, OrExit as _};
use super::super::serve::start_failure;
use crate::app::{SEAL_KEY_FILE, StartError, data_dir};
use crate::config::Config;

/// The key in the settings, else that of the data directory `dir`. If that is the one to be moved into and has none,
/// it gets a copy of the one in the data directory of the settings.
pub(super) fn find(config: &Config, dir: &Path, is_source: bool) -> Result<SealKey, Failure> {
    if let Some(key) = &config.general.seal_key {
        return SealKey::parse(key.expose()).map_err(|error| start_failure(StartError::SealKey(error)));
    }
    let file = dir.join(SEAL_KEY_FILE);
    if !file.exists() {
        let other = config.general.data_dir.join(SEAL_KEY_FILE);
        if is_source || !other.exists() {
            let sentence = format!("there is no sealing key: neither {} nor `seal_key`", file.display());
            return Err(Failure::new(Exit::NotFound, sentence));
        }
        data_dir::make(dir).map_err(start_failure)?;
        copy_key(&other, &file).context("copy the sealing key").or_failed_to(Exit::Failure)?;
    }
    load_or_create(&file, &SystemRng::new()).map_err(|error| start_failure(StartError::KeyFile(error)))
}

/// What is to be done about the key now.
pub(super) fn advice(config: &Config, dir: &Path, from: &Engine) -> String {
    let file = dir.join(SEAL_KEY_FILE);
    match from {
        _ if config.general.seal_key.is_some() => {
            "the servers of the new database need the same seal_key as the old ones".to_owned()
        }
        Engine::Sqlite(_) => format!(
            "the servers of the new database need the sealing key in {}: use that data directory, or set seal_key",
            file.display()
        ),
        Engine::Postgres(_) => {
            format!("its sealing key is {}; keep a copy apart from the backups", file.display())
        }
    }
}
