//! `postrider serve`: runs the server until it is told to stop.

use std::io;

use postrider_store::seal::KeyFileError;
use postrider_store::{postgres, sqlite};

use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::settings::Settings;
use crate::app::{self, Overrides, Running, StartError};
use crate::config::Config;
use crate::shutdown::Signals;
use crate::telemetry::logs;

/// At the end of its `--help`.
pub(super) const EXAMPLES: &str = "\
The first start makes the data directory, the sealing key and an API key, which it prints once.

Examples:
  postrider serve --data-dir /var/lib/postrider
  postrider serve --database postgres://postrider@db.example/postrider --set store.password_file=/run/secrets/pg
  postrider serve --config /etc/postrider/postrider.toml --listen 0.0.0.0:8071
  POSTRIDER_METRICS__TOKEN_FILE=/run/secrets/metrics postrider serve";

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
    if let Some(link) = &running.first_link {
        eprintln!(
            "postrider: nobody can sign in to the dashboard yet. This link makes the first admin, once, within a day:"
        );
        eprintln!("postrider: {}", link.url);
    }
    until_stopped(running, signals).await
}

/// Waits for a signal, then stops in order, unless the cluster goes on without this node; a second signal ends the process at once, with a code of its own.
pub(super) async fn until_stopped(running: Running, mut signals: Signals) -> Result<Exit, Failure> {
    let asked = tokio::select! {
        asked = signals.next() => asked,
        why = running.out() => {
            // Nothing is stopped in order: others have what was ours, and nothing more can be recorded.
            return Err(Failure::failed_to(Exit::Retry, Out(why)).with_hint(Some(OUT)));
        }
    };
    tracing::info!(signal = ?asked, "stopping");
    tokio::select! {
        stopped = running.stop() => {
            stopped.map_err(start_failure)?;
            Ok(Exit::Ok)
        }
        _ = signals.insists() => {
            tracing::warn!("stopping at once; what was under way is taken up by the next start");
            Ok(Exit::Interrupted)
        }
    }
}

/// A node that is out of its cluster.
#[derive(Debug, thiserror::Error)]
#[error("stay in the cluster")]
struct Out(#[source] postrider_store::Error);

const OUT: &str =
    "nothing is lost: other nodes send what this one was to send; start it again, as a supervisor does";

/// With its exit code, and what can be done about it.
pub(super) fn start_failure(error: StartError) -> Failure {
    let exit = match &error {
        StartError::SealKey(_)
        | StartError::BootstrapKey(_)
        | StartError::Presets { .. }
        | StartError::Nat64(_)
        | StartError::Postgres(postgres::OpenError::Address(_)) => Exit::Config,
        StartError::Listen { .. }
        | StartError::Locked(_)
        | StartError::Open(sqlite::OpenError::Locked(_))
        | StartError::Postgres(postgres::OpenError::NoSlot(_)) => Exit::Retry,
        StartError::Postgres(postgres::OpenError::Connect(_)) => Exit::Unavailable,
        StartError::DataDir { .. }
        | StartError::PasswordFile { .. }
        | StartError::KeyFile(_)
        | StartError::Open(_)
        | StartError::Postgres(_)
        | StartError::Store(_) => Exit::Failure,
    };
    let hint = hint(&error);
    Failure::failed_to(exit, error).with_hint(hint)
}

fn hint(error: &StartError) -> Option<&'static str> {
    match error {
        StartError::Listen { source, .. } => match source.kind() {
            io::ErrorKind::AddrInUse => {
                Some("is it running already? `--listen` takes another address or port")
            }
            io::ErrorKind::AddrNotAvailable => Some("this machine does not have the address; see `--listen`"),
            io::ErrorKind::PermissionDenied => {
                Some("ports below 1024 are for privileged users; see `--listen`")
            }
            _ => None,
        },
        StartError::DataDir { .. } | StartError::KeyFile(KeyFileError::Io { .. }) => {
            Some("`--data-dir` names another directory, in which this user may write")
        }
        StartError::Locked(_) | StartError::Open(sqlite::OpenError::Locked(_)) => {
            Some("`postrider doctor` with the same settings says which process it is")
        }
        StartError::Open(sqlite::OpenError::WrongKey(_)) => {
            Some("put back the `seal.key` of the data directory, or set `seal_key` to what it held")
        }
        StartError::Postgres(error) => postgres_hint(error),
        _ => None,
    }
}

fn postgres_hint(error: &postgres::OpenError) -> Option<&'static str> {
    use postgres::OpenError;
    match error {
        OpenError::NotDurable => Some("`ALTER ROLE … SET synchronous_commit = on` for its user mends that"),
        OpenError::WrongKey(_) => Some(
            "all servers of a database need the same key: set `seal_key` to what `seal.key` of the first one holds",
        ),
        OpenError::Connect(_) => {
            Some("is it running, and are host, user, TLS (sslmode) and store.password right?")
        }
        _ => None,
    }
}
