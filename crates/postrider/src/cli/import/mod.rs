//! `postrider import`: sources out of the files of other tools.
//!
//! Two steps. What a file says becomes plans ([`plan`]), one for each of its entries, without asking anybody; then the
//! plans are carried out through the API ([`apply`]), unless they are only to be shown. Each plan says what is different
//! here, what is left for the operator to do, and why an entry is not imported at all: nothing is dropped silently. What is
//! imported again is brought up to date, by its uid.
//!
//! Deliberately absent: an import that checks less than the tool did. An entry whose signature cannot be checked here is
//! refused.

mod apply;
mod config_text;
mod convoy;
mod door;
mod hooks;
mod plan;
mod report;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use self::door::Door;
use self::plan::Plan;
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::output::Output;
use super::settings::Settings;
use crate::config::Secret;

/// Bytes of a file.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Entries of all files.
const ENTRIES: usize = 1_000;

/// Where it comes from.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Import hooks of adnanh/webhook: hooks.json and hooks.yaml
    #[command(after_help = "\
Each hook becomes a source with the hook's id as its uid: its signature becomes the check, its other rules a filter, its \
command an endpoint `exec:NAME`. Commands run only if the configuration file has them: their tables are printed, or \
written with --config-out. Add them, restart the server, and import again. Exits with 1 when something could not be \
imported or is left to do.

Examples:
  postrider import hooks hooks.json --dry-run
  postrider import hooks hooks.yaml --config-out exec.toml --data-dir /var/lib/postrider
  POSTRIDER_KEY=… postrider import hooks hooks.json --server http://127.0.0.1:8071")]
    Hooks {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write the tables of the commands to this file, which must not exist
        #[arg(long, value_name = "FILE")]
        config_out: Option<PathBuf>,
        #[command(flatten)]
        to: To,
    },
    /// Import sources of Convoy: the answer of GET /api/v1/projects/{id}/sources
    #[command(after_help = "\
Each HTTP source becomes a source with Convoy's id as its uid. Exits with 1 when something could not be imported or is \
left to do.

Examples:
  curl -H 'Authorization: Bearer …' https://convoy.example/api/v1/projects/ID/sources > sources.json
  postrider import convoy sources.json --dry-run
  postrider import convoy sources.json --environment staging")]
    Convoy {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        to: To,
    },
}

/// Where it goes.
#[derive(Debug, Args)]
pub(super) struct To {
    /// Show what would be made, and make nothing
    #[arg(long)]
    dry_run: bool,
    /// Id or name of the environment
    #[arg(long, default_value = "default", conflicts_with = "server")]
    environment: String,
    /// A server, instead of the data directory
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// A file with an API key of the environment, for --server; or the variable `POSTRIDER_KEY`
    #[arg(long, value_name = "FILE", requires = "server")]
    key_file: Option<PathBuf>,
    #[arg(long, env = "POSTRIDER_KEY", hide = true, hide_env_values = true)]
    key: Option<Secret>,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Runs it.
pub(super) async fn run(verb: Verb, settings: &Settings) -> Result<Exit, Failure> {
    match verb {
        Verb::Hooks { files, config_out, to } => {
            let plans = read(&files, hooks::plans)?;
            if let Some(path) = &config_out {
                write(path, &config_text::of(&plans))?;
            }
            finish(plans, &to, settings, config_out.is_none()).await
        }
        Verb::Convoy { files, to } => finish(read(&files, convoy::plans)?, &to, settings, false).await,
    }
}

/// The plans of all files, in their order.
fn read(
    files: &[PathBuf],
    plans: fn(&Path, &str) -> Result<Vec<Plan>, String>,
) -> Result<Vec<Plan>, Failure> {
    let mut all: Vec<Plan> = Vec::new();
    for path in files {
        let text = text(path).map_err(|error| {
            let cause = error.downcast_ref::<io::Error>();
            let is_missing = cause.is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
            let exit = if is_missing { Exit::NotFound } else { Exit::Usage };
            Failure::failed_to(exit, error.context(format!("read {}", path.display())))
        })?;
        let told = |what: String| Failure::new(Exit::Usage, format!("{}: {what}", path.display()));
        all.extend(plans(path, &text).map_err(told)?);
        if all.len() > ENTRIES {
            return Err(Failure::new(Exit::Usage, format!("there are more than {ENTRIES} entries")));
        }
    }
    plan::keep_apart(&mut all);
    Ok(all)
}

fn text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(FILE_BYTES + 1).read_to_string(&mut text)?;
    anyhow::ensure!(read as u64 <= FILE_BYTES, "it has more than {FILE_BYTES} bytes");
    Ok(text)
}

/// Writes a new file for its owner alone: arguments of commands may be secrets.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("write {}", path.display())).or_failed_to(Exit::Failure)
}

async fn finish(
    mut plans: Vec<Plan>,
    to: &To,
    settings: &Settings,
    with_config: bool,
) -> Result<Exit, Failure> {
    let mut done = Ok(());
    if !to.dry_run {
        let door = Door::open(to, settings).await?;
        done = apply::all(&door, &mut plans).await;
        done = done.and(door.close().await);
    }
    // What was done is told however it ended.
    report::print(&plans, to.output, with_config)?;
    done?;
    Ok(if plans.iter().all(Plan::is_whole) { Exit::Ok } else { Exit::Failure })
}
