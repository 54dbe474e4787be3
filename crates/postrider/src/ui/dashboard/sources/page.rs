//! The page of one source: where it is reached, how it checks, what came, what was refused and why, and where it goes.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{MessageId, SourceId};
use postrider_core::limits;
use postrider_core::reception::Refusal;
use postrider_core::rights::Right;
use postrider_core::source::{Forward, Source};
use postrider_store::{Edge, Listed, Page as Rows};
use serde::Deserialize;

use crate::context::Context;
use crate::service::access::Owner;
use crate::service::sources::{self, Addressed, Seen};
use crate::service::{access, endpoints};
use crate::ui::dashboard::endpoint::standing as state;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::message::{received, standing};
use crate::ui::dashboard::numbers::counted;
use crate::ui::frame::{Frame, Place};
use crate::ui::json;
use crate::ui::parts::{Kind, ago, copy, id, older, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::{size, visible};

/// Received messages on one page.
const ROWS: usize = 25;
/// Refused requests that are shown.
const REFUSED: usize = 25;
/// Bytes of a configuration that are shown.
const CONFIG: usize = 32 * 1024;

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    source: String,
}

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let named: Ref<SourceId> = Ref::parse(&named.source);
    let addressed = sources::get(&context, visitor.identity(), &named).await?;
    let named = Ref::Id(addressed.source.id);
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let before = pairs.find(|(name, _)| name == "before").and_then(|(_, value)| value.parse().ok());
    let rows = Rows { limit: ROWS, edge: before.map(Edge::After), order: None };
    let came = sources::receptions(&context, visitor.identity(), &named, rows).await?;
    let refused = sources::refusals(&context, visitor.identity(), &named).await?;
    let rows = Rows { limit: limits::PAGE_MAX, edge: None, order: None };
    let owner = Owner::Source(&named);
    let goes_to =
        endpoints::list(&context, visitor.identity(), owner, rows).await.map_err(|error| match error {
            endpoints::Error::Access(error) => error,
            // A list is of a source that was there a moment ago.
            _ => access::Error::Missing("source"),
        })?;
    let (source, path) = (&addressed.source, visitor.path(Place::Sources));
    let body = html! {
        div.columns {
            div.stack {
                (reached(&visitor, &addressed))
                (receptions(&visitor, source, &came, &format!("{path}/{}", source.id)))
                (refusals(&refused, visitor.identity().rights().has(Right::ReadSecrets)))
            }
            div.stack {
                (facts(source))
                (destinations(&visitor, source, &goes_to.rows))
                (configuration(&context, source))
            }
        }
    };
    let name = if source.name.is_empty() { &source.kind } else { &source.name };
    let heading = html! { (visible(name, false)) };
    let actions = html! {
        a.button href={ (visitor.path(Place::Deliveries)) "?q=source%3A" (source.id) } { "Deliveries" }
    };
    Ok(Frame::new(&visitor, Place::Sources)
        .of(name, heading)
        .with_actions(actions)
        .page(&body)
        .into_response())
}

/// Where it is reached.
fn reached(visitor: &SignedIn, addressed: &Addressed) -> Markup {
    html! {
        section.card aria-labelledby="address" {
            h2 #address { "Address" }
            @match (&addressed.address, &addressed.source.settings.cron) {
                (_, Some(cron)) => p { "Nothing is sent here: it publishes by a schedule, " code { (visible(&cron.schedule, false)) } " (UTC)." },
                (Some(address), None) => {
                    p { code { (address) } " " (copy(address, "Copy the address")) }
                    p.hint { "Give it to the provider. Whoever knows it can send; what is genuine is told by the check." }
                    pre tabindex="0" { "curl " (address) " -H 'content-type: application/json' -d '{\"hello\": \"world\"}'" }
                }
                (None, None) if visitor.identity().rights().has(Right::ReadSecrets) => p { "It has none." },
                (None, None) => p.quiet { "It is withheld from your role." },
            }
        }
    }
}

fn facts(source: &Source) -> Markup {
    let settings = &source.settings;
    html! {
        section.card aria-labelledby="check" {
            h2 #check { "How it checks" }
            dl.facts.aside {
                div { dt { "Type" } dd { (visible(&source.kind, false)) } }
                div { dt { "Scheme" } dd {
                    @match &settings.preset { Some(preset) => (visible(preset, false)), None => "none: nothing tells what is genuine" }
                } }
                div { dt { "Secrets" } dd {
                    (source.private.credentials.len())
                    @if settings.awaits_handshake { ", and the provider may tell one by a handshake" }
                } }
                @if let Some(seconds) = settings.tolerance_seconds { div { dt { "Tolerance" } dd { (seconds) " s" } } }
                div { dt { "What fails" } dd {
                    @if settings.accept_unverified { "is taken all the same, and marked" } @else { "is refused, and goes nowhere" }
                } }
                div { dt { "Sent on" } dd {
                    @match settings.forward {
                        Forward::AsItCame => "with the provider's headers and bytes",
                        Forward::Resigned => "with the provider's bytes, signed by this server",
                    }
                } }
                @if settings.split { div { dt { "Batches" } dd { "one message for each item" } } }
                @if let Some(uid) = &source.uid { div { dt { "Uid" } dd { (visible(uid, false)) } } }
                div { dt { "Id" } dd { (id(source.id)) } }
                div { dt { "Made" } dd { (ago(source.created_at)) } }
            }
        }
    }
}

fn destinations(visitor: &SignedIn, source: &Source, endpoints: &[Endpoint]) -> Markup {
    html! {
        section.card aria-labelledby="goes-to" {
            h2 #goes-to { "Sends to" }
            @if endpoints.is_empty() { p.hint { "Nothing yet: what comes is kept, and goes to endpoints that are made for it." } }
            ul.plain {
                @for endpoint in endpoints {
                    li {
                        a href={ (visitor.path(Place::Endpoints)) "/" (source.id) "/" (endpoint.id) } { (visible(&endpoint.url, false)) }
                        @if source.settings.filters.contains_key(&endpoint.id) { " " (pill(Kind::Waiting, "Filtered")) }
                        @let (kind, word) = state(endpoint);
                        " " (pill(kind, word))
                    }
                }
            }
        }
    }
}

/// Its configuration as the API has it, which is without what is secret.
fn configuration(context: &Context, source: &Source) -> Markup {
    let config = sources::shown(source).to_string();
    let at = format!("{}/ingest/api/v1/source/{}", context.public_url(), source.id);
    html! {
        details.panel {
            summary { "Configuration" }
            div.stack {
                pre.json tabindex="0" aria-label="Configuration" { (json::pretty(config.as_bytes(), CONFIG)) }
                p.hint { "Without secrets. It is changed by the API:" }
                pre tabindex="0" { "curl -X PUT " (at) " -H 'authorization: Bearer KEY' …" }
            }
        }
    }
}

fn receptions(visitor: &SignedIn, source: &Source, came: &Listed<Seen, MessageId>, path: &str) -> Markup {
    let next = came.next.map(|next| format!("{path}?before={next}"));
    html! {
        section.stack aria-labelledby="came" {
            h2 #came { "What came" }
            @if came.rows.is_empty() { p.hint { "Nothing that is kept." } }
            @else {
                table.things {
                    thead { tr { th scope="col" { "Event" } th scope="col" { "Check" } th.number scope="col" { "Came" } } }
                    tbody { @for seen in &came.rows { (row(visitor, source, seen)) } }
                }
                (older(next.as_deref()))
            }
        }
    }
}

fn row(visitor: &SignedIn, source: &Source, seen: &Seen) -> Markup {
    let message = &seen.message;
    html! {
        tr {
            td.wide {
                a.row href={ (visitor.path(Place::Messages)) "/" (source.id) "/" (message.id) } { (visible(&message.event_type, false)) }
                @if let Some(reason) = seen.reception.as_ref().and_then(|known| known.detail.reason.as_ref()) { span.sub { (visible(reason, false)) } }
            }
            td.tight {
                @match &seen.reception {
                    Some(known) => {
                        (standing(known.standing))
                        @if known.duplicate_of.is_some() { " " (pill(Kind::Waiting, "Repeated")) }
                        @if known.detail.replay.is_some() { " " (pill(Kind::Waiting, "Replayed")) }
                    }
                    None => (pill(Kind::Waiting, "Made by hand")),
                }
            }
            td.number { (ago(message.id.timestamp())) }
        }
    }
}

/// What was refused. Bodies are left to the API: what a stranger sends is seldom worth a page.
fn refusals(refused: &[Refusal], sees_secrets: bool) -> Markup {
    html! {
        section.stack aria-labelledby="refused" {
            h2 #refused { "Refused" }
            @if refused.is_empty() { p.hint { "Nothing. What fails its check is kept here for a while, and goes nowhere." } }
            @for refusal in refused.iter().take(REFUSED) {
                details.panel {
                    summary { (pill(Kind::Bad, &refusal.code)) " " (ago(refusal.at)) }
                    div.stack {
                        p { (visible(&refusal.reason, false)) }
                        (received(&refusal.request, sees_secrets))
                        p.hint { (size(usize::try_from(refusal.body_bytes).unwrap_or(usize::MAX))) " of a body. "
                            code { "GET …/refused" } " of the API has its beginning; " code { "postrider verify" } " says step by step why it fails." }
                    }
                }
            }
            @if refused.len() > REFUSED { p.hint { "The last " (REFUSED) " of " (counted(refused.len() as u64, "refused request")) " that are kept." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_core::id::RefusalId;
    use postrider_core::reception::{Octets, Received};
    use postrider_core::time::Timestamp;

    use super::*;
    use crate::ui::hostile::stays_text;

    #[test]
    fn what_a_stranger_sends_stays_text() {
        stays_text("a refused request", |text| {
            let request = Received {
                method: text.to_owned(),
                tail: text.to_owned(),
                query: Some(text.to_owned()),
                headers: vec![(text.to_owned(), Octets(Bytes::copy_from_slice(text.as_bytes())))],
                remote: None,
            };
            let at = Timestamp::from_micros(0);
            let (code, reason) = ("no_match".to_owned(), text.to_owned());
            let id = RefusalId::from_bytes([0; 20]);
            refusals(&[Refusal { id, at, request, code, reason, body_bytes: 1, body: Bytes::new() }], true)
        });
    }
}
