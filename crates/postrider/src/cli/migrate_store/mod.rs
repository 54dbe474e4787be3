//! `postrider migrate-store`: moves a whole installation between SQLite and PostgreSQL.
//!
//! The store does it ([`postrider_store::transfer`]); here is what a person says and sees.

mod address;
mod key;
mod progress;

use std::sync::Arc;

use clap::Args;
use postrider_core::rng::{Rng, SystemRng};
use postrider_store::seal::Sealer;
use postrider_store::transfer::{self, Compared, Engine, Place, Report, TransferError};
use postrider_store::{Error, postgres, sqlite};
use serde::Serialize;

use self::address::Address;
use self::progress::Shown;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::serve::start_failure;
use super::settings::Settings;
use crate::app::StartError;
use crate::app::database::postgres_options;
use crate::config::Config;

/// What to move.
#[derive(Debug, Args)]
#[command(after_help = "\
One of the two is a data directory, sqlite://DIR, the other a PostgreSQL database, whose password is store.password or \
store.password_file. No server may use either. What is moved from stays as it was, but is marked: a server does not \
start on it any more, unless --undo takes the mark away. What is moved into must be empty, and is not served before \
everything has arrived and both sides were compared.

It may be interrupted at any moment: the same command goes on where it was.

Both need the same sealing key. It is `seal_key`, or else `seal.key` in DIR; where that is a new directory, the one in \
--data-dir is copied there.

Examples:
  postrider migrate-store sqlite:///var/lib/postrider postgres://postrider@db.example/postrider \
--set store.password_file=/run/secrets/pg
  postrider migrate-store --undo sqlite:///var/lib/postrider")]
pub(super) struct Arguments {
    /// Where everything is: a data directory, as `sqlite://DIR`, or a PostgreSQL database, as `postgres://…`
    #[arg(value_name = "FROM", required_unless_present = "undo")]
    from: Option<String>,
    /// Where it is to be
    #[arg(value_name = "TO", required_unless_present = "undo")]
    to: Option<String>,
    /// Let this database be served again although everything was moved away from it
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["from", "to"])]
    undo: Option<String>,
    /// How to print what was moved
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

const GO_ON: &str = "the same command goes on where it was";

/// Runs it.
pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<Exit, Failure> {
    let config = settings.load(Config::default())?.config;
    match (&arguments.from, &arguments.to, &arguments.undo) {
        (Some(from), Some(to), None) => migrate(&config, &read(from)?, &read(to)?, arguments.output).await,
        (_, _, Some(undo)) => free(&config, &read(undo)?).await,
        _ => Err(Failure::new(Exit::Usage, "two databases are needed: FROM and TO")),
    }
}

/// Not the parser of the arguments, which would repeat what it does not like, be it a password.
fn read(text: &str) -> Result<Address, Failure> {
    let argument = Address::parse(text);
    argument.map_err(|what| Failure::new(Exit::Usage, format!("what to move from or to {what}")))
}

async fn migrate(config: &Config, from: &Address, to: &Address, output: Output) -> Result<Exit, Failure> {
    let ((Address::Sqlite(dir), Address::Postgres(_)) | (Address::Postgres(_), Address::Sqlite(dir))) =
        (from, to)
    else {
        let hint = "a copy on the same engine is made with `postrider backup`, or with pg_dump";
        let sentence = "one of the two must be sqlite://DIR and the other a PostgreSQL database";
        return Err(Failure::new(Exit::Usage, sentence).with_hint(Some(hint)));
    };
    let key = key::find(config, dir, matches!(from, Address::Sqlite(_)))?;
    let sealer = sealer(&key);
    let (from, to) = (place(config, from, &sealer)?, place(config, to, &sealer)?);
    let shown = Shown::new();
    let moved = transfer::transfer(&from, &to, &|progress| shown.progress(progress)).await;
    shown.finish();
    match moved {
        Ok(report) => {
            print(&report, &from, &to, output)?;
            eprintln!(
                "postrider: moved {} rows; everything is in {to}, and {from} is not served any more",
                rows(&report)
            );
            eprintln!("postrider: {}", key::advice(config, dir, &from.engine));
            Ok(Exit::Ok)
        }
        Err(TransferError::Differs(report)) => {
            print(&report, &from, &to, output)?;
            Err(failure(TransferError::Differs(report)))
        }
        Err(error) => Err(failure(error)),
    }
}

async fn free(config: &Config, address: &Address) -> Result<Exit, Failure> {
    let key = match address {
        Address::Sqlite(dir) => key::find(config, dir, true)?,
        Address::Postgres(_) => key::find(config, &config.general.data_dir, true)?,
    };
    let place = place(config, address, &sealer(&key))?;
    transfer::undo(&place).await.map_err(failure)?;
    eprintln!("postrider: {place} can be served again");
    Ok(Exit::Ok)
}

fn sealer(key: &postrider_store::seal::SealKey) -> Arc<Sealer> {
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::new());
    Arc::new(Sealer::new(key, rng))
}

fn place(config: &Config, address: &Address, sealer: &Arc<Sealer>) -> Result<Place, Failure> {
    let sealer = Arc::clone(sealer);
    let engine = match address {
        Address::Sqlite(dir) => Engine::Sqlite(sqlite::Options::new(dir, sealer)),
        Address::Postgres(url) => {
            Engine::Postgres(postgres_options(config, url, sealer).map_err(start_failure)?)
        }
    };
    Ok(Place { name: address.to_string(), engine })
}

fn rows(report: &Report) -> u64 {
    report.kinds.iter().map(|compared| compared.to.rows).sum()
}

/// What was compared, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'r> {
    from: &'r str,
    to: &'r str,
    /// Rows that were copied by this run.
    copied: u64,
    kinds: Vec<ToldKind>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldKind {
    kind: &'static str,
    rows_from: u64,
    rows_to: u64,
    digest_from: String,
    digest_to: String,
    same: bool,
}

impl From<&Compared> for ToldKind {
    fn from(compared: &Compared) -> Self {
        Self {
            kind: compared.kind.name(),
            rows_from: compared.from.rows,
            rows_to: compared.to.rows,
            digest_from: format!("{:x}", compared.from),
            digest_to: format!("{:x}", compared.to),
            same: compared.is_same(),
        }
    }
}

fn print(report: &Report, from: &Place, to: &Place, output: Output) -> anyhow::Result<()> {
    let kinds: Vec<ToldKind> = report.kinds.iter().map(ToldKind::from).collect();
    match output {
        Output::Json => output::json(&Told { from: &from.name, to: &to.name, copied: report.copied, kinds }),
        Output::Table => {
            // Enough to see whether they differ.
            let short = |digest: &str| digest[..16].to_owned();
            let row = |kind: &ToldKind| {
                let verdict = if kind.same { "same" } else { "DIFFERS" };
                let rows = [kind.rows_from.to_string(), kind.rows_to.to_string()];
                let [rows_from, rows_to] = rows;
                let digests = (short(&kind.digest_from), short(&kind.digest_to));
                [kind.kind.to_owned(), rows_from, rows_to, digests.0, digests.1, verdict.to_owned()]
            };
            let rows: Vec<_> = kinds.iter().map(row).collect();
            let head = ["WHAT", "ROWS FROM", "ROWS TO", "DIGEST FROM", "DIGEST TO", ""];
            Ok(output::print(&output::table(head, &rows))?)
        }
    }
}

/// With its exit code, and what can be done about it.
fn failure(error: TransferError) -> Failure {
    let (exit, hint) = match error {
        TransferError::Sqlite(error) => return start_failure(StartError::Open(error)),
        TransferError::Postgres(postgres::OpenError::Moving) => (Exit::Retry, None),
        TransferError::Postgres(error) => return start_failure(StartError::from(error)),
        TransferError::NotFound(_) => (Exit::NotFound, None),
        TransferError::InUse { .. } => {
            (Exit::Retry, Some("a server that was killed is taken for gone after some ten seconds"))
        }
        TransferError::Gone { .. } => (
            Exit::Failure,
            Some("`--undo` lets it be served, and moved, again; what it was moved to must be emptied first"),
        ),
        TransferError::Incomplete { .. } | TransferError::Reserved { .. } => (
            Exit::Failure,
            Some("finish that move, or drop what it has left: the directory, or the schema `postrider`"),
        ),
        TransferError::NotEmpty(_) => (
            Exit::Failure,
            Some(
                "name another one, or empty it if nothing in it is needed: the directory, or `DROP SCHEMA postrider CASCADE`",
            ),
        ),
        TransferError::Copy { source: Error::Full, .. } => {
            (Exit::Retry, Some("make room there; then the same command goes on where it was"))
        }
        TransferError::Lost(_) => (Exit::Unavailable, Some(GO_ON)),
        TransferError::Copy { .. } | TransferError::Compare { .. } | TransferError::Engine(_) => {
            (Exit::Failure, Some(GO_ON))
        }
        TransferError::Differs(_) => (
            Exit::Failure,
            Some(
                "nothing was given up: the old one can be served as before. The same command empties the new one and starts over; if they differ again, keep both and report it",
            ),
        ),
        TransferError::NotMoved(_) => (Exit::Failure, None),
    };
    Failure::failed_to(exit, error).with_hint(hint)
}
