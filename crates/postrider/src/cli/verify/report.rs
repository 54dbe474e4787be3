//! What `verify` prints.

use crate::cli::output;
use crate::service::examine::{Outcome, Report};

/// For people: the steps, and what they come to.
pub(super) fn text(report: &Report) -> String {
    let rows = report.steps.iter().map(|step| {
        let outcome = match step.outcome {
            Outcome::Ok => "ok",
            Outcome::Fail => "FAIL",
            Outcome::Skipped => "-",
        };
        [outcome.to_owned(), step.name.clone(), step.detail.clone()]
    });
    let steps = output::table(["", "STEP", "WHAT WAS FOUND"], &rows.collect::<Vec<_>>());
    let why = match (&report.reason, report.secret) {
        (Some(reason), _) => format!(": {reason}"),
        (None, Some(number)) => format!(" by secret {number}"),
        (None, None) => String::new(),
    };
    format!("{steps}\n{}{why}\n", report.verdict)
}
