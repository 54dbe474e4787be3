//! The whole check.
//!
//! Quick steps come first, so that a forgotten `cargo fmt` does not cost a build. Tests run under plain `cargo test`:
//! whoever clones the repository gets the same result without installing a test runner. There, a test that lacks a tool
//! is skipped; here that is a failure, because a check which leaves something out has not checked everything.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::again::Failed;
use crate::count::{self, Counts, Skips};
use crate::step::{Note, Steps};
use crate::workspace::{cargo, is_ci, target};
use crate::{deps, postgres, process, tools, vendor};

/// The longest that tests may show nothing: a cold build takes most of it, and no single test a quarter.
const QUIET_MAX: Duration = Duration::from_secs(20 * 60);

/// What to go on after.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Go on after a step that failed, to see all that is wrong at once.
    #[arg(long)]
    keep_going: bool,
    /// Pass also when tests were skipped because this machine lacks a tool.
    #[arg(long)]
    may_skip: bool,
}

/// Runs all steps. What each writes goes through; a table of them, and a line that counts the tests, end it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { keep_going, may_skip } = *arguments;
    let mut counts = Counts::default();
    let mut steps = Steps::new(7, keep_going);
    let mut server = None;
    steps.step("formatting", || {
        process::run(cargo().args(["fmt", "--all", "--check"]))?;
        Ok(Note::new())
    });
    steps.step("dependencies", || {
        deps::check()?;
        Ok(Note::new())
    });
    steps.step("files of others", vendor::check);
    steps.step("lints", || {
        process::run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
        Ok(Note::new())
    });
    steps.step("tools for the tests", || tools::install(is_ci() || !may_skip));
    steps.step("PostgreSQL for the tests", || database(may_skip && !is_ci(), &mut server));
    steps.step("tests", || tests(arguments, server.as_ref(), &mut counts));
    drop(server);
    let done = steps.finish();
    println!("{counts}");
    done
}

/// Starts the server that tests use. What cannot be had is an error unless tests `may_skip`.
fn database(may_skip: bool, server: &mut Option<postgres::Server>) -> Result<Note> {
    match postgres::Server::start() {
        Ok(started) => *server = Some(started),
        Err(error) if may_skip => {
            eprintln!("postgresql: failed to {error:#}");
            return Ok("without it, so that its tests will be skipped".to_owned());
        }
        Err(error) => return Err(error),
    }
    Ok(Note::new())
}

fn tests(arguments: &Arguments, server: Option<&postgres::Server>, counts: &mut Counts) -> Result<Note> {
    let skips = Skips::begin(&target())?;
    let command = || {
        let mut command = cargo();
        command.args(["test", "--workspace", "--no-fail-fast"]);
        command.env("POSTRIDER_TEST_TOOLS", tools::home()).env(count::VARIABLE, skips.path());
        if let Some(server) = server {
            server.tell(&mut command);
        }
        command
    };
    let mut failed = Failed::default();
    let done = process::watch(QUIET_MAX, &mut command(), |line| {
        counts.add(line);
        failed.note(line);
    });
    let skipped = skips.read()?;
    counts.skip(skipped.len());
    for (test, reason) in &skipped {
        eprintln!("skipped: {test}: {reason}");
    }
    let mut note = String::new();
    match done {
        Err(_) if failed.is_few() => {
            failed.run_again(QUIET_MAX, &mut command())?;
            note = format!(", UNSTEADY, passed only alone: {}", failed.names().join(", "));
        }
        done => done?,
    }
    ensure!(counts.passed > 0, "run tests: cargo reported none");
    ensure!(arguments.may_skip || skipped.is_empty(), "run all tests: {} were skipped", skipped.len());
    Ok(format!("{counts}{note}"))
}
