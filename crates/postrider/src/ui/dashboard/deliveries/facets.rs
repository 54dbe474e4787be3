//! How what was found divides: each count leads to the list that it counts.

use std::str::FromStr as _;

use maud::{Markup, html};
use postrider_core::query::{Query, Term};
use postrider_store::Facets;

use super::address;
use crate::ui::text::visible;

/// A value with its count, and the term that stands for it.
struct Facet {
    word: String,
    count: u64,
    term: Option<Term>,
}

/// The counts, by kind.
pub(super) fn of(path: &str, query: Option<&Query>, facets: &Facets) -> Markup {
    let statuses = facets
        .statuses
        .iter()
        .map(|(status, count)| facet(status.name().to_owned(), *count, &format!("status:{}", status.name())));
    let codes = facets.codes.iter().map(|(class, count)| {
        let word = if *class == 0 { "none".to_owned() } else { format!("{class}xx") };
        facet(word.clone(), *count, &format!("code:{word}"))
    });
    let types = facets
        .types
        .iter()
        .map(|(name, count)| facet(name.clone(), *count, &format!("type:{}", quoted(name))));
    let endpoints = facets
        .endpoints
        .iter()
        .map(|(endpoint, count)| facet(endpoint.url.clone(), *count, &format!("endpoint:{}", endpoint.id)));
    let kinds: [(&str, Vec<Facet>); 4] = [
        ("State", statuses.collect()),
        ("Answer", codes.collect()),
        ("Event type", types.collect()),
        ("Endpoint", endpoints.collect()),
    ];
    html! {
        div.facets aria-label="Counts" role="group" {
            // One value alone tells nothing, and leads to where one is.
            @for (title, values) in kinds.iter().filter(|(_, values)| values.len() > 1) {
                section {
                    h2 { (title) }
                    @for value in values { (chip(path, query, value)) }
                }
            }
        }
    }
}

fn chip(path: &str, query: Option<&Query>, Facet { word, count, term }: &Facet) -> Markup {
    let narrowed = query.zip(term.clone()).map(|(query, term)| query.with(term).to_string());
    html! {
        @if let Some(narrowed) = narrowed {
            a.chip href=(address(path, &narrowed, None)) hx-boost="swap:outerHTML select:#results target:#results" {
                (visible(word, false)) " " span.count { (count) }
            }
        } @else {
            span.chip { (visible(word, false)) " " span.count { (count) } }
        }
    }
}

fn facet(word: String, count: u64, term: &str) -> Facet {
    let query = Query::from_str(term).ok();
    Facet { word, count, term: query.and_then(|query| query.terms().first().cloned()) }
}

/// A value that stands for itself, whatever is in it.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', r#"\""#))
}
