//! A new endpoint of an application.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::html;
use postrider_core::app::{App, Ref};
use postrider_core::rights::Right;
use serde::Deserialize;

use super::form::{self, FIELDS};
use super::{Known, Whose};
use crate::context::Context;
use crate::service::{apps, endpoints};
use crate::ui::Page;
use crate::ui::dashboard::act;
use crate::ui::dashboard::applications::called;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// The application that the path names.
#[derive(Debug, Deserialize)]
pub(super) struct Under {
    owner: String,
}

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(under): Path<Under>,
) -> Result<Response, Failure> {
    let app = apps::get(&context, visitor.identity(), &Ref::parse(&under.owner)).await?;
    Ok(page(&visitor, &app, &Filled::default()).into_response())
}

/// Makes it.
pub(super) async fn make(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(under): Path<Under>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::ManageEndpoints)?;
    let app = apps::get(&context, visitor.identity(), &Ref::parse(&under.owner)).await?;
    let id = Ref::Id(app.id);
    let made = match form::changes(&form) {
        Ok(changes) => {
            let making = endpoints::create(&context, visitor.identity(), &id, changes, None);
            act::done(&visitor, &context, "endpoint.create", making).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match made {
        Ok(endpoint) => return Ok(see(&Known { whose: Whose::App(id), endpoint }.path(&visitor))),
        Err(endpoints::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(endpoints::Error::UidTaken) => {
            Filled::but(&form, "uid", "Another endpoint of the application has this uid.")
        }
        Err(error) => return Err(error.into()),
    };
    Ok(page(&visitor, &app, &filled).with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

fn page(visitor: &SignedIn, app: &App, filled: &Filled) -> Page {
    let content = html! {
        @if visitor.identity().rights().has(Right::ManageEndpoints) {
            section.card {
                p.hint { "For the application " (visible(called(app), false)) ". A signing secret is made with it; its page has it under Security." }
                (filled.summary(&FIELDS))
                form.stack method="post" action={ (visitor.path(Place::Applications)) "/" (app.id) "/endpoints" } {
                    (token(visitor))
                    (form::fields(filled))
                    p { button.primary type="submit" { "Make the endpoint" } }
                }
            }
        } @else { p.hint { "Your role may look, but not make endpoints." } }
    };
    let heading = html! { "New endpoint" };
    Frame::new(visitor, Place::Applications).of("New endpoint", heading).page(&content)
}
