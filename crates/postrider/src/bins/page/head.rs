//! The head of a page: which bin it is, where it is reached, and how full it is.

use maud::{Markup, html};

use super::{Scene, caps};
use crate::service::bins::Mode;

/// The banner.
pub(super) fn banner(scene: &Scene<'_>) -> Markup {
    let viewer = scene.viewer;
    let newest = scene.overview.requests.first().map_or(0, |kept| kept.number);
    html! {
        header.banner {
            p.brand { "Postrider" }
            h1 { span.quiet { "Bin " } (viewer.name) }
            @if let Some(until) = viewer.until {
                p.badge.other { span aria-hidden="true" { "◎ " } "read-only until " (time(until)) }
            }
            bin-live hidden src={ (viewer.base) "/live" } base=(viewer.base) after=(newest)
                search[!scene.asked.search.is_empty()] {
                button.badge type="button" { "live" }
                span.visually-hidden role="status" {}
            }
        }
        section.address aria-label="Address" {
            p.where { "Send anything to "
                code #address { (scene.address()) }
                " "
                copy-text hidden from="address" { button type="button" { "Copy" } }
            }
            p.caps {
                span #caps { (caps::sentence(&scene.overview.caps)) }
                ". Bodies are kept up to " (crate::ui::text::size(scene.context.bins.settings().body_bytes)) "."
                @match (scene.overview.caps.expires_at, scene.context.bins.settings().mode) {
                    (Some(end), _) => { " The bin goes " (time(end)) "." }
                    (None, Mode::Open) => " In memory only: a restart empties it.",
                    _ => {}
                }
            }
        }
    }
}

/// A time, for people and machines.
pub(super) fn time(at: postrider_core::time::Timestamp) -> Markup {
    let text = at.to_string();
    let shown = format!("{} {} UTC", &text[..10], &text[11..19]);
    html! { time datetime=(text) { (shown) } }
}
