//! Analytics: numbers over time, as JSON or as a file.

mod latency;
mod model;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use postrider_core::app::Ref;
use postrider_core::rollup::Resolution;
use postrider_core::time::Timestamp;
use postrider_store::Rank;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::latency::json as latency_json;
use self::model::ReportOut;
use super::answer;
use super::caller::Caller;
use super::problem::Problem;
use super::query::Query;
use crate::context::Context;
use crate::service::analytics::{self, By, Error, Report};

/// The tag of these operations.
const TAG: &str = "Analytics";
/// What a client accepts that wants a file.
const CSV: &str = "text/csv";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(get)).routes(routes!(latency::get_latency))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => Self::in_query(invalid),
        }
    }
}

/// Which numbers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AnalyticsQuery {
    /// From this time on; 24 hours before `until` when absent. The first point begins at or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// To before this time; now when absent or later.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// How far apart the points are; what fits the span when absent. There are at most 2,000.
    #[param(inline)]
    resolution: Option<ResolutionQuery>,
    /// How the numbers are told apart.
    #[param(inline)]
    group_by: ByQuery,
    /// Which of what is told apart comes first. There are at most 50; the others are `rest`.
    #[param(inline)]
    rank: RankQuery,
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

/// How far apart points are.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub(crate) enum ResolutionQuery {
    /// Five minutes, for the last two days.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
    /// A day, from midnight, UTC.
    #[serde(rename = "1d")]
    Day,
}

/// How numbers are told apart.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ByQuery {
    /// Not at all.
    #[default]
    None,
    /// By event type.
    EventType,
    /// By endpoint; messages are not counted then.
    Endpoint,
    /// By application.
    Application,
    /// By how attempts ended.
    Outcome,
}

/// Which come first.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum RankQuery {
    /// Those with the most attempts and messages.
    #[default]
    Volume,
    /// Those with the most failed attempts.
    Failures,
    /// Those with the highest mean latency.
    Latency,
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FormatQuery {
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
}

impl From<ResolutionQuery> for Resolution {
    fn from(resolution: ResolutionQuery) -> Self {
        match resolution {
            ResolutionQuery::FiveMinutes => Self::FiveMinutes,
            ResolutionQuery::Hour => Self::Hour,
            ResolutionQuery::Day => Self::Day,
        }
    }
}

impl From<AnalyticsQuery> for analytics::Query {
    fn from(query: AnalyticsQuery) -> Self {
        let AnalyticsQuery {
            since, until, resolution, group_by, rank, app_id, endpoint_id, event_type, ..
        } = query;
        Self {
            since,
            until,
            resolution: resolution.map(Resolution::from),
            by: match group_by {
                ByQuery::None => By::None,
                ByQuery::EventType => By::EventType,
                ByQuery::Endpoint => By::Endpoint,
                ByQuery::Application => By::App,
                ByQuery::Outcome => By::Outcome,
            },
            rank: match rank {
                RankQuery::Volume => Rank::Volume,
                RankQuery::Failures => Rank::Failures,
                RankQuery::Latency => Rank::Slowness,
            },
            app: app_id.as_deref().map(Ref::parse),
            source: None,
            endpoint: endpoint_id.as_deref().map(Ref::parse),
            event_type,
        }
    }
}

/// Numbers over time
///
/// What happened to the messages and attempts of an environment, or with a key of an application of that one: volume,
/// success, latency. It was counted when it happened, in buckets of five minutes, and of hours once it is two days old.
/// Points without anything are left out. As a file, one row for each point.
#[utoipa::path(
    get,
    path = "/api/v1/analytics",
    operation_id = "analytics.get",
    tag = TAG,
    params(AnalyticsQuery),
    responses((status = 200, description = "The numbers.", content(
        (ReportOut = "application/json"),
        (String = "text/csv"),
    ))),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    headers: HeaderMap,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Response, Problem> {
    let as_file = is_csv(query.format, &headers);
    let report = analytics::report(&context, identity, &query.into()).await?;
    Ok(if as_file {
        file("analytics.csv", analytics::csv(&report))
    } else {
        answer::reply(StatusCode::OK, &ReportOut::from(&report))
    })
}

/// A report as the API gives it, for pages that offer it as a file.
pub(crate) fn json(report: &Report) -> Bytes {
    answer::render(&ReportOut::from(report))
}

/// Whether the answer is comma-separated values: by the form that is asked for, or else by what is accepted.
fn is_csv(asked: Option<FormatQuery>, headers: &HeaderMap) -> bool {
    match asked {
        Some(FormatQuery::Csv) => true,
        Some(FormatQuery::Json) => false,
        None => wants_csv(headers),
    }
}

/// Whether it accepts comma-separated values, and names no JSON.
fn wants_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let types = accepted.split(',').filter_map(|range| range.split(';').next()).map(str::trim);
    types.clone().any(|name| name.eq_ignore_ascii_case(CSV))
        && !types.clone().any(|name| name.eq_ignore_ascii_case("application/json"))
}

fn file(name: &str, text: String) -> Response {
    const TYPE: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, TYPE)], [(header::CONTENT_DISPOSITION, disposition)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_for_whoever_asks_for_one() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("text/csv", true),
            ("Text/CSV;q=0.9, */*;q=0.1", true),
            ("text/csv, application/json", false),
            ("text/html", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_csv(&headers), expected, "{accept}");
        }
    }
}
