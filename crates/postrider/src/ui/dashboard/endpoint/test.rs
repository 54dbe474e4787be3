//! An example is sent, to see it arrive.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::event_type::Sight;
use postrider_core::rights::Right;
use postrider_store::Page as Rows;

use super::frame::{Tab, page};
use super::{Known, Named};
use crate::context::Context;
use crate::service::endpoints::{self, Example};
use crate::service::event_types;
use crate::service::fields::InvalidFields;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::{act, delivery, typed};
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Event types that the form offers.
const OFFERED: usize = 100;
/// The form's fields.
const FIELDS: [&str; 2] = ["eventType", "payload"];

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let known = named.find(&context, &visitor).await?;
    let first = known.endpoint.event_types.first().cloned().unwrap_or_default();
    let card = card(&visitor, &context, &known, &Filled::with([("eventType", first)])).await?;
    Ok(page(&visitor, &known, Tab::Test, &card).into_response())
}

/// Sends it, and shows its delivery.
pub(super) async fn send(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Send)?;
    let known = named.find(&context, &visitor).await?;
    let event_type = form.get("eventType").trim().to_owned();
    let (owner, id) = (known.whose.owner(), Ref::Id(known.endpoint.id));
    let who = (visitor.identity(), &Sight::Everything);
    let sent = match typed::json(form.get("payload")) {
        Ok(payload) => {
            let example = Example { event_type, index: 0, payload: payload.map(Into::into) };
            let sending = endpoints::send_example(&context, who, owner, &id, example, None);
            act::done(&visitor, &context, "endpoint.send_example", sending).await
        }
        Err(invalid) => Err(InvalidFields::one("payload", invalid).into()),
    };
    match sent {
        Ok(message) => {
            let environment = visitor.environment().id;
            Ok(see(&delivery::path(environment, &known.whose, message.id, known.endpoint.id)))
        }
        Err(endpoints::Error::Invalid(invalid)) => {
            let filled = Filled::typed(&form, &invalid);
            let card = card(&visitor, &context, &known, &filled).await?;
            let page = page(&visitor, &known, Tab::Test, &card);
            Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn card(
    visitor: &SignedIn,
    context: &Context,
    known: &Known,
    filled: &Filled,
) -> Result<Markup, Failure> {
    if !visitor.identity().rights().has(Right::Send) {
        return Ok(html! { p.hint { "Your role may look, but not send." } });
    }
    let rows = Rows { limit: OFFERED, edge: None, order: None };
    let types = event_types::list(context, visitor.identity(), &Sight::Everything, false, rows).await?;
    Ok(html! {
        section.card aria-labelledby="example" {
            h2 #example { "Send an example" }
            p.hint { "It goes to this endpoint alone, signed as every message is, whatever the endpoint filters." }
            (filled.summary(&FIELDS))
            form.stack method="post" action={ (known.path(visitor)) "/test" } {
                (token(visitor))
                datalist #types { @for event_type in &types.rows { option value=(event_type.name) {} } }
                (filled.offered("eventType", "Event type", "", "types"))
                (filled.lines("payload", "Payload", "Left empty, the example of the event type's schema is sent, or a small object that names the event type.", 8))
                p { button.primary type="submit" { (icon(Icon::Send)) "Send" } }
            }
        }
    })
}
