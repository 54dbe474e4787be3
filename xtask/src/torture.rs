//! The kill test and the torture of several nodes, for longer than the ordinary run has time.
//!
//! Both are tests in `crates/postrider/tests/it`, and the ordinary run has a few rounds of each. They have one shape:
//! publishers that write down what was acknowledged, receivers that write down what came, and an oracle that compares
//! the two.

use anyhow::{Result, ensure};

use crate::workspace::cargo;
use crate::{postgres, process};

/// What to torture, and for how long.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Tortures several nodes on a PostgreSQL server that is thrown away, by all that can happen to them and to it.
    /// Otherwise one server on SQLite is killed.
    #[arg(long)]
    postgres: bool,
    /// How many nodes there are.
    #[arg(long, default_value_t = 3, requires = "postgres", value_parser = clap::value_parser!(u32).range(2..=16))]
    nodes: u32,
    /// How often something happens. By default 100 kills of one server, or 200 rounds with several nodes.
    #[arg(long)]
    rounds: Option<u32>,
    /// Seconds that one round lasts at most; the test knows a good value. With several nodes the fault decides.
    #[arg(long, conflicts_with = "postgres")]
    seconds: Option<u32>,
    /// Repeats the choices of the run that printed this number, though not its timing.
    #[arg(long)]
    seed: Option<u64>,
}

/// The test of one server, and that of several nodes.
const KILL: &str = "kill::";
const NODES: &str = "postgres::faults::torture::";

/// Runs the test and shows what it prints.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { postgres: several, nodes, rounds, seconds, seed } = *arguments;
    let (filter, usual_rounds) = if several { (NODES, 200) } else { (KILL, 100) };
    let test = ["test", "--package", "postrider", "--test", "it", filter];
    // Cargo is content when a filter matches nothing.
    let list = process::output(cargo().args(test).args(["--", "--list", "--format", "terse"]))?;
    ensure!(!list.is_empty(), "find the test: none in crates/postrider/tests/it is named {filter}");

    let mut command = cargo();
    command.args(test).args(["--", "--nocapture"]);
    if several {
        command.env(postgres::PROGRAMS, postgres::programs()?);
        command.env("POSTRIDER_TORTURE_NODES", nodes.to_string());
    }
    command.env("POSTRIDER_TORTURE_ROUNDS", rounds.unwrap_or(usual_rounds).to_string());
    let numbers = [("POSTRIDER_TORTURE_SECONDS", seconds.map(u64::from)), ("POSTRIDER_TORTURE_SEED", seed)];
    for (name, number) in numbers {
        if let Some(number) = number {
            command.env(name, number.to_string());
        }
    }
    process::run(&mut command)
}
