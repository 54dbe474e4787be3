//! The list of applications, and a new one. `new` in the address opens the form instead of the list.

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::app::App;
use postrider_core::id::AppId;
use postrider_core::rights::Right;
use postrider_store::{AppFilter, Edge, Listed, Order, Page as Rows};

use super::form::{self, FIELDS};
use super::{called, path};
use crate::context::Context;
use crate::service::apps;
use crate::ui::Page;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::parts::{ago, older};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Rows of a page.
const ROWS: usize = 50;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (mut after, mut is_new) = (None, false);
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "after" => after = value.parse().ok(),
            "new" => is_new = true,
            _ => {}
        }
    }
    if is_new {
        visitor.identity().needs(Right::Manage)?;
        return Ok(new(&visitor, &Filled::default()).into_response());
    }
    // The newest first: who has just made one sees it.
    let rows = Rows { limit: ROWS, edge: after.map(Edge::After), order: Some(Order::Descending) };
    let listed = apps::list(&context, visitor.identity(), AppFilter::default(), rows).await?;
    Ok(page(&visitor, &listed, after.is_none()).into_response())
}

/// Makes one.
pub(super) async fn make(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Manage)?;
    let made = match form::changes(&form) {
        Ok(changes) => {
            let making = apps::create(&context, visitor.identity(), changes, None);
            act::done(&visitor, &context, "application.create", making).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match made {
        Ok(app) => return Ok(see(&path(&visitor, &app))),
        Err(apps::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(apps::Error::UidTaken) => Filled::but(&form, "uid", "Another application has this uid."),
        Err(error) => return Err(error.into()),
    };
    Ok(new(&visitor, &filled).with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

fn page(visitor: &SignedIn, listed: &Listed<App, AppId>, is_first: bool) -> Page {
    let path = visitor.path(Place::Applications);
    let next = listed.next.map(|next| format!("{path}?after={next}"));
    let content = html! {
        @if listed.rows.is_empty() && is_first {
            div.empty {
                h2 { "There is no application yet" }
                p { "An application is one customer of yours: it has its own endpoints, messages and limits, and nobody reaches another's. "
                    "Your program can also make one with the first message that it publishes for it." }
            }
        } @else {
            table.things {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "uid" }
                    th.number.off-small scope="col" { "Rate limit" } th.number scope="col" { "Made" }
                } }
                tbody { @for app in &listed.rows { (row(visitor, app)) } }
            }
        }
        (older(next.as_deref()))
    };
    let actions = html! {
        @if visitor.identity().rights().has(Right::Manage) {
            a.button.primary href={ (path) "?new" } { (icon(Icon::Plus)) "New application" }
        }
    };
    Frame::new(visitor, Place::Applications).with_actions(actions).page(&content)
}

fn row(visitor: &SignedIn, app: &App) -> Markup {
    html! {
        tr {
            td.wide { a.row href=(path(visitor, app)) { (visible(called(app), false)) } span.sub { (app.id) } }
            td.tight { @if let Some(uid) = &app.uid { (visible(uid, false)) } }
            td.number.off-small { @match app.throttle_rate { Some(rate) => { (rate) " / s" } None => span.quiet { "none" } } }
            td.number { (ago(app.created_at)) }
        }
    }
}

fn new(visitor: &SignedIn, filled: &Filled) -> Page {
    let content = html! {
        section.card {
            (filled.summary(&FIELDS))
            form.stack method="post" action=(visitor.path(Place::Applications)) {
                (token(visitor))
                (form::fields(filled))
                p { button.primary type="submit" { "Make the application" } }
            }
        }
    };
    Frame::new(visitor, Place::Applications).of("New application", html! { "New application" }).page(&content)
}
