//! Latencies over time: how many attempts took how long, from the same rollups as every report.
//!
//! What is stored is a histogram for each bucket of time, so nothing is estimated here but the quantiles.

use std::fmt::Write as _;
use std::time::Duration;

use postrider_core::rollup::{Counts, LATENCY_BUCKETS, latency_bounds};
use postrider_core::time::Timestamp;

use super::report::Report;

/// How many points become one, where they become fewer.
const FOLDS: [i64; 9] = [1, 2, 3, 4, 6, 12, 24, 48, 96];

/// Latencies over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heat {
    /// From this time on: when the first point that can be begins.
    pub since: Timestamp,
    /// To before this time.
    pub until: Timestamp,
    /// How far apart the points are, in microseconds.
    pub step: i64,
    /// Those in which an attempt has a latency, oldest first.
    pub points: Vec<(Timestamp, Counts)>,
}

impl Heat {
    /// Of a report that tells nothing apart, with at most `most` points: neighbours become one where there are more.
    #[must_use]
    pub fn of(report: &Report, most: i64) -> Self {
        let count = report.resolution.points(report.since, report.until);
        let fits = |fold: &i64| count <= most.saturating_mul(*fold);
        let fold = FOLDS.into_iter().find(fits).unwrap_or_else(|| count.div_euclid(most.max(1)) + 1);
        let (first, step) = (report.since.as_micros(), report.resolution.micros() * fold);
        let mut points: Vec<(Timestamp, Counts)> = Vec::new();
        for (at, counts) in report.lines.first().iter().flat_map(|line| &line.points) {
            if counts.latencies().iter().all(|count| *count == 0) {
                continue;
            }
            let at = Timestamp::from_micros(first + (at.as_micros() - first).div_euclid(step) * step);
            match points.last_mut() {
                Some((last, sum)) if *last == at => sum.merge(counts),
                _ => points.push((at, *counts)),
            }
        }
        Self { since: report.since, until: report.until, step, points }
    }

    /// When all points begin that there can be, oldest first.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let (first, step) = (self.since.as_micros(), self.step);
        let count = (self.until.as_micros() - first + step - 1).div_euclid(step);
        (0..count).map(move |number| Timestamp::from_micros(first + number * step))
    }

    /// It as a file of comma-separated values: a row for each point, a column for each bucket.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::from("at");
        for bucket in 0..LATENCY_BUCKETS {
            let _ = write!(out, ",from_{}_ms", latency_bounds(bucket).0.as_millis());
        }
        out.push_str(",p50_ms,p95_ms,p99_ms\r\n");
        for (at, counts) in &self.points {
            let _ = write!(out, "{at}");
            for count in counts.latencies() {
                let _ = write!(out, ",{count}");
            }
            for share in [0.5, 0.95, 0.99] {
                out.push(',');
                if let Some(latency) = counts.latency(share) {
                    let _ = write!(out, "{:.3}", latency.as_secs_f64() * 1_000.0);
                }
            }
            out.push_str("\r\n");
        }
        out
    }

    /// The time between two points.
    #[must_use]
    pub fn distance(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.step).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::rollup::{Counter, Resolution};

    use super::super::{By, Key, Line};
    use super::*;

    const MINUTE: i64 = 60_000_000;

    /// A day by five minutes, with attempts that took a millisecond at these minutes of it.
    fn day(minutes: &[i64]) -> Report {
        let mut counts = Counts::default();
        counts.add(Counter::Latency1, 2);
        let at = |minute: i64| Timestamp::from_micros(minute * MINUTE);
        let points = minutes.iter().map(|minute| (at(*minute), counts)).collect();
        let line = Line { key: Key::All, name: String::new(), total: counts, points };
        Report::new((at(0), at(24 * 60)), Resolution::FiveMinutes, By::None, vec![line], None)
    }

    #[test]
    fn neighbours_become_one_where_there_are_more_than_fit() {
        for (most, minutes, points) in
            [(288, 5, &[0, 25, 30, 1_435][..]), (50, 30, &[0, 30, 1_410]), (1, 24 * 60 + 5, &[0])]
        {
            let heat = Heat::of(&day(&[0, 25, 30, 1_435]), most);
            assert_eq!(heat.step, minutes * MINUTE, "{most}");
            let times: Vec<_> = heat.points.iter().map(|(at, _)| at.as_micros() / MINUTE).collect();
            assert_eq!(times, points, "{most}");
            let all: u64 = heat.points.iter().map(|(_, counts)| counts.latencies()[1]).sum();
            assert_eq!(all, 8, "nothing is lost: {most}");
            assert!(heat.times().count() <= usize::try_from(most).unwrap(), "{most}");
        }
    }

    #[test]
    fn a_file_has_a_column_for_each_bucket() {
        let heat = Heat::of(&day(&[5]), 300);
        let file = heat.csv();
        let rows: Vec<_> = file.lines().collect();
        assert!(rows[0].starts_with("at,from_0_ms,from_1_ms,from_2_ms,from_4_ms,"), "{file}");
        assert!(rows[0].ends_with(",from_16384_ms,p50_ms,p95_ms,p99_ms"), "{file}");
        assert!(rows[1].starts_with("1970-01-01T00:05:00.000000Z,0,2,0,") && rows.len() == 2, "{file}");
        assert!(rows[1].ends_with(",1.500,1.950,1.990"), "{file}");
    }
}
