//! Searching deliveries and messages with a query, and sending again what is found.

mod model;
mod replay;

use axum::extract::State;
use axum::response::Response;
use postrider_core::query::Place;
use postrider_store::{DeliveryHit, Listed, MessageHit, Searched};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::model::{FacetsOut, FoundDelivery, FoundMessage, ResultsOut, SearchedOut};
use super::answer;
use super::caller::Caller;
use super::page::{self, PageQuery};
use super::problem::{Problem, Refusal};
use super::query::Query;
use crate::context::Context;
use crate::service::search::{self, Error, Timed};

/// The tag of these operations.
const TAG: &str = "Search";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(deliveries))
        .routes(routes!(facets))
        .routes(routes!(replay::replay))
        .routes(routes!(messages))
}

/// What to search for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct SearchQuery {
    /// A query such as `status:failed code:5xx type:invoice.* since:2h`; everything if it is empty.
    #[param(example = "status:failed since:2h")]
    q: String,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Query(error) => {
                let msg = search::said(&error);
                let loc = ["query".to_owned(), "q".to_owned(), error.span.start.to_string()];
                Self::Invalid(vec![Refusal { loc: loc.into(), msg: msg.into(), kind: "value_error.query" }])
            }
        }
    }
}

/// Searches deliveries
///
/// The newest message first, over everything that the key reaches. A page may be short, even empty, before the end: then
/// `done` is false, `searched` says how far it came, and `iterator` goes on.
#[utoipa::path(
    get,
    path = "/api/v1/delivery",
    operation_id = "delivery.search",
    tag = TAG,
    params(SearchQuery, PageQuery),
    responses((status = 200, description = "One page of deliveries.", body = ResultsOut<FoundDelivery>)),
)]
async fn deliveries(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(SearchQuery { q }): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let timed = search::deliveries(&context, identity, &q, page.clone(), search::PATIENCE).await?;
    let write = |hit: &DeliveryHit, out: &mut Vec<u8>| answer::write(&FoundDelivery::from(hit), out);
    Ok(results(&page, timed, DeliveryHit::place, write))
}

/// Searches messages
///
/// Newest first, over everything that the key reaches, each with how its deliveries stand. What the query says of
/// deliveries, one delivery of the message must meet. Pages as for deliveries.
#[utoipa::path(
    get,
    path = "/api/v1/message",
    operation_id = "message.search",
    tag = TAG,
    params(SearchQuery, PageQuery),
    responses((status = 200, description = "One page of messages.", body = ResultsOut<FoundMessage>)),
)]
async fn messages(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(SearchQuery { q }): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let timed = search::messages(&context, identity, &q, page.clone()).await?;
    let write = |hit: &MessageHit, out: &mut Vec<u8>| answer::write(&FoundMessage::from(hit), out);
    Ok(results(&page, timed, MessageHit::place, write))
}

/// Counts what a search finds
///
/// How the deliveries that the query means divide, counted from the newest on for as long as one page takes. `whole` says
/// whether that was everything.
#[utoipa::path(
    get,
    path = "/api/v1/delivery/facets",
    operation_id = "delivery.facets",
    tag = TAG,
    params(SearchQuery),
    responses((status = 200, description = "The counts.", body = FacetsOut)),
)]
async fn facets(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(SearchQuery { q }): Query<SearchQuery>,
) -> Result<Response, Problem> {
    let Timed { found, took } = search::facets(&context, identity, &q, search::PATIENCE).await?;
    Ok(answer::reply(http::StatusCode::OK, &FacetsOut::new(&found, took)))
}

fn results<T>(
    page: &postrider_store::Page<Place>,
    Timed { found, took }: Timed<Searched<T>>,
    place: impl Fn(&T) -> Place,
    write: impl Fn(&T, &mut Vec<u8>),
) -> Response {
    let Searched { rows, next, looked, reached, indexed } = found;
    let searched = SearchedOut::new(looked, reached, took, indexed);
    page::list_with(page, &Listed { rows, next }, place, write, Some(("searched", &searched)))
}
