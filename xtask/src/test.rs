//! The whole check.
//!
//! Quick steps come first, so that a forgotten `cargo fmt` does not cost a build. Tests run under plain `cargo test`:
//! whoever clones the repository gets the same result without installing a test runner.

use anyhow::{Result, ensure};

use crate::step::{Note, Steps};
use crate::workspace::{cargo, is_ci};
use crate::{deps, process, tools};

/// Runs all steps. What each writes goes through, and a table of them ends it.
pub(crate) fn run(keep_going: bool) -> Result<()> {
    let mut steps = Steps::new(5, keep_going);
    steps.step("formatting", || {
        process::run(cargo().args(["fmt", "--all", "--check"]))?;
        Ok(Note::new())
    });
    steps.step("dependencies", || {
        deps::check()?;
        Ok(Note::new())
    });
    steps.step("lints", || {
        process::run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
        Ok(Note::new())
    });
    steps.step("tools for the tests", || tools::install(is_ci()));
    steps.step("tests", || tests(keep_going));
    steps.finish()
}

fn tests(keep_going: bool) -> Result<Note> {
    let mut command = cargo();
    command.args(["test", "--workspace"]).env("POSTRIDER_TEST_TOOLS", tools::home());
    if keep_going {
        command.arg("--no-fail-fast");
    }
    let mut counts = Counts::default();
    process::watch(&mut command, |line| counts.add(line))?;
    ensure!(counts.passed > 0, "run tests: cargo reported none");
    Ok(format!("{} passed, {} ignored", counts.passed, counts.ignored))
}

/// Tests that cargo reported, over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    ignored: u64,
}

impl Counts {
    /// Counts what a summary line such as `test result: ok. 7 passed; 0 failed; 1 ignored; …` says.
    fn add(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        for part in summary.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn summaries_add_up_and_other_lines_do_not_count() {
        let mut counts = Counts::default();
        for line in [
            "running 9 tests",
            "test a ... ok",
            "test result: ok. 7 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.03s",
            "test result: FAILED. 1 passed; 4 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.00s",
            "5 passed; 5 ignored",
        ] {
            counts.add(line);
        }
        assert_eq!(counts, Counts { passed: 8, ignored: 2 });
    }
}
