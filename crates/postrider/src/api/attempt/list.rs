//! Attempts are listed.

use axum::extract::State;
use axum::response::Response;
use postrider_core::app::Ref;
use postrider_core::id::AttemptId;
use postrider_store::{AttemptFilter, Listed, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::TAG;
use super::model::{self, MessageAttemptOut};
use crate::api::caller::Caller;
use crate::api::message::FilterQuery;
use crate::api::page::{self, PageOut, PageQuery};
use crate::api::path::{EndpointPath, MessagePath, Path};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::status::{StatusQuery, Wanted};
use crate::context::Context;
use crate::service::attempts::{self, WithMessage};

/// Which attempts to list, and how much of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptQuery {
    /// Whose answer has a status of this class: 0 (no answer), 100, 200, 300, 400 or 500.
    status_code_class: Option<u64>,
    /// Whether what was answered is shown.
    #[serde(default = "yes")]
    #[param(required = false, default = true)]
    with_content: bool,
}

/// Whether messages are shown.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct WithMessageQuery {
    /// Whether each attempt comes with its message.
    with_msg: bool,
}

/// At which endpoint.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct AtEndpointQuery {
    /// Only attempts at this endpoint: its id or `uid`.
    endpoint_id: Option<String>,
}

const fn yes() -> bool {
    true
}

impl AttemptQuery {
    /// The filter, or `None` when no attempt can pass it.
    fn filter(&self, status: &StatusQuery, message: FilterQuery) -> Result<Option<AttemptFilter>, Problem> {
        let code_class = match self.status_code_class {
            None => None,
            Some(class @ (0 | 100 | 200 | 300 | 400 | 500)) => Some((class / 100) as u16),
            Some(_) => {
                let message = "must be 0, 100, 200, 300, 400 or 500";
                return Err(Problem::refused("query", "status_code_class", "value_error", message));
            }
        };
        let succeeded = match status.succeeded()? {
            Wanted::All => None,
            Wanted::Only(succeeded) => Some(succeeded),
            Wanted::Nothing => return Ok(None),
        };
        let with_content = self.with_content;
        Ok(Some(AttemptFilter {
            message: message.into(),
            succeeded,
            code_class,
            endpoint: None,
            with_content,
        }))
    }
}

/// Lists attempts at an endpoint
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}",
    operation_id = "message_attempt.list_by_endpoint",
    tag = TAG,
    params(EndpointPath, PageQuery, StatusQuery, AttemptQuery, FilterQuery, WithMessageQuery),
    responses((status = 200, description = "One page of attempts.", body = PageOut<MessageAttemptOut>)),
)]
#[expect(clippy::too_many_arguments, reason = "one for each part of the request")]
pub(crate) async fn by_endpoint(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<EndpointPath>,
    Query(page): Query<PageQuery>,
    Query(status): Query<StatusQuery>,
    Query(query): Query<AttemptQuery>,
    Query(message): Query<FilterQuery>,
    Query(WithMessageQuery { with_msg }): Query<WithMessageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let (app, endpoint) = (path.app(), path.endpoint());
    let listed = match query.filter(&status, message)? {
        Some(filter) => {
            attempts::by_endpoint(&context, identity, &app, &endpoint, filter, page.clone(), with_msg).await?
        }
        None => Listed { rows: Vec::new(), next: None },
    };
    Ok(answer(&page, &listed, query.with_content))
}

/// Lists attempts of a message
///
/// Newest first, at all endpoints or one.
#[utoipa::path(
    get,
    path = "/api/v1/app/{app_id}/attempt/msg/{msg_id}",
    operation_id = "message_attempt.list_by_msg",
    tag = TAG,
    params(MessagePath, PageQuery, StatusQuery, AttemptQuery, FilterQuery, AtEndpointQuery),
    responses((status = 200, description = "One page of attempts.", body = PageOut<MessageAttemptOut>)),
)]
#[expect(clippy::too_many_arguments, reason = "one for each part of the request")]
pub(crate) async fn by_message(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<MessagePath>,
    Query(page): Query<PageQuery>,
    Query(status): Query<StatusQuery>,
    Query(query): Query<AttemptQuery>,
    Query(message): Query<FilterQuery>,
    Query(AtEndpointQuery { endpoint_id }): Query<AtEndpointQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let (app, of) = (path.app(), path.message());
    let endpoint = endpoint_id.map(|endpoint| Ref::parse(&endpoint));
    let listed = match query.filter(&status, message)? {
        Some(filter) => {
            let found =
                attempts::by_message(&context, identity, &app, &of, endpoint.as_ref(), filter, page.clone())
                    .await?;
            let rows = found.rows.into_iter().map(|attempt| (attempt, None)).collect();
            Listed { rows, next: found.next }
        }
        None => Listed { rows: Vec::new(), next: None },
    };
    Ok(answer(&page, &listed, query.with_content))
}

fn answer(page: &Page<AttemptId>, listed: &Listed<WithMessage, AttemptId>, with_content: bool) -> Response {
    page::list(
        page,
        listed,
        |(attempt, _)| attempt.id,
        |(attempt, message), out| model::write(attempt, message.as_ref(), with_content, out),
    )
}
