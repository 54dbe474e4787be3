//! The box that searches, and what was read in it: shared by all lists that are searched.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::query::{Query, QueryError};
use postrider_core::time::Timestamp;

use crate::ui::icon::{Icon, icon};
use crate::ui::parts::{clock, exact};
use crate::ui::text::visible;

/// The box. What is wrong with the text stands below it, and the text stays.
pub(in crate::ui) fn field(path: &str, q: &str, error: Option<&QueryError>, hint: &str) -> Markup {
    html! {
        search.stack {
            form.query method="get" action=(path) {
                label.visually-hidden for="q" { "Search" }
                input #q type="search" name="q" value=(q) placeholder=(hint) autocomplete="off" spellcheck="false"
                    maxlength="1024" aria-describedby=[error.map(|_| "q-error")] aria-invalid=[error.map(|_| "true")]
                    list="q-fields";
                datalist #q-fields { @for (text, meaning) in OFFERS { option value=(text) { (meaning) } } }
                button type="submit" { (icon(Icon::Search)) "Search" }
            }
            @if let Some(error) = error { (wrong(path, q, error)) }
        }
    }
}

/// Beginnings that are offered while nothing is written.
const OFFERS: [(&str, &str); 6] = [
    ("status:failed", "given up"),
    ("status:retrying", "failed, and tried again"),
    ("code:5xx", "the receiver failed"),
    ("error:timeout", "no answer in time"),
    ("since:1h", "of the last hour"),
    ("latency:>2s", "slow answers"),
];

fn wrong(path: &str, q: &str, error: &QueryError) -> Markup {
    let span = q.get(error.span.clone()).unwrap_or_default();
    let mended = error.suggestion.as_ref().and_then(|suggestion| {
        let (before, after) = (q.get(..error.span.start)?, q.get(error.span.end..)?);
        Some(format!("{before}{suggestion}{after}"))
    });
    html! {
        p.alert #q-error role="alert" {
            @if !span.is_empty() { code { (visible(span, false)) } ": " }
            (visible(&error.problem.to_string(), false)) "."
            @if let Some(mended) = mended {
                " Did you mean " a href={ (path) "?q=" (url::form_urlencoded::byte_serialize(mended.as_bytes()).collect::<String>()) } { (visible(&mended, false)) } "?"
            }
        }
    }
}

/// The terms, each with a way to the same search without it.
pub(in crate::ui) fn chips(path: &str, query: &Query) -> Markup {
    html! {
        @if !query.is_empty() {
            div.chips role="group" aria-label="Terms of the search" {
                @for (index, term) in query.terms().iter().enumerate() {
                    @let rest = query.without(index).to_string();
                    a.chip href={ (path) "?q=" (url::form_urlencoded::byte_serialize(rest.as_bytes()).collect::<String>()) }
                        title="Take this term away" {
                        (visible(&term.to_string(), false)) (icon(Icon::X)) span.visually-hidden { " take away" }
                    }
                }
                a href=(path) { "Clear" }
            }
        }
    }
}

/// How far a search has looked.
pub(in crate::ui) fn searched(
    looked: u64,
    reached: Option<Timestamp>,
    is_whole: bool,
    took: Duration,
) -> Markup {
    html! {
        p.searched {
            @if is_whole { "Looked at everything" } @else { "Looked at " (looked) }
            @if let (Some(reached), false) = (reached, is_whole) { ", back to " (exact(reached)) }
            " in " (clock(took))
        }
    }
}
