//! What is in a request: its body in three views, query, form fields and headers.

use maud::{Markup, html};

use super::{Scene, View};
use crate::service::bins::{Kept, text};
use crate::ui::text::{size, visible};

/// Bytes of a body that are shown. What is more is in the download.
const SHOWN: usize = 64 * 1024;
/// Bytes that are shown in hexadecimal digits.
const SHOWN_HEX: usize = 8 * 1024;
/// Bytes of a header's value.
const SHOWN_VALUE: usize = 8 * 1024;
/// Rows of a table.
const ROWS: usize = 200;

/// Body, query, fields and headers.
pub(super) fn of(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let fields = match kept.media_type().as_str() {
        "application/x-www-form-urlencoded" => text::pairs(&kept.arrived.body, ROWS),
        _ => Vec::new(),
    };
    let headers = kept.arrived.headers.iter();
    let headers: Vec<_> =
        headers.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect();
    html! {
        (body(scene, kept))
        (table("Form fields", "Field", &fields))
        (table("Query", "Parameter", &text::pairs(kept.query().as_bytes(), ROWS)))
        (table("Headers", "Header", &headers))
    }
}

fn body(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let bytes = &kept.arrived.body;
    html! {
        section.body {
            div.bar {
                h3 { "Body" }
                nav.views aria-label="View of the body" {
                    @for (view, word) in [(View::Pretty, "Pretty"), (View::Raw, "Raw"), (View::Hex, "Hex")] {
                        a href=(scene.link(kept.number, view, scene.asked.with))
                            aria-current=[(view == scene.asked.view).then_some("true")] { (word) }
                    }
                }
            }
            @if bytes.is_empty() {
                p.hint { "There is none." }
            } @else {
                (shown(scene, kept))
            }
        }
    }
}

fn shown(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let bytes = &kept.arrived.body;
    let (text, end) = match scene.asked.view {
        View::Hex => (text::hex(&bytes[..bytes.len().min(SHOWN_HEX)]), SHOWN_HEX),
        View::Raw => (beginning(bytes), SHOWN),
        View::Pretty => {
            let whole = (bytes.len() <= SHOWN).then(|| std::str::from_utf8(bytes).ok()).flatten();
            // Laying out can make a text many times as long.
            let laid_out = whole.and_then(text::indented).filter(|text| text.len() <= 4 * SHOWN);
            (laid_out.unwrap_or_else(|| beginning(bytes)), SHOWN)
        }
    };
    html! {
        @if std::str::from_utf8(bytes).is_err() && scene.asked.view != View::Hex {
            p.hint { "These bytes are no UTF-8 text: what is none shows as \u{fffd}. Hex shows them as they are." }
        }
        pre.content tabindex="0" { (visible(&text, true)) }
        @if bytes.len() > end {
            p.hint {
                "Here are the first " (size(end)) " of " (size(bytes.len())) ". "
                a href={ (scene.viewer.base) "/-/requests/" (kept.number) "/raw" } { "Download all bytes" } "."
            }
        }
    }
}

fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned()
}

/// Names and values; nothing where there are none.
pub(super) fn table(title: &str, column: &str, pairs: &[(String, String)]) -> Markup {
    html! {
        @if !pairs.is_empty() {
            section {
                h3 { (title) " " span.count { (pairs.len()) } }
                div.scroll tabindex="0" role="group" aria-label=(title) {
                    table.pairs {
                        thead.visually-hidden { tr { th scope="col" { (column) } th scope="col" { "Value" } } }
                        tbody {
                            @for (name, value) in pairs {
                                tr { th scope="row" { (visible(name, false)) } td { (value_of(value)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn value_of(value: &str) -> Markup {
    let mut end = value.len().min(SHOWN_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    html! {
        (visible(&value[..end], false))
        @if end < value.len() { span.hint { " … " (size(value.len())) " in all" } }
    }
}
