//! People: who may sign in, for admins.

mod act;
mod form;
mod page;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use postrider_core::id::PersonId;
use serde::Deserialize;

pub(super) use page::{sessions_table, token};

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::access;
use crate::service::people::{self, manage};
use crate::ui::signed_in::SignedIn;

/// The pages.
pub(super) fn router() -> Router<Shared> {
    const LIST: &str = "/dashboard/{environment}/people";
    const ONE: &str = "/dashboard/{environment}/people/{person}";
    Router::new()
        .route(LIST, get(list).post(act::invite))
        .route(ONE, get(one).post(act::change))
        .route(&format!("{ONE}/disable"), post(act::disable))
        .route(&format!("{ONE}/enable"), post(act::enable))
        .route(&format!("{ONE}/reset"), post(act::reset))
        .route(&format!("{ONE}/sign-out"), post(act::sign_out))
}

/// The person that a path names.
#[derive(Debug, Deserialize)]
struct Named {
    person: String,
}

impl Named {
    fn id(&self) -> Result<PersonId, Failure> {
        self.person.parse().map_err(|_| access::Error::Missing("person").into())
    }
}

async fn list(visitor: SignedIn, State(context): State<Context>) -> Result<Response, Failure> {
    let people = manage::list(&context, visitor.instance()?).await?;
    Ok(page::list(&visitor, &people, &page::Filled::default(), None).into_response())
}

async fn one(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let (identity, id) = (visitor.instance()?, named.id()?);
    let person = manage::get(&context, identity, id).await?;
    let sessions = manage::sessions(&context, identity, id).await?;
    Ok(page::one(&visitor, &person, &sessions, None).into_response())
}

impl From<people::Error> for Failure {
    fn from(error: people::Error) -> Self {
        use http::StatusCode;

        use crate::ui::sign_in::{capitalised, sentence};
        match error {
            people::Error::Access(error) => error.into(),
            people::Error::Invalid(invalid) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Not possible", sentence(&invalid))
            }
            people::Error::Busy(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", capitalised(&error.to_string()) + ".")
            }
            people::Error::Taken
            | people::Error::TooMany { .. }
            | people::Error::LastAdmin
            | people::Error::Disabled => {
                Self::new(StatusCode::CONFLICT, "Not possible", capitalised(&error.to_string()) + ".")
            }
        }
    }
}
