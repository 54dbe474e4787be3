//! An example is sent to the endpoint, to try it out.

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::html;
use postrider_core::endpoint::Endpoint;
use postrider_core::event_type::EventType;
use postrider_core::rights::Right;

use super::{Named, Tab, page};
use crate::context::Context;
use crate::service::endpoints::{self, Error, Example};
use crate::ui::Page;
use crate::ui::catalog::{example, versions};
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::portal::customer::Customer;
use crate::ui::portal::delivery;
use crate::ui::portal::failure::Failure;
use crate::ui::portal::frame::{csrf, lacking};
use crate::ui::portal::subscriptions::Known;
use crate::ui::text::visible;

/// What stands in the form.
struct Draft {
    event_type: String,
    payload: String,
    wrong: Option<String>,
}

/// The form, with an example of the event type that is chosen.
pub(super) async fn show(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let endpoint = named.find(&context, &customer).await?;
    let known = Known::read(&context, &customer).await?;
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let asked = pairs.find(|(name, _)| name == "type").map(|(_, value)| value.trim().to_owned());
    let chosen = choose(&known.seen, &endpoint, asked.as_deref());
    let event_type = asked.or_else(|| chosen.map(|one| one.name.clone())).unwrap_or_default();
    let draft = Draft { payload: payload(chosen, &event_type), event_type, wrong: None };
    Ok(shown(&customer, &endpoint, &known, &draft).into_response())
}

/// The one that is asked for; otherwise the first that the endpoint wants.
fn choose<'k>(seen: &'k [EventType], endpoint: &Endpoint, asked: Option<&str>) -> Option<&'k EventType> {
    let wanted =
        |one: &&EventType| endpoint.event_types.is_empty() || endpoint.event_types.contains(&one.name);
    match asked {
        Some(asked) => seen.iter().find(|one| one.name == asked),
        None => seen.iter().find(wanted).or_else(|| seen.first()),
    }
}

fn payload(event_type: Option<&EventType>, name: &str) -> String {
    let versions = versions(event_type.and_then(|one| one.schemas.as_deref()));
    match versions.first() {
        None => format!("{{\n  \"type\": {},\n  \"example\": true\n}}", serde_json::Value::from(name)),
        Some((_, schema)) => {
            let example = example(schema.get());
            let laid_out = |text: &str| {
                serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).ok()?).ok()
            };
            // One of the schema's own stays as it is written.
            let made_up = example.is_made_up.then(|| laid_out(&example.text)).flatten();
            made_up.unwrap_or(example.text)
        }
    }
}

fn shown(customer: &Customer, endpoint: &Endpoint, known: &Known, draft: &Draft) -> Page {
    let path = Tab::Test.path(endpoint.id);
    let content = html! {
        @match lacking(customer, Right::Send, "Sending examples is not allowed here.") {
            Some(why_not) => div.card { (why_not) },
            None => section.card.sheet {
                p.why { "An example goes to this endpoint alone, signed like every event, whatever event types it has chosen." }
                form.line method="get" action=(path) {
                    label for="type" { "Event type" }
                    input #type name="type" list="types" value=(draft.event_type) autocomplete="off" spellcheck="false" required;
                    datalist #types { @for one in &known.seen { option value=(one.name) {} } }
                    button type="submit" { "Use its example" }
                }
                form.stack method="post" action=(path) {
                    (csrf(customer))
                    input type="hidden" name="type" value=(draft.event_type);
                    label for="payload" { "What is sent as " code { (visible(&draft.event_type, false)) } }
                    textarea #payload name="payload" rows="14" spellcheck="false" aria-invalid=[draft.wrong.as_ref().map(|_| "true")]
                        aria-describedby=[draft.wrong.as_ref().map(|_| "wrong")] { "\n" (draft.payload) }
                    @if let Some(wrong) = &draft.wrong { p.alert #wrong role="alert" { (visible(wrong, false)) } }
                    div.actions { button.primary type="submit" disabled[draft.event_type.is_empty()] { (icon(Icon::Send)) "Send the example" } }
                }
            },
        }
    };
    page(customer, endpoint, Tab::Test, &content)
}

/// Sends it, and shows the delivery.
pub(super) async fn send(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = customer.read(&context, request).await?;
    let endpoint = named.find(&context, &customer).await?;
    let event_type = form.get("type").trim().to_owned();
    let payload = form.lines("payload", b"");
    let sent = Example { event_type: event_type.clone(), index: 0, payload: Some(payload.clone().into()) };
    let (who, app, wanted) = ((customer.identity(), &customer.sight()), customer.app(), named.endpoint());
    let act = endpoints::send_example(&context, who, &app, &wanted, sent, None);
    match customer.doing(&context, "endpoint.send_example", act).await {
        Ok(message) => Ok(see(&delivery::path(message.id, endpoint.id))),
        Err(Error::Invalid(invalid)) => {
            let wrong = invalid.0.first().map(|error| error.invalid.message.to_string());
            let known = Known::read(&context, &customer).await?;
            let page = shown(&customer, &endpoint, &known, &Draft { event_type, payload, wrong });
            Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
