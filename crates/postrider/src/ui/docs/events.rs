//! The catalogue: all event types, and each of them on a page of its own.

use std::collections::BTreeMap;

use maud::{Markup, html};
use postrider_core::event_type::EventType;

use super::changelog::date;
use super::frame::{copied, filtered, page};
use super::prose::{inline, prose};
use super::{Asked, EVENTS};
use crate::ui::Page;
use crate::ui::catalog::{SECRET, Sample, Tree, curl, example, sample_request, version_tables, versions};
use crate::ui::json;
use crate::ui::text::visible;

/// Names on the left of a page; the catalogue's own page has all of them.
const BESIDE: usize = 1_000;
/// Bytes of an example.
const SHOWN: usize = 32 * 1024;

/// All event types.
pub(super) fn index(asked: &Asked<'_>) -> Page {
    let Asked { site, catalog, published } = asked;
    let settings = catalog.settings();
    let mut groups: BTreeMap<&str, Vec<&EventType>> = BTreeMap::new();
    for event_type in &published.event_types {
        groups.entry(event_type.group_name.as_deref().unwrap_or_default()).or_default().push(event_type);
    }
    let content = html! {
        h1 { (visible(settings.title.as_deref().unwrap_or("Event types"), false)) }
        @match &settings.intro {
            Some(intro) => (prose(intro)),
            None => p { "Each event is sent as a webhook: a POST request with a JSON body, signed, to the endpoints that ask for it. "
                "The " a href="/docs/guides/signatures" { "guides" } " tell how to receive it." }
        }
        p.files { "For programs: "
            a href="/docs/events.json" { "events.json" } " · " a href="/docs/asyncapi.json" { "AsyncAPI" } " ("
            a href="/docs/asyncapi.yaml" { "YAML" } ") · " a href="/docs/events.md" { "Markdown" } " · " a href="/llms.txt" { "llms.txt" }
        }
        @if groups.is_empty() {
            div.empty {
                h2 { "No event types yet" }
                p { "They appear here as soon as there are any, with their schemas and examples." }
                (copied(&html! { (making(site.url)) }))
            }
        }
        @for (group, event_types) in &groups {
            section {
                @if groups.len() > 1 || !group.is_empty() {
                    h2 { @if group.is_empty() { "Others" } @else { (visible(group, false)) } }
                }
                div.scroll { table.types {
                    thead { tr { th scope="col" { "Event type" } th scope="col" { "What it says" } th scope="col" { "Changed" } } }
                    tbody { @for event_type in event_types {
                        tr {
                            th scope="row" { a href=(link(&event_type.name)) { (visible(&event_type.name, false)) } (marks(event_type)) }
                            td { (inline(first_line(&event_type.description))) }
                            td { (date(event_type.updated_at)) }
                        }
                    } }
                } }
            }
        }
        @if published.is_cut { p.hint { "… Further event types are not shown." } }
    };
    page(site, "Event types", EVENTS, &names(asked, ""), &content)
}

fn making(url: &str) -> String {
    format!(
        "curl -sS {url}/api/v1/event-type -H \"authorization: Bearer $KEY\" -d '{{\n  \"name\": \"invoice.paid\", \
         \"description\": \"An invoice was paid in full.\"}}'"
    )
}

/// One event type.
pub(super) fn event_type(asked: &Asked<'_>, event_type: &EventType) -> Page {
    let versions = versions(event_type.schemas.as_deref());
    let newest = versions.first().map_or("{}", |(_, schema)| schema.get());
    let example = example(newest);
    let sample = Sample::of(&example.text, asked.published.environment.settings.signature_headers);
    let content = html! {
        h1 { code { (visible(&event_type.name, false)) } (marks(event_type)) }
        @if event_type.deprecated { p.notice { "This event type is deprecated: it is still sent, and nothing new should rely on it." } }
        (prose(&event_type.description))
        p.hint {
            @if let Some(group) = &event_type.group_name { "In " (visible(group, false)) ". " }
            "Since " (date(event_type.created_at)) ", last changed " (date(event_type.updated_at)) "."
        }
        h2 #payload { "Payload" }
        @if asked.published.without_schemas.contains(&event_type.name) {
            p.hint { "… Its schema is not shown: there are too many large ones." }
        } @else if versions.is_empty() {
            p.hint { "It has no schema: the body is a JSON object." }
        }
        (version_tables(&versions))
        h2 #example { "Example" }
        @if example.is_made_up && !versions.is_empty() { p.hint { "Made up from the schema." } }
        (copied(&json::pretty(example.text.as_bytes(), SHOWN)))
        h2 #request { "What your endpoint gets" }
        p { "The body above, with these headers. This sample is signed with the secret " code { (SECRET) } ", so that you can "
            a href="/docs/guides/signatures" { "check your own code" } " with it." }
        (sample_request(&sample))
        details.panel {
            summary { "The same as a command, to send it to your own machine" }
            (copied(&html! { (visible(&curl(&sample), true)) }))
            p.hint { "Its time is long past: code that checks the time, as it should, takes this sample only with that check set aside." }
        }
    };
    page(&asked.site, &event_type.name, &link(&event_type.name), &names(asked, &event_type.name), &content)
}

fn marks(event_type: &EventType) -> Markup {
    html! { @if event_type.deprecated { " " span.status.other { "deprecated" } } }
}

/// All names as a tree.
fn names(asked: &Asked<'_>, here: &str) -> Markup {
    let names = asked.published.event_types.iter().map(|event_type| event_type.name.as_str());
    let tree = Tree::of(names.clone().take(BESIDE));
    let left_out = names.count().saturating_sub(BESIDE);
    let list = html! {
        (branches(&tree, here))
        @if left_out > 0 { p.hint { a href=(EVENTS) { "… " (left_out) " more" } } }
    };
    filtered("Find an event type", &list)
}

fn branches(tree: &Tree<'_>, here: &str) -> Markup {
    html! {
        ul {
            @for (part, branch) in &tree.branches {
                li {
                    @match branch.name {
                        Some(name) => a href=(link(name)) aria-current=[(name == here).then_some("page")] { (visible(part, false)) },
                        None => span.branch { (visible(part, false)) },
                    }
                    @if !branch.branches.is_empty() { (branches(branch, here)) }
                }
            }
        }
    }
}

/// Where its page is.
pub(super) fn link(name: &str) -> String {
    // Names have only letters, digits and `-_.`.
    format!("{EVENTS}/{name}")
}

/// The beginning of a description.
pub(super) fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
