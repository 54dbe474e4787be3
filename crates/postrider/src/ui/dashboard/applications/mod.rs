//! Applications: the customers of the product, each with endpoints, messages and limits of its own.

mod act;
mod form;
mod list;
mod page;
mod settings;

use axum::Router;
use axum::routing::{get, post};
use postrider_core::app::{App, Ref};
use postrider_core::id::AppId;
use serde::Deserialize;

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::{apps, portal};
use crate::ui::frame::Place;
use crate::ui::signed_in::SignedIn;

pub(super) fn router() -> Router<Shared> {
    const LIST: &str = "/dashboard/{environment}/applications";
    const ONE: &str = "/dashboard/{environment}/applications/{owner}";
    Router::new()
        .route(LIST, get(list::show).post(list::make))
        .route(ONE, get(page::show))
        .route(&format!("{ONE}/settings"), get(settings::show).post(settings::save))
        .route(&format!("{ONE}/delete"), post(act::delete))
        .route(&format!("{ONE}/portal"), post(act::open_portal))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    owner: String,
}

impl Named {
    fn app(&self) -> Ref<AppId> {
        Ref::parse(&self.owner)
    }

    async fn find(&self, context: &Context, visitor: &SignedIn) -> Result<App, Failure> {
        Ok(apps::get(context, visitor.identity(), &self.app()).await?)
    }
}

/// What people call an application.
pub(super) fn called(app: &App) -> &str {
    if app.name.is_empty() { app.uid.as_deref().unwrap_or("(no name)") } else { &app.name }
}

/// Where its page is.
fn path(visitor: &SignedIn, app: &App) -> String {
    format!("{}/{}", visitor.path(Place::Applications), app.id)
}

impl From<apps::Error> for Failure {
    fn from(error: apps::Error) -> Self {
        match error {
            apps::Error::Access(error) => error.into(),
            apps::Error::Invalid(invalid) => Self::refused(&invalid),
            error => Self::not_possible(&error),
        }
    }
}

impl From<portal::Error> for Failure {
    fn from(error: portal::Error) -> Self {
        match error {
            portal::Error::Access(error) => error.into(),
            portal::Error::Application(error) => error.into(),
            portal::Error::Invalid(invalid) => Self::refused(&invalid),
            error @ portal::Error::NotASession => Self::not_possible(&error),
        }
    }
}
