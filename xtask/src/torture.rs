//! The kill test, for longer than the ordinary run has time.

use anyhow::{Result, ensure};

use crate::process;
use crate::workspace::cargo;

/// How long to torture.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Seconds that one round lasts at most; the test knows a good value.
    #[arg(long)]
    seconds: Option<u32>,
}

/// Where the test is.
const TEST: [&str; 6] = ["test", "--package", "postrider", "--test", "it", "kill::"];

/// Runs the test and shows what it prints.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // Cargo is content when a filter matches nothing.
    let list = process::output(cargo().args(TEST).args(["--", "--list", "--format", "terse"]))?;
    ensure!(!list.is_empty(), "find the kill test: no test in crates/postrider/tests/it is named kill::");

    let mut command = cargo();
    command.args(TEST).args(["--", "--nocapture"]);
    command.env("POSTRIDER_TORTURE_ROUNDS", arguments.rounds.to_string());
    if let Some(seconds) = arguments.seconds {
        command.env("POSTRIDER_TORTURE_SECONDS", seconds.to_string());
    }
    process::run(&mut command)
}
