//! The page of one endpoint, in parts: how it stands, what went there, a test, its secrets, its settings.

mod act;
mod day;
mod deliveries;
mod form;
mod frame;
mod made;
mod overview;
mod security;
mod settings;
mod test;
mod told;

use axum::Router;
use axum::routing::{get, post};
use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use serde::Deserialize;

pub(super) use day::Day;
pub(super) use told::standing;

use super::Shared;
use super::failure::Failure;
use super::thing::Whose;
use crate::context::Context;
use crate::service::endpoints;
use crate::service::replay;
use crate::ui::frame::Place;
use crate::ui::signed_in::SignedIn;

pub(super) fn router() -> Router<Shared> {
    const NEW: &str = "/dashboard/{environment}/applications/{owner}/endpoints";
    const PATH: &str = "/dashboard/{environment}/endpoints/{owner}/{endpoint}";
    Router::new()
        .route(NEW, get(made::show).post(made::make))
        .route(PATH, get(overview::show))
        .route(&format!("{PATH}/deliveries"), get(deliveries::show))
        .route(&format!("{PATH}/test"), get(test::show).post(test::send))
        .route(&format!("{PATH}/security"), get(security::show))
        .route(&format!("{PATH}/secret"), post(security::reveal))
        .route(&format!("{PATH}/rotate"), post(security::rotate))
        .route(&format!("{PATH}/headers"), post(security::headers))
        .route(&format!("{PATH}/settings"), get(settings::show).post(settings::save))
        .route(&format!("{PATH}/pause"), post(act::pause))
        .route(&format!("{PATH}/resume"), post(act::resume))
        .route(&format!("{PATH}/recover"), post(act::recover))
        .route(&format!("{PATH}/replay-missing"), post(act::replay_missing))
        .route(&format!("{PATH}/delete"), post(act::delete))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    owner: String,
    endpoint: String,
}

/// An endpoint that somebody looks at.
struct Known {
    whose: Whose,
    endpoint: Endpoint,
}

impl Named {
    /// For the services.
    fn parts(&self) -> (Whose, Ref<EndpointId>) {
        (Whose::named(&self.owner), Ref::parse(&self.endpoint))
    }

    fn path(&self, visitor: &SignedIn) -> String {
        format!("{}/{}/{}", visitor.path(Place::Endpoints), self.owner, self.endpoint)
    }

    async fn find(&self, context: &Context, visitor: &SignedIn) -> Result<Known, Failure> {
        let (whose, endpoint) = self.parts();
        let endpoint = endpoints::get(context, visitor.identity(), whose.owner(), &endpoint).await?;
        Ok(Known { whose, endpoint })
    }
}

impl Known {
    fn path(&self, visitor: &SignedIn) -> String {
        format!("{}/{}/{}", visitor.path(Place::Endpoints), self.whose, self.endpoint.id)
    }

    /// What a person types to confirm that this endpoint is meant: its host, or all of an URL that has none.
    fn confirmation(&self) -> String {
        let url = url::Url::parse(&self.endpoint.url).ok();
        url.and_then(|url| Some(url.host_str()?.to_owned())).unwrap_or_else(|| self.endpoint.url.clone())
    }
}

impl From<endpoints::Error> for Failure {
    fn from(error: endpoints::Error) -> Self {
        match error {
            endpoints::Error::Access(error) => error.into(),
            endpoints::Error::Invalid(invalid) => Self::refused(&invalid),
            error => Self::not_possible(&error),
        }
    }
}

impl From<replay::Error> for Failure {
    fn from(error: replay::Error) -> Self {
        match error {
            replay::Error::Access(error) => error.into(),
            replay::Error::Invalid(invalid) => Self::refused(&invalid),
            error => Self::not_possible(&error),
        }
    }
}
