//! The page of one event type: what it means, its schema and what has changed in it, an example, the facts.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::event_type::EventType;
use postrider_core::rights::Right;

use super::list::marks;
use super::reach::Reach;
use super::{Named, path};
use crate::context::Context;
use crate::ui::catalog::{example, version_tables, versions};
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::{recent, typed};
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::json;
use crate::ui::parts::ago;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Bytes of an example.
const SHOWN: usize = 32 * 1024;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let event_type = named.find(&context, &visitor).await?;
    let q = format!("type:{}", event_type.name);
    let hits = recent::read(&context, visitor.identity(), &q).await?;
    let reach = Reach::read(&context, &visitor, &event_type.name).await?;
    let body = html! {
        @if !event_type.description.is_empty() { p.sentence { (visible(&event_type.description, true)) } }
        div.columns {
            div.stack {
                (schema(&event_type))
                (recent::card(&visitor, &hits, &q))
            }
            div.stack {
                (facts(&visitor, &event_type))
                (reach.card(&visitor))
            }
        }
    };
    let heading = html! { (event_type.name) (marks(&event_type)) };
    let frame = Frame::new(&visitor, Place::EventTypes).of(&event_type.name, heading);
    Ok(frame.with_actions(acts(&visitor, &event_type)).page(&body).into_response())
}

fn acts(visitor: &SignedIn, event_type: &EventType) -> Markup {
    let path = path(visitor, &event_type.name);
    let (act, word) = if event_type.archived { ("restore", "Restore") } else { ("archive", "Archive") };
    html! {
        @if visitor.identity().rights().has(Right::Manage) {
            form method="post" action={ (path) "/" (act) } {
                (token(visitor))
                button type="submit" { (icon(Icon::Archive)) (word) }
            }
            a.button href={ (path) "/settings" } { (icon(Icon::Pencil)) "Edit" }
        }
    }
}

fn schema(event_type: &EventType) -> Markup {
    let versions = versions(event_type.schemas.as_deref());
    let newest = versions.first().map_or("{}", |(_, schema)| schema.get());
    let example = example(newest);
    html! {
        section.card aria-labelledby="schema" {
            h2 #schema { "Schema" }
            @if versions.is_empty() { p.hint { "It has none: the body is a JSON object. With a schema, the catalogue shows your customers what is in it." } }
            (version_tables(&versions))
        }
        @if !versions.is_empty() {
            section.card aria-labelledby="example" {
                h2 #example { "Example" }
                @if example.is_made_up { p.hint { "Made up from the schema, which has none of its own." } }
                pre.json tabindex="0" aria-labelledby="example" { (json::pretty(example.text.as_bytes(), SHOWN)) }
            }
        }
    }
}

fn facts(visitor: &SignedIn, event_type: &EventType) -> Markup {
    let search = format!("{}?q=type%3A{}", visitor.path(Place::Messages), event_type.name);
    html! {
        aside.card aria-label="Facts" {
            dl.facts.aside {
                div { dt { "State" } dd {
                    @if event_type.archived { "archived: hidden from lists, and messages of it are still accepted" }
                    @else if event_type.deprecated { "deprecated: still sent" }
                    @else { "in use" }
                } }
                @if let Some(group) = &event_type.group_name { div { dt { "Group" } dd { (visible(group, false)) } } }
                @if !event_type.feature_flags.is_empty() { div { dt { "Flags" } dd { (event_type.feature_flags.join(", ")) } } }
                div { dt { "Attempts" } dd {
                    @match &event_type.retry_schedule {
                        Some(schedule) => (typed::of_schedule(Some(schedule))),
                        None => span.quiet { "as the environment says" },
                    }
                } }
                div { dt { "Messages" } dd { a href=(search) { "All of them" } } }
                div { dt { "Made" } dd { (ago(event_type.created_at)) } }
                div { dt { "Changed" } dd { (ago(event_type.updated_at)) } }
            }
        }
    }
}
