//! The audit log: who did what, newest first.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use postrider_core::audit::{Actor, ActorKind, Changed, Entry};
use postrider_core::id::AuditId;
use postrider_store::{AuditFilter, Edge, Page as Rows};

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::audit;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{Kind, ago, older, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Rows of a page.
const ROWS: usize = 50;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/audit", get(list))
}

/// What the address asks for. Fields that are empty ask for nothing.
#[derive(Debug, Default)]
struct Asked {
    actor: Option<String>,
    action: Option<String>,
    target: Option<String>,
    after: Option<AuditId>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let text = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
            match &*name {
                "actor" => asked.actor = text,
                "operation" => asked.action = text,
                "target" => asked.target = text,
                "after" => asked.after = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }

    /// The address of the page behind this one.
    fn next(&self, path: &str, next: AuditId) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("actor", &self.actor), ("action", &self.action), ("target", &self.target)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("{path}?{}", query.append_pair("after", &next.to_string()).finish())
    }
}

async fn list(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let filter = AuditFilter {
        actor: asked.actor.clone(),
        action: asked.action.clone(),
        target: asked.target.clone(),
        ..AuditFilter::default()
    };
    let rows = Rows { limit: ROWS, edge: asked.after.map(Edge::After), order: None };
    // Whoever manages the installation sees what was done to it, too.
    let identity = visitor.instance().unwrap_or_else(|_| visitor.identity());
    let listed = audit::list(&context, identity, filter, rows).await?;
    let path = visitor.path(Place::Audit);
    let next = listed.next.map(|next| asked.next(&path, next));
    let body = html! {
        (search(&path, &asked))
        @if listed.rows.is_empty() {
            div.empty { h2 { "No entries" } p { "Whatever changes something is written down here: by whom, from where, and what became of it." } }
        } @else {
            table.things {
                thead { tr {
                    th scope="col" { "Who" } th scope="col" { "What" } th.off-small scope="col" { "Changed" }
                    th scope="col" { "Outcome" } th.number scope="col" { "When" }
                } }
                tbody { @for entry in &listed.rows { (row(&path, entry)) } }
            }
            (older(next.as_deref()))
        }
    };
    Ok(Frame::new(&visitor, Place::Audit).page(&body).into_response())
}

fn search(path: &str, asked: &Asked) -> Markup {
    let fields = [
        ("operation", "Operation", &asked.action, "endpoint.patch"),
        ("actor", "Who, by id", &asked.actor, ""),
        ("target", "What about, by id", &asked.target, ""),
    ];
    html! {
        search { form.line method="get" action=(path) {
            @for (name, label, value, hint) in fields {
                label for=(name) { (label) }
                input id=(name) name=(name) value=[value.as_deref()] placeholder=(hint) spellcheck="false";
            }
            button type="submit" { "Search" }
        } }
    }
}

fn row(path: &str, entry: &Entry) -> Markup {
    let is_done = entry.status < 400;
    html! {
        tr {
            td {
                (who(path, &entry.actor))
                @if let Some(address) = &entry.address { span.sub { "from " (visible(address, false)) } }
            }
            td.wide {
                a href={ (path) "?operation=" (url::form_urlencoded::byte_serialize(entry.action.as_bytes()).collect::<String>()) } { code { (visible(&entry.action, false)) } }
                @for target in &entry.targets { span.sub { (visible(&target.noun, false)) " " span.id { (visible(&target.id, false)) } } }
            }
            td.changes.off-small { @for change in &entry.changes { (changed(change)) } }
            td.tight {
                @if is_done { (pill(Kind::Good, "Done")) } @else { (pill(Kind::Bad, &format!("Refused, {}", entry.status))) }
            }
            td.number { (ago(entry.at)) }
        }
    }
}

fn who(path: &str, actor: &Actor) -> Markup {
    let kind = match actor.kind {
        ActorKind::Key => "key",
        ActorKind::Person => "person",
        ActorKind::Portal => "portal session",
        ActorKind::Local => return html! { "a command on the server" },
    };
    let name = if actor.name.is_empty() { &actor.id } else { &actor.name };
    let id: String = url::form_urlencoded::byte_serialize(actor.id.as_bytes()).collect();
    html! { a href={ (path) "?actor=" (id) } { (visible(name, false)) } " " span.quiet { (kind) } }
}

fn changed(change: &Changed) -> Markup {
    html! {
        span.sub {
            code { (visible(&change.field, false)) }
            @match (&change.old, &change.new) {
                (Some(old), Some(new)) => { " " (visible(&old.to_string(), false)) " → " (visible(&new.to_string(), false)) }
                _ => " changed",
            }
        }
    }
}
