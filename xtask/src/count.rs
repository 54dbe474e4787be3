//! How many tests passed, failed and were skipped, over all test programs of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, Result};

/// Names the file in which tests note that they were skipped. They do it themselves: to the test runner, a test that
/// finds a tool missing and returns has passed.
pub(crate) const VARIABLE: &str = "POSTRIDER_TEST_SKIPS";

/// Tests that test programs reported.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// Counts what a summary line such as `test result: ok. 7 passed; 0 failed; 1 ignored; …` says.
    pub(crate) fn add(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        for part in summary.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }

    /// Counts tests that say that they were skipped, and were reported as passed.
    pub(crate) fn skip(&mut self, skipped: usize) {
        let skipped = skipped as u64;
        self.passed = self.passed.saturating_sub(skipped);
        self.skipped += skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// The file that [`VARIABLE`] names.
pub(crate) struct Skips(PathBuf);

impl Skips {
    /// An empty one in `folder`.
    pub(crate) fn begin(folder: &Path) -> Result<Self> {
        let path = folder.join("test-skips");
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        fs::write(&path, "").with_context(|| format!("empty {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The tests that were skipped, and why.
    pub(crate) fn read(&self) -> Result<BTreeMap<String, String>, io::Error> {
        let text = fs::read_to_string(&self.0)?;
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        Ok(lines.map(|(test, reason)| (test.to_owned(), reason.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(counts.to_string(), "8 passed, 4 failed, 0 skipped");
        counts.skip(2);
        assert_eq!(counts.to_string(), "6 passed, 4 failed, 2 skipped");
    }

    #[test]
    fn a_test_that_says_twice_that_it_was_skipped_counts_once() {
        let folder = std::env::temp_dir().join(format!("xtask-skips-{}", std::process::id()));
        let skips = Skips::begin(&folder).unwrap();
        fs::write(skips.path(), "a::b: there is no x\nc: no y: at all\na::b: there is no z\n").unwrap();
        let read = skips.read().unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["a::b", "c"]);
        assert_eq!(read["c"], "no y: at all");
    }
}
