//! Its settings, and its end.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::event_type::EventType;
use postrider_core::rights::Right;

use super::form::{self, FIELDS};
use super::{Named, path};
use crate::context::Context;
use crate::service::event_types;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let event_type = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &event_type, &form::filled(&event_type), &Filled::default()))
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
            let saving = event_types::change(&context, visitor.identity(), &named.name, changes);
            act::done(&visitor, &context, "event_type.patch", saving).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match saved {
        Ok(event_type) => return Ok(see(&path(&visitor, &event_type.name))),
        Err(event_types::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(error) => return Err(error.into()),
    };
    let event_type = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &event_type, &filled, &Filled::default()))
}

/// The page, with what stands in the fields and in the confirmation of its end.
pub(super) fn answer(
    visitor: &SignedIn,
    event_type: &EventType,
    filled: &Filled,
    ending: &Filled,
) -> Response {
    let own = path(visitor, &event_type.name);
    let content = html! {
        @if visitor.identity().rights().has(Right::Manage) {
            section.card aria-labelledby="settings" {
                h2 #settings { "Settings" }
                (filled.summary(&FIELDS))
                form.stack method="post" action={ (own) "/settings" } {
                    (token(visitor))
                    (form::fields(filled))
                    p { button.primary type="submit" { "Save" } }
                }
            }
            (end(visitor, event_type, ending))
        } @else { p.hint { "Your role may look, but not change event types." } }
    };
    let heading = html! { a href=(own) { (event_type.name) } };
    let page = Frame::new(visitor, Place::EventTypes).of(&event_type.name, heading).page(&content);
    let is_wrong = filled.is_wrong() || ending.is_wrong();
    if is_wrong { page.with_status(StatusCode::UNPROCESSABLE_ENTITY) } else { page }.into_response()
}

fn end(visitor: &SignedIn, event_type: &EventType, ending: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="end" {
            h2 #end { "Delete it for good" }
            p { "Messages and endpoints keep its name, and its description and schemas are gone. To take it out of lists only, archive it instead." }
            (ending.summary(&["confirm"]))
            form.stack method="post" action={ (path(visitor, &event_type.name)) "/delete" } {
                (token(visitor))
                p { "To confirm, type " code { (event_type.name) } "." }
                (ending.line("confirm", "Confirmation", ""))
                p { button.danger type="submit" { "Delete the event type" } }
            }
        }
    }
}
