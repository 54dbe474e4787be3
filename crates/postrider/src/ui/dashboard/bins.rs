//! Request bins: which there are, and a new one in a click. What came to one is on its own page, which takes its view key.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use postrider_core::rights::Right;
use serde::Deserialize;

use super::Shared;
use super::act;
use super::failure::Failure;
use crate::context::Context;
use crate::service::access;
use crate::service::bins::{CreateError, Created, Listed, Mode};
use crate::ui::Page;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::parts::{ago, copy, exact};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Bins that nobody made and that are shown.
const UNOWNED: usize = 50;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/bins";
    Router::new().route(PATH, get(list).post(create)).route(&format!("{PATH}/{{bin}}/delete"), post(delete))
}

async fn list(visitor: SignedIn, State(context): State<Context>) -> Result<Response, Failure> {
    Ok(page(&context, &visitor, None)?.into_response())
}

/// Makes a bin, and shows its view key this once. Bins are their own record, so the audit log has nothing of it.
async fn create(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let created = context.bins.create(visitor.identity().environment(Right::Manage)?)?;
    Ok(page(&context, &visitor, Some(&created))?.into_response())
}

#[derive(Debug, Deserialize)]
struct Named {
    bin: String,
}

async fn delete(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let scope = visitor.identity().environment(Right::Manage)?;
    if !context.bins.remove(scope, &named.bin) {
        return Err(access::Error::Missing("bin").into());
    }
    Ok(see(&visitor.path(Place::Bins)))
}

fn page(context: &Context, visitor: &SignedIn, made: Option<&Created>) -> Result<Page, Failure> {
    let listed = context.bins.list(visitor.identity().environment(Right::Read)?);
    let settings = context.bins.settings();
    let may_make = settings.mode != Mode::Off && visitor.identity().rights().has(Right::Manage);
    let button = html! {
        @if may_make {
            form method="post" action=(visitor.path(Place::Bins)) {
                input type="hidden" name="csrf" value=(visitor.csrf());
                button.primary type="submit" { "Make a bin" }
            }
        }
    };
    let address = |name: &str| format!("{}/bin/{name}", context.public_url());
    let body = html! {
        div.stack {
            @if let Some(created) = made { (new(created, &address(&created.name))) }
            @match settings.mode {
                Mode::Off => (off()),
                Mode::Open => (open(context, &address)),
                Mode::Keyed => @if listed.is_empty() { (none(may_make)) },
            }
            @if !listed.is_empty() {
                table.things {
                    thead { tr {
                        th scope="col" { "Address" } th.number scope="col" { "Requests" } th.number scope="col" { "Made" }
                        th.number.off-small scope="col" { "Expires" } th scope="col" { span.visually-hidden { "Act" } }
                    } }
                    tbody { @for bin in listed.iter().rev() { (row(visitor, bin, &address(&bin.name), may_make)) } }
                }
                p.hint { "Whoever knows an address can send to it; reading takes the view key that was shown when the bin was made. "
                    "Bins are in the memory of the node that answers and end with it." }
            }
        }
    };
    Ok(Frame::new(visitor, Place::Bins).with_actions(button).page(&body))
}

/// What is said of a bin that was just made.
fn new(created: &Created, address: &str) -> Markup {
    html! {
        section.card.made {
            h2 { "A new bin" }
            p { "Its view key is shown this once: it stands behind the " code { "#" } " of the second address, which is for reading." }
            dl.facts.aside {
                div { dt { "Send to" } dd { code { (address) } " " (copy(address, "Copy the address")) } }
                @let reads = format!("{address}#key={}", created.view_key);
                div { dt { "Read at" } dd { a href=(reads) { (reads) } " " (copy(&reads, "Copy the address with the key")) } }
                div { dt { "Expires" } dd { (exact(created.expires_at)) } }
            }
            pre tabindex="0" { "curl " (address) " -d '{\"hello\": \"world\"}'" }
        }
    }
}

fn off() -> Markup {
    html! {
        div.empty {
            h2 { "Bins are switched off" }
            p { "A bin is a receiver in this server: it keeps what is sent to it, answers as you tell it, and shows what came while it comes. "
                "Send webhooks there before the real receiver is written." }
            p { "The configuration switches them on, for holders of a key and people who may manage an environment:" }
            pre tabindex="0" { "[bins]\nenabled = true" }
        }
    }
}

fn none(may_make: bool) -> Markup {
    html! {
        div.empty {
            h2 { "No bins yet" }
            p { "A bin is a receiver in this server: it keeps what is sent to it, answers as you tell it, and shows what came while it comes. "
                "Make an endpoint with its address, or give it to a provider." }
            @if may_make { p { "“Make a bin” above makes one, as does " code { "POST /api/v1/bin" } " with a key of this environment." } }
            @else { p { "Whoever may manage this environment can make one." } }
        }
    }
}

/// Where any name is a bin: those that have something in them.
fn open(context: &Context, address: &impl Fn(&str) -> String) -> Markup {
    let unowned = context.bins.unowned();
    html! {
        section.card aria-labelledby="open" {
            h2 #open { "Any name is a bin here" }
            p { "Send to an address below " code { (address("")) } " and open the same address in a browser. No key is asked for: this server is for development." }
            @if unowned.is_empty() { pre tabindex="0" { "curl " (address("orders")) " -d '{\"hello\": \"world\"}'" } }
            @else {
                ul.plain {
                    @for (name, requests) in unowned.iter().take(UNOWNED) {
                        li { a href={ "/bin/" (name) } { (visible(name, false)) }
                            span.sub { (requests) @if *requests == 1 { " request" } @else { " requests" } } }
                    }
                }
                @if unowned.len() > UNOWNED { p.hint { "and " (unowned.len() - UNOWNED) " more" } }
            }
        }
    }
}

fn row(visitor: &SignedIn, bin: &Listed, address: &str, may_remove: bool) -> Markup {
    html! {
        tr {
            td.wide { a href={ "/bin/" (bin.name) } { (visible(&bin.name, false)) } " " (copy(address, "Copy the address")) }
            td.number { (bin.requests) }
            td.number { (ago(bin.created_at)) }
            td.number.off-small { (exact(bin.expires_at)) }
            td.tight {
                @if may_remove {
                    form method="post" action={ (visitor.path(Place::Bins)) "/" (bin.name) "/delete" } {
                        input type="hidden" name="csrf" value=(visitor.csrf());
                        button.danger type="submit" aria-label={ "Remove " (bin.name) } { "Remove" }
                    }
                }
            }
        }
    }
}

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        Self::not_possible(&error)
    }
}
