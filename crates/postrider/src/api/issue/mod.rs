//! Issues: failures that look alike, listed, spoken of, and sent again.

mod model;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::app::Ref;
use postrider_core::issue::{Issue, Said, State as Standing};
use postrider_core::time::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::model::IssueOut;
use super::answer;
use super::background_task::{StartedOut, render_started};
use super::body::Json;
use super::caller::Caller;
use super::page::{self, PageOut, PageQuery};
use super::path::{IssuePath, Path};
use super::problem::Problem;
use super::query::Query;
use super::repeatable::Repeatable;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::issues::{self, Error, Filter};

/// The tag of these operations.
const TAG: &str = "Issue";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(patch))
        .routes(routes!(replay))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::Task(error) => error.into(),
        }
    }
}

/// Which issues to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct IssueQuery {
    /// That stand like this.
    #[param(inline)]
    state: Vec<StateQuery>,
    /// Of the application with this id or `uid`.
    app_id: Option<String>,
    /// Of the endpoint of that application with this id or `uid`.
    endpoint_id: Option<String>,
}

/// How an issue stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StateQuery {
    /// It happens, and nobody has said anything.
    Open,
    /// It happens, and somebody looks after it.
    Acknowledged,
    /// Nobody wants to hear of it.
    Muted,
    /// It happens no more.
    Resolved,
}

impl From<StateQuery> for Standing {
    fn from(state: StateQuery) -> Self {
        match state {
            StateQuery::Open => Self::Open,
            StateQuery::Acknowledged => Self::Acknowledged,
            StateQuery::Muted => Self::Muted,
            StateQuery::Resolved => Self::Resolved,
        }
    }
}

impl From<IssueQuery> for Filter {
    fn from(IssueQuery { state, app_id, endpoint_id }: IssueQuery) -> Self {
        Self {
            app: app_id.as_deref().map(Ref::parse),
            endpoint: endpoint_id.as_deref().map(Ref::parse),
            states: state.into_iter().map(Standing::from).collect(),
        }
    }
}

/// What is said of an issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuePatch {
    /// How it stands from now on.
    #[schema(value_type = String, example = "acknowledged")]
    state: StateQuery,
    /// With `muted`: until when; for good when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    muted_until: Option<Timestamp>,
}

impl IssuePatch {
    fn said(&self) -> Result<Said, InvalidFields> {
        let said = Said::from_state(self.state.into(), self.muted_until);
        if said.until() != self.muted_until {
            let invalid = postrider_core::names::Invalid::value("is for an issue that is `muted`");
            return Err(InvalidFields::one("mutedUntil", invalid));
        }
        Ok(said)
    }
}

/// Lists issues
///
/// Failures of an endpoint that look alike are one issue: the same status, or the same reason for no answer, and the same
/// text but for numbers and ids. Newest first, over everything that the key reaches. A page may be short, even empty,
/// before the end: `done` says when there is nothing more.
#[utoipa::path(
    get,
    path = "/api/v1/issue",
    operation_id = "issue.list",
    tag = TAG,
    params(PageQuery, IssueQuery),
    responses((status = 200, description = "One page of issues.", body = PageOut<IssueOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<IssueQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = issues::list(&context, identity, &filter.into(), page.clone()).await.map_err(in_query)?;
    let now = context.now();
    let write = |issue: &Issue, out: &mut Vec<u8>| answer::write(&IssueOut::new(issue, now), out);
    Ok(page::list(&page, &listed, |issue| issue.id, write))
}

/// What a list refuses stood in its query.
fn in_query(error: Error) -> Problem {
    match error {
        Error::Invalid(invalid) => Problem::in_query(invalid),
        other => other.into(),
    }
}

/// Gets an issue
///
/// How it stands, and how often it was seen.
#[utoipa::path(
    get,
    path = "/api/v1/issue/{issue_id}",
    operation_id = "issue.get",
    tag = TAG,
    params(IssuePath),
    responses((status = 200, description = "The issue.", body = IssueOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<IssuePath>,
) -> Result<Response, Problem> {
    let issue = issues::get(&context, identity, path.issue()?).await?;
    Ok(show(&issue, &context))
}

/// Says how an issue stands
///
/// A new failure opens an issue again that was resolved, but none that is acknowledged or muted. One that was not seen for
/// 24 hours is resolved by itself, unless its endpoint fails.
#[utoipa::path(
    patch,
    path = "/api/v1/issue/{issue_id}",
    operation_id = "issue.patch",
    tag = TAG,
    params(IssuePath),
    request_body = IssuePatch,
    responses((status = 200, description = "The issue.", body = IssueOut)),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<IssuePath>,
    Json { value, .. }: Json<IssuePatch>,
) -> Result<Response, Problem> {
    let issue = issues::say(&context, identity, path.issue()?, value.said()?).await?;
    Ok(show(&issue, &context))
}

/// Sends again what an issue has affected
///
/// Begins a task in the background that sends every message again whose delivery to the issue's endpoint was given up
/// since the issue was first seen, as far as its last answer was of the issue's class.
#[utoipa::path(
    post,
    path = "/api/v1/issue/{issue_id}/replay",
    operation_id = "issue.replay",
    tag = TAG,
    params(IssuePath, Repeatable),
    responses((status = 202, description = "The task has begun.", body = StartedOut)),
)]
pub(crate) async fn replay(
    caller: Caller,
    State(context): State<Context>,
    Path(path): Path<IssuePath>,
    repeatable: Repeatable,
) -> Result<Response, Problem> {
    let once = repeatable.once(caller, &[], StatusCode::ACCEPTED, render_started);
    let task = issues::replay(&context, caller.0, path.issue()?, once).await?;
    Ok(answer::json(StatusCode::ACCEPTED, render_started(&task)))
}

fn show(issue: &Issue, context: &Context) -> Response {
    answer::reply(StatusCode::OK, &IssueOut::new(issue, context.now()))
}
