//! Steps that run one after another, each under a heading, with a table of them all at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What a step that did not fail has to say for the table: for instance how much it did, or what it left out.
pub(crate) type Note = String;

/// Steps that were run, or were left out after a failure.
pub(crate) struct Steps {
    keep_going: bool,
    total: usize,
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    took: Duration,
    result: Outcome,
}

enum Outcome {
    Done(Note),
    Failed(anyhow::Error),
    LeftOut,
}

impl Steps {
    /// `total` steps, of which none runs after one that failed unless `keep_going`.
    pub(crate) fn new(total: usize, keep_going: bool) -> Self {
        Self { keep_going, total, rows: Vec::with_capacity(total) }
    }

    /// Runs a step, unless an earlier failure forbids it.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Note>) {
        let began = Instant::now();
        let result = if self.failures() > 0 && !self.keep_going {
            Outcome::LeftOut
        } else {
            eprintln!("\n==> [{}/{}] {name}", self.rows.len() + 1, self.total);
            match work() {
                Ok(note) => Outcome::Done(note),
                Err(error) => {
                    eprintln!("error: failed to {error:#}");
                    Outcome::Failed(error)
                }
            }
        };
        self.rows.push(Row { name, took: began.elapsed(), result });
    }

    /// Prints the table. An error when a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        eprintln!("\n{:<8} {:>7}  step", "result", "time");
        for Row { name, took, result } in &self.rows {
            let (word, note) = match result {
                Outcome::Done(note) => ("ok", note.clone()),
                Outcome::Failed(error) => ("FAILED", error.to_string()),
                Outcome::LeftOut => ("left out", String::new()),
            };
            let colon = if note.is_empty() { "" } else { ": " };
            eprintln!("{word:<8} {:>7}  {name}{colon}{note}", clock(*took));
        }
        match self.failures() {
            0 => Ok(()),
            failures => bail!("pass: {failures} of {} steps failed", self.total),
        }
    }

    fn failures(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.result, Outcome::Failed(_))).count()
    }
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn ran(keep_going: bool) -> (Vec<&'static str>, Result<()>) {
        let (mut ran, mut steps) = (Vec::new(), Steps::new(3, keep_going));
        steps.step("first", || {
            ran.push("first");
            Ok(Note::new())
        });
        steps.step("second", || {
            ran.push("second");
            Err(anyhow!("do it"))
        });
        steps.step("third", || {
            ran.push("third");
            Ok(Note::new())
        });
        (ran, steps.finish())
    }

    #[test]
    fn a_failure_ends_the_run_and_fails_it() {
        let (ran, result) = ran(false);
        assert_eq!(ran, ["first", "second"]);
        assert!(result.is_err());
    }

    #[test]
    fn a_run_that_keeps_going_fails_all_the_same() {
        let (ran, result) = ran(true);
        assert_eq!(ran, ["first", "second", "third"]);
        assert!(result.is_err());
    }

    #[test]
    fn times_are_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_millis(999)), "0:00");
        assert_eq!(clock(Duration::from_secs(61)), "1:01");
        assert_eq!(clock(Duration::from_secs(3_600)), "60:00");
    }
}
