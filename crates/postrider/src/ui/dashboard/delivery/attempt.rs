//! One attempt: what was sent, what came back, and how it differs from another.

use maud::{Markup, html};
use postrider_core::attempt::Attempt;

use super::page::Scene;
use super::{View, compare, curl, signature, told};
use crate::ui::json;
use crate::ui::parts::{clock, exact, id, waterfall};
use crate::ui::text::visible;

/// Bytes of a body that are shown.
const SHOWN: usize = 64 * 1024;

/// The attempt that is chosen; before the first, what will be sent.
pub(super) fn of(scene: &Scene<'_>) -> Markup {
    html! {
        section.stack.results #attempt aria-label="Attempt" {
            @match scene.chosen() {
                Some(attempt) => {
                    (tabs(scene, attempt))
                    @match scene.asked.view {
                        View::Answer => (answer(attempt)),
                        View::Request => (request(scene, attempt)),
                        View::Compare => (compare::of(scene, attempt)),
                        View::Signature => (signature::of(scene, attempt)),
                        View::Curl => (curl::of(scene, attempt)),
                    }
                }
                None => div.card { h2 { "What will be sent" } (payload(scene)) },
            }
        }
    }
}

fn tabs(scene: &Scene<'_>, attempt: &Attempt) -> Markup {
    html! {
        nav.tabs aria-label={ "Attempt " (attempt.number) } {
            @for view in View::ALL.into_iter().filter(|view| scene.viewer.edit.is_some() || *view != View::Signature) {
                a href=(scene.link(attempt, view)) aria-current=[(view == scene.asked.view).then_some("true")]
                    hx-boost="swap:outerHTML select:#attempt target:#attempt" { (view.word()) }
            }
        }
    }
}

fn answer(attempt: &Attempt) -> Markup {
    html! {
        div.card {
            h2 {
                @match &attempt.failure {
                    Some(failure) => (visible(&failure.sentence, false)),
                    None => (told::status(attempt.status_code)),
                }
            }
            dl.facts {
                div { dt { "Began" } dd { (exact(attempt.at)) } }
                div { dt { "Took" } dd { (clock(attempt.timings.total)) } }
                @if let Some(remote) = attempt.remote { div { dt { "From" } dd { (remote) } } }
                div { dt { "Attempt" } dd { (id(attempt.id)) } }
            }
            p.hint { (waterfall::words(&attempt.timings)) }
            (headers("Headers", &attempt.response_headers))
            @match attempt.response.as_deref() {
                None => p.hint { "What came was expunged." },
                Some([]) => p.hint { "The body is empty." },
                Some(body) => {
                    h3 { "Body" }
                    pre.json tabindex="0" { (json::pretty(body, SHOWN)) }
                    p.hint { "Of an answer, the first 16 KiB are kept." }
                }
            }
        }
    }
}

fn request(scene: &Scene<'_>, attempt: &Attempt) -> Markup {
    html! {
        div.card {
            h2 { "POST " (visible(&attempt.url, false)) }
            (headers("Headers as sent", &attempt.request_headers))
            p.hint { "Values of the endpoint's own headers and of credentials are withheld when an attempt is recorded." }
            (payload(scene))
        }
    }
}

fn payload(scene: &Scene<'_>) -> Markup {
    html! {
        h3 #payload-title { "Payload" }
        @match &scene.inspected.message.payload {
            None => p.hint { "It has expired or was expunged." },
            Some(payload) if payload.body.is_empty() => p.hint { "It is empty." },
            Some(payload) => div.copied {
                pre.json #payload tabindex="0" { (json::pretty(&payload.body, SHOWN)) }
            },
        }
    }
}

/// Header lines as a table.
fn headers(title: &str, lines: &[u8]) -> Markup {
    let text = String::from_utf8_lossy(lines);
    let pairs: Vec<_> = text.lines().filter_map(|line| line.split_once(": ").or(Some((line, "")))).collect();
    html! {
        @if !pairs.is_empty() {
            h3 { (title) " " span.count { (pairs.len()) } }
            div.scroll tabindex="0" role="group" aria-label=(title) {
                table.pairs {
                    thead.visually-hidden { tr { th scope="col" { "Header" } th scope="col" { "Value" } } }
                    tbody { @for (name, value) in pairs {
                        tr { th scope="row" { (visible(name, false)) } td { (visible(value, false)) } }
                    } }
                }
            }
        }
    }
}
