//! Event types: as a tree by the dots in their names, and each with its schema in all its versions.

mod act;
mod form;
mod list;
mod page;
mod reach;
mod settings;

use axum::Router;
use axum::routing::{get, post};
use postrider_core::event_type::{EventType, Sight};
use serde::Deserialize;

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::event_types;
use crate::ui::frame::Place;
use crate::ui::signed_in::SignedIn;

pub(super) fn router() -> Router<Shared> {
    const LIST: &str = "/dashboard/{environment}/event-types";
    const ONE: &str = "/dashboard/{environment}/event-types/{name}";
    Router::new()
        .route(LIST, get(list::show).post(list::make))
        .route(ONE, get(page::show))
        .route(&format!("{ONE}/settings"), get(settings::show).post(settings::save))
        .route(&format!("{ONE}/archive"), post(act::archive))
        .route(&format!("{ONE}/restore"), post(act::restore))
        .route(&format!("{ONE}/delete"), post(act::delete))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

impl Named {
    async fn find(&self, context: &Context, visitor: &SignedIn) -> Result<EventType, Failure> {
        Ok(event_types::get(context, visitor.identity(), &Sight::Everything, &self.name).await?)
    }
}

/// Where its page is. Names have only letters, digits and `-_.`.
fn path(visitor: &SignedIn, name: &str) -> String {
    format!("{}/{name}", visitor.path(Place::EventTypes))
}

impl From<event_types::Error> for Failure {
    fn from(error: event_types::Error) -> Self {
        match error {
            event_types::Error::Access(error) => error.into(),
            event_types::Error::Invalid(invalid) => Self::refused(&invalid),
            error => Self::not_possible(&error),
        }
    }
}
