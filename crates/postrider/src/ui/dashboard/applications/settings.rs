//! Its settings, and its end.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::app::App;
use postrider_core::rights::Right;

use super::form::{self, FIELDS};
use super::{Named, called, path};
use crate::context::Context;
use crate::service::apps;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let app = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &app, &form::filled(&app), &Filled::default()))
}

/// Saves them.
pub(super) async fn save(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Manage)?;
    let saved = match form::changes(&form) {
        Ok(changes) => {
            let (identity, app) = (visitor.identity(), named.app());
            let saving = apps::change(&context, identity, &app, changes);
            act::done(&visitor, &context, "application.patch", saving).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match saved {
        Ok(app) => return Ok(see(&path(&visitor, &app))),
        Err(apps::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(apps::Error::UidTaken) => Filled::but(&form, "uid", "Another application has this uid."),
        Err(error) => return Err(error.into()),
    };
    let app = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &app, &filled, &Filled::default()))
}

/// The page, with what stands in the fields and in the confirmation of its end.
pub(super) fn answer(visitor: &SignedIn, app: &App, filled: &Filled, ending: &Filled) -> Response {
    let content = html! {
        @if visitor.identity().rights().has(Right::Manage) {
            section.card aria-labelledby="settings" {
                h2 #settings { "Settings" }
                (filled.summary(&FIELDS))
                form.stack method="post" action={ (path(visitor, app)) "/settings" } {
                    (token(visitor))
                    (form::fields(filled))
                    p { button.primary type="submit" { "Save" } }
                }
            }
            (end(visitor, app, ending))
        } @else { p.hint { "Your role may look, but not change applications." } }
    };
    let heading = html! { a href=(path(visitor, app)) { (visible(called(app), false)) } };
    let page = Frame::new(visitor, Place::Applications).of(called(app), heading).page(&content);
    let is_wrong = filled.is_wrong() || ending.is_wrong();
    if is_wrong { page.with_status(StatusCode::UNPROCESSABLE_ENTITY) } else { page }.into_response()
}

fn end(visitor: &SignedIn, app: &App, ending: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="end" {
            h2 #end { "Delete it" }
            p { "With it go its endpoints, and all messages and attempts as soon as the server gets to it. What waits is canceled. There is no way back." }
            (ending.summary(&["confirm"]))
            form.stack method="post" action={ (path(visitor, app)) "/delete" } {
                (token(visitor))
                p { "To confirm, type " code { (visible(called(app), false)) } "." }
                (ending.line("confirm", "Confirmation", ""))
                p { button.danger type="submit" { "Delete the application" } }
            }
        }
    }
}
