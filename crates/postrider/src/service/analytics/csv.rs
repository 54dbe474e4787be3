//! Answers as files: comma-separated values as of RFC 4180, one row for each point of each line.
//!
//! Names come from customers, and spreadsheets run what begins like a formula: such a name gets an apostrophe in front,
//! which they take for "this is text".

use std::fmt::Write as _;
use std::time::Duration;

use postrider_core::rollup::{Counter, Counts};

use super::report::{Line, Report};

/// The report as a file, with a head.
#[must_use]
pub fn csv(report: &Report) -> String {
    let mut out = String::from(
        "at,kind,id,name,messages,attempts,succeeded,failed,retries,delivered,given_up,success_rate,mean_ms,p50_ms,\
         p95_ms,p99_ms",
    );
    for outcome in &Counter::OUTCOMES[1..] {
        out.push(',');
        out.push_str(outcome.name());
    }
    out.push_str("\r\n");
    for line in report.lines.iter().chain(&report.rest) {
        for (at, counts) in &line.points {
            let _ = write!(out, "{at},");
            row(line, counts, &mut out);
        }
    }
    out
}

/// Writing to a string cannot fail.
fn row(line: &Line, counts: &Counts, out: &mut String) {
    let _ = write!(out, "{},{},", line.key.kind(), line.key.id().unwrap_or_default());
    field(&line.name, out);
    let numbers = [
        counts.get(Counter::Messages),
        counts.attempts(),
        counts.get(Counter::Succeeded),
        counts.failed(),
        counts.get(Counter::Retries),
        counts.get(Counter::Delivered),
        counts.get(Counter::GivenUp),
    ];
    for number in numbers {
        let _ = write!(out, ",{number}");
    }
    out.push(',');
    if let Some(rate) = counts.success_rate() {
        let _ = write!(out, "{rate:.6}");
    }
    let shares = [0.5, 0.95, 0.99].map(|share| counts.latency(share));
    for latency in [counts.mean_latency()].into_iter().chain(shares) {
        out.push(',');
        if let Some(latency) = latency {
            let _ = write!(out, "{:.3}", millis(latency));
        }
    }
    for outcome in &Counter::OUTCOMES[1..] {
        let _ = write!(out, ",{}", counts.get(*outcome));
    }
    out.push_str("\r\n");
}

fn millis(latency: Duration) -> f64 {
    latency.as_secs_f64() * 1_000.0
}

/// Text as a field, in quotes where it needs them.
fn field(text: &str, out: &mut String) {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) || !guard.is_empty() {
        let _ = write!(out, "\"{guard}{}\"", text.replace('"', "\"\""));
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_they_say_and_no_formulas() {
        for (text, expected) in [
            ("invoice.paid", "invoice.paid"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=cmd()", "\"'=cmd()\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@x", "\"'@x\""),
            ("\tx", "\"'\tx\""),
        ] {
            let mut out = String::new();
            field(text, &mut out);
            assert_eq!(out, expected, "{text:?}");
        }
    }
}
