//! Numbers as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_core::rollup::{Counter, Counts};
use postrider_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::analytics::{Key, Line, Report};

/// Numbers over time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportOut<'a> {
    /// The first point that can be.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Nothing of this time or later is counted.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// How far apart the points are: `5m`, `1h` or `1d`.
    #[schema(example = "5m")]
    resolution: &'static str,
    /// How the numbers are told apart.
    #[schema(example = "eventType")]
    group_by: &'static str,
    /// Everything together.
    total: NumbersOut,
    /// What is told apart, the first of the rank first.
    series: Vec<SeriesOut<'a>>,
    /// What belongs to none of them: what is beyond the ceiling, and what has been deleted.
    rest: Option<SeriesOut<'a>>,
}

/// Numbers over time of one thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsSeriesOut)]
#[serde(rename_all = "camelCase")]
struct SeriesOut<'a> {
    /// What it is of: `all`, `rest`, `eventType`, `endpoint`, `application`, `source` or `outcome`.
    #[schema(example = "eventType")]
    kind: &'static str,
    /// The id of the endpoint, application or source.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The application of the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// Its name; the URL of an endpoint, the word for an outcome.
    #[schema(example = "invoice.paid")]
    name: &'a str,
    /// All points together.
    total: NumbersOut,
    /// Those in which something happened, oldest first.
    points: Vec<PointOut>,
}

/// A point.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsPointOut)]
struct PointOut {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    numbers: NumbersOut,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsNumbersOut)]
#[serde(rename_all = "camelCase")]
struct NumbersOut {
    /// Messages that were accepted.
    messages: u64,
    /// Attempts that were made.
    attempts: u64,
    /// Attempts that were answered with 2xx.
    succeeded: u64,
    /// Attempts that were not.
    failed: u64,
    /// Attempts that were not the first of their delivery.
    retries: u64,
    /// Deliveries that arrived.
    delivered: u64,
    /// Deliveries that were given up.
    given_up: u64,
    /// The share of attempts that succeeded, from 0 to 1; null without any.
    success_rate: Option<f64>,
    /// How long endpoints took; null without an answer.
    latency: Option<LatencyOut>,
    /// How attempts failed: their number by `status_3xx`, `status_4xx`, `status_5xx`, `status_other`, `dns`, `connect`, `tls`, `timeout`, `blocked`,
    /// `too_large`, `protocol`, `internal` or `exec`.
    #[schema(value_type = Object)]
    failures: BTreeMap<&'static str, u64>,
}

/// How long endpoints took until the whole answer was there, or until the deadline. All but the mean are estimates, off by
/// less than a factor of two.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsLatencyOut)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "units last")]
struct LatencyOut {
    /// The mean, in milliseconds.
    mean_ms: f64,
    /// Half took no longer.
    p50_ms: f64,
    /// 95 of 100 took no longer.
    p95_ms: f64,
    /// 99 of 100 took no longer.
    p99_ms: f64,
}

impl<'a> From<&'a Report> for ReportOut<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            since: report.since,
            until: report.until,
            resolution: report.resolution.name(),
            group_by: report.by.name(),
            total: NumbersOut::from(&report.total),
            series: report.lines.iter().map(SeriesOut::from).collect(),
            rest: report.rest.as_ref().map(SeriesOut::from),
        }
    }
}

impl<'a> From<&'a Line> for SeriesOut<'a> {
    fn from(line: &'a Line) -> Self {
        let app_id = match line.key {
            Key::Endpoint(app, _) => Some(app.to_string()),
            _ => None,
        };
        let points = line.points.iter().map(|(at, counts)| PointOut { at: *at, numbers: counts.into() });
        Self {
            kind: line.key.kind(),
            id: line.key.id(),
            app_id,
            name: &line.name,
            total: NumbersOut::from(&line.total),
            points: points.collect(),
        }
    }
}

impl From<&Counts> for NumbersOut {
    fn from(counts: &Counts) -> Self {
        let failures = Counter::OUTCOMES[1..].iter().map(|outcome| (outcome.name(), counts.get(*outcome)));
        Self {
            messages: counts.get(Counter::Messages),
            attempts: counts.attempts(),
            succeeded: counts.get(Counter::Succeeded),
            failed: counts.failed(),
            retries: counts.get(Counter::Retries),
            delivered: counts.get(Counter::Delivered),
            given_up: counts.get(Counter::GivenUp),
            success_rate: counts.success_rate(),
            latency: LatencyOut::of(counts),
            failures: failures.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

impl LatencyOut {
    fn of(counts: &Counts) -> Option<Self> {
        let millis = |latency: Duration| latency.as_secs_f64() * 1_000.0;
        let share = |share| counts.latency(share).map(millis);
        Some(Self {
            mean_ms: millis(counts.mean_latency()?),
            p50_ms: share(0.5)?,
            p95_ms: share(0.95)?,
            p99_ms: share(0.99)?,
        })
    }
}
