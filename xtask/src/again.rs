//! A second look at tests that failed.
//!
//! Many tests hold real servers, databases and browsers against each other, and a machine that does something else for a
//! second can break one that is right. Such a test passes when it has the machine to itself. So a few that failed are run
//! once more, alone: what fails again has failed, and what passes is unsteady. The check then passes and names it, because
//! an unsteady test is a fault all the same, of the test or of what it tests, and somebody has to look.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::count::Counts;
use crate::process;

/// Tests that are looked at again. More than that do not fail by chance.
const MOST: usize = 3;

/// The tests that have failed in a run, in its order.
#[derive(Debug, Default)]
pub(crate) struct Failed(Vec<String>);

impl Failed {
    /// Notes the test that a line such as `test a::b ... FAILED` tells of.
    pub(crate) fn note(&mut self, line: &str) {
        let told = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"));
        self.0.extend(told.map(str::to_owned));
    }

    /// Whether a second look is worth it: something failed, and not much.
    pub(crate) fn is_few(&self) -> bool {
        (1..=MOST).contains(&self.0.len())
    }

    /// The tests.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// Runs them one by one with `command`, which is `cargo test` and whatever its tests are told. An error unless each
    /// of them passes.
    pub(crate) fn run_again(&self, quiet_max: Duration, command: &mut Command) -> Result<()> {
        eprintln!("\nonce more, alone: {}", self.0.join(", "));
        let mut counts = Counts::default();
        command.args(["--", "--test-threads=1", "--exact"]).args(&self.0);
        process::watch(quiet_max, command, |line| counts.add(line))?;
        let wanted = self.0.len() as u64;
        ensure!(counts.passed >= wanted, "run {wanted} tests again: {} were run", counts.passed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_fail_are_noted_and_others_are_not() {
        let mut failed = Failed::default();
        assert!(!failed.is_few());
        for line in [
            "test a::b ... ok",
            "test a::c ... FAILED",
            "failures:",
            "    a::c",
            "test result: FAILED. 1 passed",
        ] {
            failed.note(line);
        }
        assert_eq!(failed.names(), ["a::c"]);
        assert!(failed.is_few());
        for number in 0..MOST {
            failed.note(&format!("test d::{number} ... FAILED"));
        }
        assert!(!failed.is_few());
    }

    #[test]
    fn what_is_not_there_does_not_pass() {
        let mut failed = Failed::default();
        failed.note("test gone ... FAILED");
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test result: ok. 0 passed; 0 failed'"]);
        assert!(failed.run_again(Duration::from_secs(60), &mut command).is_err());
    }
}
