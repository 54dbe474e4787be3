//! What is around the content of every page: where one is, and where else one can go.

use maud::{Markup, html};

use super::guides::GUIDES;
use super::{API, EVENTS};
use crate::ui::Page;
use crate::ui::assets::{DOCS, DOCS_SCRIPT};
use crate::ui::text::visible;

/// What is the same on all pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'d> {
    /// Its title.
    pub(super) title: &'d str,
    /// Where clients reach this server, without a slash at the end.
    pub(super) url: &'d str,
    /// Whether there is a catalogue.
    pub(super) has_events: bool,
}

/// A page with what leads to its neighbours on the left.
pub(super) fn page(site: &Site<'_>, title: &str, path: &str, beside: &Markup, content: &Markup) -> Page {
    let body = html! {
        header.banner {
            p.brand { a href=(if site.has_events { EVENTS } else { API }) { (visible(site.title, false)) } }
            nav.parts aria-label="Parts" {
                @if site.has_events {
                    (link("Events", EVENTS, path.starts_with(EVENTS)))
                    (link("Guides", GUIDES[0].path(), path.starts_with("/docs/guides")))
                    (link("Changes", "/docs/changes", path == "/docs/changes"))
                }
                (link("API", API, path.starts_with(API)))
            }
        }
        div.docs {
            nav.beside aria-label="Contents" { (beside) }
            main #main { (content) }
        }
    };
    Page::new(title, &[&DOCS_SCRIPT], &body).with_style(&DOCS).indexed()
}

fn link(text: &str, path: &str, is_here: bool) -> Markup {
    html! { a href=(path) aria-current=[is_here.then_some("true")] { (text) } }
}

/// A page that says one thing.
pub(super) fn message(site: &Site<'_>, title: &str, text: &str) -> Page {
    page(site, title, "", &html! {}, &html! { h1 { (title) } p { (text) } })
}

/// A list of links, in which a script lets people search.
pub(super) fn filtered(what: &str, list: &Markup) -> Markup {
    html! {
        list-filter {
            label.filter hidden { span.visually-hidden { (what) } input type="search" placeholder=(what) autocomplete="off" spellcheck="false"; }
            p.hint role="status" {}
            (list)
        }
    }
}

/// Text in a box from which a script can copy it.
pub(super) fn copied(text: &Markup) -> Markup {
    html! { div.copied { copy-code hidden { button type="button" { "Copy" } } pre tabindex="0" { (text) } } }
}
