//! Its settings, all of them, and its end.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::rights::Right;

use super::form::{self, FIELDS};
use super::frame::{Tab, page};
use super::{Known, Named};
use crate::context::Context;
use crate::service::endpoints;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let known = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &known, &form::filled(&known.endpoint), &Filled::default()))
}

/// Saves them.
pub(super) async fn save(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::ManageEndpoints)?;
    let (whose, endpoint) = named.parts();
    let saved = match form::changes(&form) {
        Ok(changes) => {
            let saving = endpoints::change(&context, visitor.identity(), whose.owner(), &endpoint, changes);
            act::done(&visitor, &context, "endpoint.patch", saving).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match saved {
        Ok(endpoint) => return Ok(see(&Known { whose, endpoint }.path(&visitor))),
        Err(endpoints::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(endpoints::Error::UidTaken) => {
            Filled::but(&form, "uid", "Another endpoint of the application has this uid.")
        }
        Err(error) => return Err(error.into()),
    };
    let known = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &known, &filled, &Filled::default()))
}

/// The part, with what stands in the fields and in the confirmation of its end.
pub(super) fn answer(visitor: &SignedIn, known: &Known, filled: &Filled, ending: &Filled) -> Response {
    let may = visitor.identity().rights().has(Right::ManageEndpoints);
    let content = html! {
        @if may {
            section.card aria-labelledby="settings" {
                h2 #settings { "Settings" }
                (filled.summary(&FIELDS))
                form.stack method="post" action={ (known.path(visitor)) "/settings" } {
                    (token(visitor))
                    (form::fields(filled))
                    p { button.primary type="submit" { "Save" } }
                }
            }
            (end(visitor, known, ending))
        } @else { p.hint { "Your role may look, but not change endpoints. The overview has its settings." } }
    };
    let page = page(visitor, known, Tab::Settings, &content);
    let is_wrong = filled.is_wrong() || ending.is_wrong();
    if is_wrong { page.with_status(StatusCode::UNPROCESSABLE_ENTITY) } else { page }.into_response()
}

fn end(visitor: &SignedIn, known: &Known, ending: &Filled) -> Markup {
    html! {
        section.card aria-labelledby="end" {
            h2 #end { "Delete it" }
            p { "What waits for it is canceled, and nothing goes there any more. What was sent stays on record. To stop for a while, pause it instead." }
            (ending.summary(&["confirm"]))
            form.stack method="post" action={ (known.path(visitor)) "/delete" } {
                (token(visitor))
                p { "To confirm, type " code { (visible(&known.confirmation(), false)) } "." }
                (ending.line("confirm", "Confirmation", ""))
                p { button.danger type="submit" { "Delete the endpoint" } }
            }
        }
    }
}
