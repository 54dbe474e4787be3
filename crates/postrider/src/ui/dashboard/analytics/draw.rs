//! Charts of reports: volume, success and latency.

use std::collections::HashMap;

use postrider_core::rollup::Counts;
use postrider_core::time::Timestamp;

use crate::service::analytics::{Line, Report};
use crate::ui::parts::chart::{Chart, Drawn, Unit};

/// Colours of lines that are told apart, in their order.
const COLOURS: [&str; 6] =
    ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

/// Attempts and, in front of them, those that failed.
pub(in crate::ui::dashboard) fn volume<'a>(report: &Report, line: &Line, brush: Option<String>) -> Chart<'a> {
    let lines = vec![
        drawn(report, line, "Attempts", "--series-good", |counts| Some(counts.attempts() as f64), Some(0.0)),
        drawn(report, line, "Failed", "--series-bad", |counts| Some(counts.failed() as f64), Some(0.0)),
    ];
    let times = report.times().collect();
    Chart {
        id: "volume",
        title: "Attempts",
        unit: Unit::Count,
        is_bars: true,
        times,
        lines,
        brush,
        height: None,
    }
}

/// The part of attempts that succeeded.
pub(super) fn success<'a>(report: &Report, line: &Line) -> Chart<'a> {
    let lines = vec![drawn(report, line, "Success rate", "--series-good", Counts::success_rate, None)];
    let times = report.times().collect();
    Chart {
        id: "success",
        title: "Success rate of attempts",
        unit: Unit::Share,
        is_bars: false,
        times,
        lines,
        brush: None,
        height: None,
    }
}

/// Latencies that half, 95 and 99 of a hundred attempts kept below.
pub(super) fn latency<'a>(report: &Report, line: &Line) -> Chart<'a> {
    let quantile = |share: f64, name: &str, colour| {
        drawn(report, line, name, colour, move |counts| millis(counts, share), None)
    };
    let lines = vec![
        quantile(0.99, "p99", "--series-3"),
        quantile(0.95, "p95", "--series-2"),
        quantile(0.5, "p50", "--series-1"),
    ];
    let times = report.times().collect();
    Chart {
        id: "latency",
        title: "Latency",
        unit: Unit::Millis,
        is_bars: false,
        times,
        lines,
        brush: None,
        height: None,
    }
}

/// Attempts by what they are told apart by: the first lines.
pub(super) fn by<'a>(report: &Report) -> Chart<'a> {
    let lines = report.lines.iter().zip(COLOURS).map(|(line, colour)| {
        drawn(report, line, &line.name, colour, |counts| Some(counts.attempts() as f64), Some(0.0))
    });
    let (lines, times) = (lines.collect(), report.times().collect());
    Chart {
        id: "by",
        title: "Attempts, told apart",
        unit: Unit::Count,
        is_bars: false,
        times,
        lines,
        brush: None,
        height: None,
    }
}

/// The latency that this share of attempts kept below, in milliseconds.
pub(in crate::ui::dashboard) fn millis(counts: &Counts, share: f64) -> Option<f64> {
    counts.latency(share).map(|latency| latency.as_secs_f64() * 1_000.0)
}

/// A line over all times of the report; `otherwise` is where nothing happened.
fn drawn(
    report: &Report,
    line: &Line,
    name: &str,
    colour: &'static str,
    value: impl Fn(&Counts) -> Option<f64>,
    otherwise: Option<f64>,
) -> Drawn {
    let points: HashMap<Timestamp, &Counts> = line.points.iter().map(|(at, counts)| (*at, counts)).collect();
    let values = report.times().map(|at| points.get(&at).map_or(otherwise, |counts| value(counts)));
    Drawn { name: name.to_owned(), colour, values: values.collect() }
}
