//! Latencies over time, as JSON or as a file.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use postrider_core::app::Ref;
use postrider_core::rollup::{Counts, LATENCY_BUCKETS, Resolution, latency_bounds};
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FormatQuery, ResolutionQuery, TAG, file, is_csv};
use crate::api::answer;
use crate::api::caller::Caller;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::context::Context;
use crate::service::analytics::{self, Heat};

/// Which latencies.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LatencyQuery {
    /// From this time on; 24 hours before `until` when absent. The first point begins at or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// To before this time; now when absent or later.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// How far apart the points are; what fits the span when absent. There are at most 2,000.
    #[param(inline)]
    resolution: Option<ResolutionQuery>,
    /// Only of the application with this id or `uid`.
    app_id: Option<String>,
    /// Only of the endpoint of that application with this id or `uid`.
    endpoint_id: Option<String>,
    /// Only of this event type.
    #[param(example = "invoice.paid")]
    event_type: Option<String>,
    /// `csv` for a file; `accept: text/csv` asks for it too.
    #[param(inline)]
    format: Option<FormatQuery>,
}

impl From<LatencyQuery> for analytics::Query {
    fn from(query: LatencyQuery) -> Self {
        let LatencyQuery { since, until, resolution, app_id, endpoint_id, event_type, format: _ } = query;
        Self {
            since,
            until,
            resolution: resolution.map(Resolution::from),
            app: app_id.as_deref().map(Ref::parse),
            endpoint: endpoint_id.as_deref().map(Ref::parse),
            event_type,
            ..Self::default()
        }
    }
}

/// Latencies over time: a histogram for each point.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LatencyHistogramsOut)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeatOut {
    /// When the first point that can be begins.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Nothing of this time or later is counted.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// How far apart the points are, in seconds.
    #[schema(example = 300)]
    step_seconds: u64,
    /// What the counts of each point are of, in their order.
    buckets: Vec<LatencyBucketOut>,
    /// Those in which an attempt was answered or came to its deadline, oldest first.
    points: Vec<LatencyPointOut>,
}

/// A span of latencies.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LatencyBucketOut {
    /// From this many milliseconds on.
    from_ms: u128,
    /// To below this many milliseconds; null for the last, which has no end.
    to_ms: Option<u128>,
}

/// How many attempts took how long, from a time on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LatencyPointOut {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Attempts, by bucket.
    counts: [u64; LATENCY_BUCKETS],
    /// Half took no longer, in milliseconds: an estimate, off by less than a factor of two.
    p50_ms: Option<f64>,
    /// 95 of 100 took no longer.
    p95_ms: Option<f64>,
    /// 99 of 100 took no longer.
    p99_ms: Option<f64>,
}

impl From<&Heat> for HeatOut {
    fn from(heat: &Heat) -> Self {
        let bucket = |bucket| {
            let (begin, end) = latency_bounds(bucket);
            let is_last = bucket + 1 == LATENCY_BUCKETS;
            LatencyBucketOut { from_ms: begin.as_millis(), to_ms: (!is_last).then_some(end.as_millis()) }
        };
        Self {
            since: heat.since,
            until: heat.until,
            step_seconds: heat.distance().as_secs(),
            buckets: (0..LATENCY_BUCKETS).map(bucket).collect(),
            points: heat.points.iter().map(|(at, counts)| LatencyPointOut::of(*at, counts)).collect(),
        }
    }
}

impl LatencyPointOut {
    fn of(at: Timestamp, counts: &Counts) -> Self {
        let millis = |share| counts.latency(share).map(|latency| latency.as_secs_f64() * 1_000.0);
        Self {
            at,
            counts: counts.latencies(),
            p50_ms: millis(0.5),
            p95_ms: millis(0.95),
            p99_ms: millis(0.99),
        }
    }
}

/// Latencies over time
///
/// How many attempts took how long: a histogram for each point, of attempts that were answered or came to their deadline. It
/// is what heat maps are drawn from. Counted and kept as all analytics; points without anything are left out. As a file,
/// one row for each point.
#[utoipa::path(
    get,
    path = "/api/v1/analytics/latency",
    operation_id = "analytics.get_latency",
    tag = TAG,
    params(LatencyQuery),
    responses((status = 200, description = "The histograms.", content(
        (HeatOut = "application/json"),
        (String = "text/csv"),
    ))),
)]
pub(crate) async fn get_latency(
    Caller(identity): Caller,
    State(context): State<Context>,
    headers: HeaderMap,
    Query(query): Query<LatencyQuery>,
) -> Result<Response, Problem> {
    let as_file = is_csv(query.format, &headers);
    let report = analytics::report(&context, identity, &query.into()).await?;
    let heat = Heat::of(&report, Resolution::POINTS_MAX);
    Ok(if as_file {
        file("latency.csv", heat.csv())
    } else {
        answer::reply(StatusCode::OK, &HeatOut::from(&heat))
    })
}

/// Latencies as the API gives them, for pages that offer them as a file.
pub(crate) fn json(heat: &Heat) -> Bytes {
    answer::render(&HeatOut::from(heat))
}
