//! The page of one application: its endpoints, what happened last, and the facts.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::app::{App, Ref};
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::rights::Right;
use postrider_store::{Listed, Page as Rows};

use super::{Named, called, path};
use crate::context::Context;
use crate::service::endpoints;
use crate::ui::dashboard::endpoint::standing;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::recent;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::parts::{ago, id, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Endpoints that the page shows.
const ENDPOINTS: usize = limits::PAGE_MAX;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let app = named.find(&context, &visitor).await?;
    let rows = Rows { limit: ENDPOINTS, edge: None, order: None };
    let all = endpoints::list(&context, visitor.identity(), &Ref::Id(app.id), rows).await?;
    let q = format!("app:{}", app.id);
    let hits = recent::read(&context, visitor.identity(), &q).await?;
    let body = html! {
        div.columns {
            div.stack {
                (endpoints_card(&visitor, &app, &all))
                (recent::card(&visitor, &hits, &q))
            }
            (facts(&visitor, &app))
        }
    };
    let frame = Frame::new(&visitor, Place::Applications).of(called(&app), visible(called(&app), false));
    Ok(frame.with_actions(acts(&visitor, &app)).page(&body).into_response())
}

fn acts(visitor: &SignedIn, app: &App) -> Markup {
    let (rights, path) = (visitor.identity().rights(), path(visitor, app));
    html! {
        @if rights.has(Right::Publish) {
            a.button href={ (visitor.path(Place::Messages)) "?publish=" (app.id) } { (icon(Icon::Send)) "Publish a test message" }
        }
        @if rights.has(Right::Manage) {
            form method="post" action={ (path) "/portal" } target="_blank" {
                (token(visitor))
                button type="submit" { (icon(Icon::ExternalLink)) "Open its portal" }
            }
            a.button href={ (path) "/settings" } { (icon(Icon::Pencil)) "Edit" }
        }
    }
}

fn endpoints_card(visitor: &SignedIn, app: &App, all: &Listed<Endpoint, EndpointId>) -> Markup {
    html! {
        section.card aria-labelledby="endpoints" {
            h2 #endpoints { "Endpoints " span.count { (all.rows.len()) @if all.next.is_some() { "+" } } }
            @if all.rows.is_empty() { p.hint { "None yet: what is published for this application goes nowhere." } }
            @else {
                table.things {
                    thead { tr { th scope="col" { "State" } th scope="col" { "URL" } th.number.off-small scope="col" { "Made" } } }
                    tbody { @for endpoint in &all.rows { (row(visitor, endpoint)) } }
                }
                @if all.next.is_some() { p.hint { "The newest are shown." } }
            }
            @if visitor.identity().rights().has(Right::ManageEndpoints) {
                p { a.button href={ (path(visitor, app)) "/endpoints" } { (icon(Icon::Plus)) "New endpoint" } }
            }
        }
    }
}

fn row(visitor: &SignedIn, endpoint: &Endpoint) -> Markup {
    let (kind, word) = standing(endpoint);
    html! {
        tr {
            td.tight { (pill(kind, word)) }
            td.wide {
                a.row href={ (visitor.path(Place::Endpoints)) "/" (endpoint.app) "/" (endpoint.id) } { (visible(&endpoint.url, false)) }
                @if !endpoint.description.is_empty() { span.sub { (visible(&endpoint.description, false)) } }
            }
            td.number.off-small { (ago(endpoint.created_at)) }
        }
    }
}

fn facts(visitor: &SignedIn, app: &App) -> Markup {
    let search = format!("{}?q=app%3A{}", visitor.path(Place::Messages), app.id);
    html! {
        aside.card aria-label="Facts" {
            dl.facts.aside {
                div { dt { "Application" } dd { (id(app.id)) } }
                @if let Some(uid) = &app.uid { div { dt { "uid" } dd { (visible(uid, false)) } } }
                div { dt { "Rate limit" } dd { @match app.throttle_rate { Some(rate) => { (rate) " deliveries a second" } None => { "none" } } } }
                div { dt { "Messages" } dd { a href=(search) { "All of them" } } }
                @for (name, value) in &app.metadata { div { dt { (visible(name, false)) } dd { (visible(value, true)) } } }
                div { dt { "Made" } dd { (ago(app.created_at)) } }
                div { dt { "Changed" } dd { (ago(app.updated_at)) } }
            }
        }
    }
}
