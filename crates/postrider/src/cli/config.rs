//! `postrider config`: checks and shows the configuration.

use clap::Subcommand;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::settings::Settings;
use crate::config::{self, Config};

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Read everything and say what is wrong
    Check,
    /// Print every key with its value and where it was set; secrets are not shown
    Show {
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Print the reference of all keys, as Markdown
    Reference,
}

/// Runs it.
pub(super) fn run(verb: &Verb, settings: &Settings) -> Result<Exit, Failure> {
    match verb {
        Verb::Check => {
            settings.load(Config::default())?;
            eprintln!("postrider: the configuration is fine");
        }
        Verb::Show { output: Output::Json } => output::json(&settings.load(Config::default())?.rows())?,
        Verb::Show { output: Output::Table } => {
            let rows = settings.load(Config::default())?.rows();
            let rows: Vec<_> = rows.into_iter().map(|row| [row.key, row.value, row.origin]).collect();
            output::print(&output::table(["KEY", "VALUE", "FROM"], &rows))?;
        }
        Verb::Reference => output::print(&config::reference())?,
    }
    Ok(Exit::Ok)
}
