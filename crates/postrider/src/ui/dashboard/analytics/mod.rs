//! Analytics: volume, success and latency over time, told apart by what one chooses. Every chart is also a table, and the
//! same numbers as a file.

pub(super) mod draw;
mod page;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::Shared;
use super::failure::Failure;
use super::span::Span;
use crate::context::Context;
use crate::service::analytics::{self, By, Heat, Query};
use crate::ui::page::download;
use crate::ui::signed_in::SignedIn;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/analytics";
    Router::new().route(PATH, get(show)).route(&format!("{PATH}/{{file}}"), get(file))
}

/// Columns of the heat map: what still fits beside each other, and into a table that is read.
const COLUMNS: i64 = 50;

/// What the address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    span: Span,
    by: By,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let named = pairs.find(|(name, _)| name == "by").map(|(_, value)| value.into_owned());
        let by = page::CHOICES.into_iter().find(|by| Some(by.name()) == named.as_deref());
        Self { span: Span::read(query), by: by.unwrap_or(By::EventType) }
    }

    fn question(self, context: &Context, by: By) -> Query {
        Query { since: Some(self.span.since(context.now())), by, ..Query::default() }
    }
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let whole = analytics::report(&context, visitor.identity(), &asked.question(&context, By::None)).await?;
    let apart = analytics::report(&context, visitor.identity(), &asked.question(&context, asked.by)).await?;
    Ok(page::of(&visitor, asked, &whole, &apart).into_response())
}

#[derive(Debug, Deserialize)]
struct File {
    file: String,
}

/// The numbers that are told apart, or those of the heat map, as a file.
async fn file(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(File { file }): Path<File>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let by = if file.starts_with("latency.") { By::None } else { asked.by };
    let report = analytics::report(&context, visitor.identity(), &asked.question(&context, by)).await?;
    let heat = || Heat::of(&report, COLUMNS);
    match file.as_str() {
        "analytics.csv" => Ok(download("analytics.csv", analytics::csv(&report))),
        "analytics.json" => Ok(download("analytics.json", crate::api::analytics_json(&report))),
        "latency.csv" => Ok(download("latency.csv", heat().csv())),
        "latency.json" => Ok(download("latency.json", crate::api::latency_json(&heat()))),
        _ => Err(Failure::new(
            StatusCode::NOT_FOUND,
            "Not there",
            "There is no such file. The page has links to those there are.",
        )),
    }
}

impl From<analytics::Error> for Failure {
    fn from(error: analytics::Error) -> Self {
        match error {
            analytics::Error::Access(error) => error.into(),
            analytics::Error::Invalid(error) => {
                Self::new(StatusCode::BAD_REQUEST, "Not like this", error.to_string())
            }
        }
    }
}
