//! The reference of the API, made from its description: a page for each group of operations.
//!
//! It is made once, when the first visitor comes, and kept as markup. Deliberately absent is a viewer of somebody else's:
//! they weigh more than all our pages together and need a script to show anything.

mod clients;
mod operation;

use std::collections::BTreeMap;

use maud::{Markup, html};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use self::operation::{Operation, operations};
use super::frame::{self, Site, filtered};
use super::prose::{inline, prose};
use super::{API, EVENTS};
use crate::ui::Page;

/// See the module's documentation.
pub(super) struct Reference {
    intro: Markup,
    version: String,
    groups: Vec<Group>,
    revision: String,
}

/// Operations on one thing.
struct Group {
    name: String,
    about: String,
    /// The last part of its path.
    slug: String,
    operations: Vec<Listed>,
    content: Markup,
}

/// What is told of an operation outside of its page.
struct Listed {
    id: String,
    method: &'static str,
    path: String,
    summary: String,
}

impl Reference {
    /// The reference of what `document` describes, for a server that clients reach at `url`.
    pub(super) fn of(document: &OpenApi, url: &str) -> Self {
        let document = serde_json::to_value(document).unwrap_or_default();
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let mut by_tag: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
        for operation in operations(&document) {
            by_tag.entry(operation.tag()).or_default().push(operation);
        }
        let tags = document["tags"].as_array().into_iter().flatten();
        let groups = tags.filter_map(|tag| {
            let name = tag["name"].as_str()?;
            let operations = by_tag.remove(name)?;
            Some(Group {
                name: name.to_owned(),
                about: tag["description"].as_str().unwrap_or_default().to_owned(),
                slug: name.to_lowercase().replace(' ', "-"),
                content: html! { @for operation in &operations { (operation.markup(&document, url)) } },
                operations: operations.iter().map(Operation::listed).collect(),
            })
        });
        let groups = groups.collect();
        let hash = digest(&SHA256, format!("{url} {document}").as_bytes());
        let first = hash.as_ref().first_chunk().copied().map_or(0, u128::from_be_bytes);
        Self {
            intro: prose(text("/info/description")),
            version: text("/info/version").to_owned(),
            groups,
            revision: format!("{first:032x}"),
        }
    }

    /// Another one for other content.
    pub(super) fn revision(&self) -> &str {
        &self.revision
    }

    /// What there is.
    pub(super) fn index(&self, site: &Site<'_>) -> Page {
        let content = html! {
            h1 { "API reference" }
            p.hint { "Version " (self.version) ". The same for programs: " a href="/openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
            (self.intro)
            h2 #authorization { "Authorization" }
            p { "Send an API key with each request: " code { "Authorization: Bearer KEY" } ". What a key reaches depends on what it was made for: "
                "the instance, one environment, or one application." }
            h2 #mistakes { "Errors" }
            p { "An error has the status that says what kind it is, and a JSON body: " code { "code" } " for programs and "
                code { "detail" } " for people. With 422, " code { "detail" } " is a list that names each field and what is wrong with it. "
                "After 429, 503 and 507 the header " code { "Retry-After" } " says when to ask again." }
            h2 #again { "Asking again" }
            p { "Send " code { "Idempotency-Key" } " with a POST, and repeat the request as often as you like: it is done once, and each repetition within 12 hours has the first answer." }
            h2 #operations { "Operations" }
            @for group in &self.groups {
                h3 { a href=(group.path()) { (group.name) } }
                p { (inline(&group.about)) }
                ul.operations { @for operation in &group.operations { li { (operation.line(&group.path())) } } }
            }
        };
        frame::page(site, "API reference", API, &self.beside(""), &content)
    }

    /// One group; `None` if there is none of this name.
    pub(super) fn group(&self, site: &Site<'_>, slug: &str) -> Option<Page> {
        let group = self.groups.iter().find(|group| group.slug == slug)?;
        let content = html! {
            h1 { (group.name) }
            (prose(&group.about))
            @if site.has_events && slug == "event-type" { p.hint { "What is published of them stands in the " a href=(EVENTS) { "catalogue" } "." } }
            (group.content)
        };
        Some(frame::page(
            site,
            &format!("{} · API reference", group.name),
            &group.path(),
            &self.beside(slug),
            &content,
        ))
    }

    fn beside(&self, here: &str) -> Markup {
        let list = html! {
            ul { @for group in &self.groups {
                li {
                    a href=(group.path()) aria-current=[(group.slug == here).then_some("page")] { (group.name) }
                    ul { @for operation in &group.operations {
                        li { a href={ (group.path()) "#" (operation.id) } title={ (operation.method) " " (operation.path) } { (operation.summary) } }
                    } }
                }
            } }
        };
        filtered("Find an operation", &list)
    }
}

impl Group {
    fn path(&self) -> String {
        format!("{API}/{}", self.slug)
    }
}

impl Listed {
    fn line(&self, path: &str) -> Markup {
        html! { (method(self.method)) " " a href={ (path) "#" (self.id) } { code { (self.path) } } " " span.quiet { (self.summary) } }
    }
}

/// A method of HTTP, as a word that is found at a glance.
fn method(method: &str) -> Markup {
    html! { span class={ "method method-" (method.to_lowercase()) } { (method) } }
}
