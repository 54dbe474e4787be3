//! `compare`: runs Postrider and the relay in turn, on this machine, and prints medians and ratios.
//!
//! Everything it starts is its own child with a fresh data directory, and ends with it. The generator and the
//! receiver run inside this process, on one thread.

mod bench;
mod database;
mod pages;
mod process;
mod rest;
mod scenario;
mod server;
mod sheet;
mod subject;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use self::{bench::Options, scenario::Scenario, sheet::Sheet};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Postrider by scenario. Build everything with --release first.
#[derive(Parser)]
struct Args {
    /// What to measure, in this order
    #[arg(required = true, value_enum)]
    scenario: Vec<Scenario>,
    #[command(flatten)]
    options: Options,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let bench = bench::Bench::new(args.options)?;
    let mut sheets: Vec<Sheet> = Vec::new();
    for scenario in args.scenario {
        let sheet = scenario.run(&bench).await?;
        if let Output::Text = args.output {
            println!("{sheet}");
        }
        sheets.push(sheet);
    }
    if let Output::Json = args.output {
        println!("{}", serde_json::to_string_pretty(&sheets)?);
    }
    Ok(())
}
