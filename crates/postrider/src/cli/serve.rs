//! `postrider serve`: runs the server until it is told to stop.

use postrider_store::sqlite::OpenError;

use super::exit::{Exit, Failure};
use super::output;
use super::settings::Settings;
use crate::app::{self, Overrides, Running, StartError};
use crate::config::Config;
use crate::shutdown::Signals;
use crate::telemetry::logs;

/// Runs it.
pub(super) async fn run(settings: &Settings) -> Result<Exit, Failure> {
    let config = settings.load(Config::default())?.config;
    logs::install(&config.log)?;
    let mut signals = Signals::listen()?;
    let running = tokio::select! {
        running = app::start(config, Overrides::default()) => running.map_err(start_failure)?,
        _ = signals.next() => return Ok(Exit::Interrupted),
    };
    if let Some(key) = &running.first_key {
        eprintln!("postrider: the first start made an API key; it is shown only now:");
        output::print(&format!("key: {}\n", key.expose()))?;
    }
    until_stopped(running, signals).await
}

/// Waits for a signal, then stops in order; a second signal ends the process at once.
pub(super) async fn until_stopped(running: Running, mut signals: Signals) -> Result<Exit, Failure> {
    let asked = signals.next().await;
    tracing::info!(signal = ?asked, "stopping");
    tokio::select! {
        stopped = running.stop() => {
            stopped.map_err(start_failure)?;
            Ok(Exit::Ok)
        }
        _ = signals.next() => {
            tracing::warn!("stopping at once; what was under way is taken up by the next start");
            Ok(Exit::Interrupted)
        }
    }
}

/// With its exit code.
pub(super) fn start_failure(error: StartError) -> Failure {
    let exit = match &error {
        StartError::SealKey(_) | StartError::BootstrapKey(_) | StartError::Nat64(_) => Exit::Config,
        StartError::Listen { .. } | StartError::Open(OpenError::Locked(_)) => Exit::Retry,
        StartError::DataDir { .. } | StartError::KeyFile(_) | StartError::Open(_) | StartError::Store(_) => {
            Exit::Failure
        }
    };
    Failure { exit, error: error.into() }
}
