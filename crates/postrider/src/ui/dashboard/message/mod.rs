//! The page of one message: what it is, where it went, where it did not, and what it was made of.

mod act;
mod page;
mod received;

pub(super) use self::received::{received, standing};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use postrider_core::app::Ref;
use postrider_core::delivery::Delivery;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::limits;
use postrider_core::message::Message;
use postrider_store::{Listed, Page as Rows};
use serde::Deserialize;

use super::Shared;
use super::failure::Failure;
use super::thing::Whose;
use crate::context::Context;
use crate::service::sources::{self, Seen};
use crate::service::{deliveries, endpoints, messages};
use crate::ui::frame::Place;
use crate::ui::signed_in::SignedIn;

/// Deliveries, and endpoints without one, that the page shows.
const ROWS: usize = limits::PAGE_MAX;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/messages/{owner}/{message}";
    Router::new().route(PATH, get(show)).route(&format!("{PATH}/send"), post(act::send))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    owner: String,
    message: String,
}

/// What is known of a message.
struct Known {
    whose: Whose,
    message: Message,
    /// What came, where it came from outside.
    seen: Option<Seen>,
    /// Where it goes or went.
    deliveries: Listed<(Delivery, Endpoint), EndpointId>,
    /// Endpoints of the same owner that have no delivery of it.
    missing: Vec<Endpoint>,
}

impl Named {
    fn path(&self, visitor: &SignedIn) -> String {
        format!("{}/{}/{}", visitor.path(Place::Messages), self.owner, self.message)
    }
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let known = known(&context, &visitor, &named).await?;
    Ok(page::of(&visitor, &known).into_response())
}

async fn known(context: &Context, visitor: &SignedIn, named: &Named) -> Result<Known, Failure> {
    let (identity, whose) = (visitor.identity(), Whose::named(&named.owner));
    let asked: Ref<MessageId> = Ref::parse(&named.message);
    let message = messages::get(context, identity, whose.owner(), &asked, true).await?;
    let id = Ref::Id(message.id);
    let seen = match &whose {
        Whose::Source(source) => Some(sources::reception(context, identity, source, message.id).await?),
        Whose::App(_) => None,
    };
    let page = Rows { limit: ROWS, edge: None, order: None };
    let deliveries = deliveries::by_message(context, identity, whose.owner(), &id, page).await?;
    let page = Rows { limit: ROWS, edge: None, order: None };
    let endpoints = endpoints::list(context, identity, whose.owner(), page).await?;
    // Where not all deliveries are known, nothing is known to be missing.
    let is_whole = deliveries.next.is_none();
    let has =
        |endpoint: &Endpoint| deliveries.rows.iter().any(|(delivery, _)| delivery.endpoint == endpoint.id);
    let missing = endpoints.rows.into_iter().filter(|endpoint| is_whole && !has(endpoint)).collect();
    Ok(Known { whose, message, seen, deliveries, missing })
}

impl From<messages::Error> for Failure {
    fn from(error: messages::Error) -> Self {
        match error {
            messages::Error::Access(error) => error.into(),
            messages::Error::Invalid(invalid) => Self::refused(&invalid),
            error => Self::not_possible(&error),
        }
    }
}
