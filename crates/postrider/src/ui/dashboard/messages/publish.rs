//! A message is published from a form, to try things out.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::event_type::Sight;
use postrider_core::rights::Right;
use postrider_store::{AppFilter, Page as Rows};

use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::messages::{self, Content, Draft};
use crate::service::{access, apps, event_types};
use crate::ui::Page;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::typed;
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Applications and event types that the form offers.
const OFFERED: usize = 100;
/// What stands in an empty form.
const PAYLOAD: &str = "{\n  \"hello\": \"world\"\n}";
/// The form's fields.
const FIELDS: [&str; 5] = ["app", "eventType", "payload", "channels", "tags"];

/// The form, for the application that is named.
pub(super) async fn show(visitor: &SignedIn, context: &Context, app: &str) -> Result<Response, Failure> {
    visitor.identity().needs(Right::Publish)?;
    let filled = Filled::with([("app", app.to_owned()), ("payload", PAYLOAD.to_owned())]);
    Ok(page(visitor, context, &filled).await?.into_response())
}

/// Publishes what the form says.
pub(in crate::ui::dashboard) async fn publish(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Publish)?;
    let app = Ref::parse(form.get("app").trim());
    let published = match draft(&form) {
        Ok(draft) => {
            let publishing = messages::publish(&context, visitor.identity(), &app, draft, None);
            act::done(&visitor, &context, "message.create", publishing).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match published {
        Ok(message) => {
            return Ok(see(&format!("{}/{}/{}", visitor.path(Place::Messages), message.app, message.id)));
        }
        Err(messages::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(messages::Error::Access(access::Error::Missing(_))) => {
            Filled::but(&form, "app", "There is no application with this id or uid.")
        }
        Err(messages::Error::Access(error)) => return Err(error.into()),
        // The form has neither an event id, nor an application to make, nor a key that would make it known again.
        Err(error) => Filled::but(&form, "", format!("{error}.")),
    };
    let page = page(&visitor, &context, &filled).await?;
    Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

fn draft(form: &Form) -> Result<Draft, InvalidFields> {
    let payload =
        typed::json(form.get("payload")).map_err(|invalid| InvalidFields::one("payload", invalid))?;
    Ok(Draft {
        event_type: form.get("eventType").trim().to_owned(),
        event_id: None,
        channels: typed::words(form.get("channels")),
        tags: typed::words(form.get("tags")),
        ordering_key: None,
        deliver_at: None,
        retention: None,
        content: Content::Json(payload.unwrap_or_default().into()),
        application: None,
    })
}

async fn page(visitor: &SignedIn, context: &Context, filled: &Filled) -> Result<Page, Failure> {
    let offers = offers(visitor, context).await?;
    let body = html! {
        section.card {
            (filled.summary(&FIELDS))
            form.stack method="post" action=(visitor.path(Place::Messages)) {
                (token(visitor))
                (offers)
                (filled.offered("app", "Application", "By its id or your uid for it.", "apps"))
                (filled.offered("eventType", "Event type", "Endpoints that want this type get the message.", "types"))
                (filled.lines("payload", "Payload", "A JSON object. It is delivered as it stands here, byte for byte.", 10))
                (filled.line("channels", "Channels", "Optional. Only endpoints on one of them, and those on none, get it."))
                (filled.line("tags", "Tags", "Optional. Words to find it by."))
                p { button.primary type="submit" { "Publish" } }
            }
            p.hint { "This is a message like any other: real endpoints get it. To try one endpoint alone, send an example from its page." }
        }
    };
    let heading = html! { "Publish a test message" };
    Ok(Frame::new(visitor, Place::Messages).of("Publish a test message", heading).page(&body))
}

/// What the first two fields offer.
async fn offers(visitor: &SignedIn, context: &Context) -> Result<Markup, Failure> {
    let identity = visitor.identity();
    let page = Rows { limit: OFFERED, edge: None, order: None };
    let apps = apps::list(context, identity, AppFilter::default(), page).await?;
    let page = Rows { limit: OFFERED, edge: None, order: None };
    let types = event_types::list(context, identity, &Sight::Everything, false, page).await?;
    Ok(html! {
        datalist #apps {
            @for app in &apps.rows {
                option value=(app.uid.clone().unwrap_or_else(|| app.id.to_string())) { (app.name) }
            }
        }
        datalist #types { @for event_type in &types.rows { option value=(event_type.name) {} } }
    })
}
