//! An attempt as a command that sends the same bytes again, and the one that has the server send it.

use std::fmt::Write as _;

use maud::{Markup, html};
use postrider_core::attempt::Attempt;

use super::page::Scene;
use crate::service::bins::curl::{quoted, with_body};
use crate::service::inspect::Inspected;
use crate::ui::text::{size, visible};

/// Headers that curl makes itself, from where it sends and what.
const MADE_BY_CURL: [&str; 4] = ["connection", "content-length", "host", "transfer-encoding"];
/// Bytes of a command that are shown: more than that, nobody pastes.
const SHOWN: usize = 256 * 1024;

/// The command.
pub(super) fn of(scene: &Scene<'_>, attempt: &Attempt) -> Markup {
    html! {
        div.card {
            @match &scene.inspected.message.payload {
                None => p.hint { "The payload has expired or was expunged, so there is nothing to send." },
                Some(payload) if payload.body.len() > SHOWN => p.hint {
                    "The payload has " (size(payload.body.len())) ", which is too much for a command."
                },
                Some(payload) => {
                    p.hint { "The bytes of attempt " (attempt.number) " as they were sent. Its signature is as old as the attempt; values that were withheld stand as they were recorded." }
                    div.copied {
                        pre #curl tabindex="0" { (visible(&command(attempt, &payload.body), true)) }
                        copy-text hidden from="curl" data-key="c" { button type="button" { "Copy" } }
                    }
                }
            }
            @if scene.viewer.edit.is_some() { (replay(scene)) }
        }
    }
}

/// What sends it through the server, with a fresh signature and perhaps a change.
fn replay(scene: &Scene<'_>) -> Markup {
    let Inspected { route, message, endpoint, .. } = scene.inspected;
    let whose = match route.app.source {
        Some(source) => format!("--source {source}"),
        None => format!("--app {}", route.app.id),
    };
    html! {
        h3 { "Sent by the server" }
        p.hint { "Add " code { "--set data.amount=500" } " to change a value. It needs a key in " code { "POSTRIDER_KEY" } "." }
        div.copied {
            pre #replay tabindex="0" { "postrider replay " (whose) " " (message.id) " --to-endpoint " (endpoint.id) }
            copy-text hidden from="replay" { button type="button" { "Copy" } }
        }
    }
}

fn command(attempt: &Attempt, body: &[u8]) -> String {
    let mut text = format!("curl -sS -i --globoff -X POST {}", quoted(&attempt.url));
    let headers = String::from_utf8_lossy(&attempt.request_headers).into_owned();
    for line in headers.lines() {
        let name = line.split(':').next().unwrap_or_default();
        if !MADE_BY_CURL.contains(&name) {
            let _ = write!(text, " \\\n  -H {}", quoted(line));
        }
    }
    with_body(text, body)
}
