//! Issues: failures of an endpoint that look alike, as one thing to deal with.

mod act;
mod page;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use postrider_core::id::IssueId;
use postrider_core::issue::State as IssueState;
use serde::Deserialize;

pub(super) use page::sentence;

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::{access, issues};
use crate::ui::signed_in::SignedIn;

/// Issues on a page: more than anybody deals with at once.
const ROWS: usize = 100;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/issues";
    Router::new()
        .route(PATH, get(list))
        .route(&format!("{PATH}/{{issue}}"), get(show))
        .route(&format!("{PATH}/{{issue}}/say"), post(act::say))
        .route(&format!("{PATH}/{{issue}}/replay"), post(act::replay))
}

#[derive(Debug, Deserialize)]
struct Named {
    issue: String,
}

impl Named {
    fn id(&self) -> Result<IssueId, Failure> {
        self.issue.parse().map_err(|_| access::Error::Missing("issue").into())
    }
}

/// The states that the address names; what is open and looked after where it names none.
fn states(query: &str) -> Vec<IssueState> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let named = pairs.find(|(name, _)| name == "state");
    let named = named.and_then(|(_, value)| IssueState::ALL.into_iter().find(|state| state.name() == value));
    named.map_or_else(|| vec![IssueState::Open, IssueState::Acknowledged], |state| vec![state])
}

async fn list(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let states = states(&query.unwrap_or_default());
    let filter = issues::Filter { states: states.clone(), ..issues::Filter::default() };
    let found = issues::recent(&context, visitor.identity(), &filter, ROWS).await?;
    Ok(page::list(&visitor, &states, &found, context.now()).into_response())
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let issue = issues::get(&context, visitor.identity(), named.id()?).await?;
    let sample = issues::last_attempt(&context, visitor.identity(), issue.id).await?;
    Ok(page::one(&visitor, &issue, sample.as_ref(), context.now()).into_response())
}

impl From<issues::Error> for Failure {
    fn from(error: issues::Error) -> Self {
        match error {
            issues::Error::Access(error) => error.into(),
            issues::Error::Invalid(error) => {
                Self::new(StatusCode::BAD_REQUEST, "Not like this", error.to_string())
            }
            issues::Error::Task(error) => Self::new(StatusCode::CONFLICT, "Not begun", format!("{error}.")),
        }
    }
}
