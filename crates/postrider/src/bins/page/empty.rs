//! What stands where there is no request to show.

use maud::{Markup, html};

use super::Scene;

/// Nothing has come.
pub(super) fn waiting(scene: &Scene<'_>) -> Markup {
    let address = scene.address();
    html! {
        div.empty {
            h2 { "Nothing has come yet" }
            p { "Whatever is sent to the address above, or below it, shows here. Send the first request:" }
            div.copied {
                pre #first tabindex="0" {
                    "curl -X POST " (address) "/orders \\\n  -H 'content-type: application/json' \\\n  -d '{\"id\": \"in_42\", \"amount\": 1999}'"
                }
                copy-text hidden from="first" { button type="button" { "Copy" } }
            }
            p { "See how a sender takes a failure, for one request:" }
            pre tabindex="0" { "curl -i -X POST '" (address) "?status=503&delay=2s'" }
            @if scene.viewer.may_act() {
                p { "Or script a whole sequence above, such as two failures before a success, and watch the retries." }
            }
        }
    }
}

/// What was asked for is not there any more.
pub(super) fn gone(scene: &Scene<'_>) -> Markup {
    html! {
        div.empty {
            h2 { "This request is gone" }
            p { "It was deleted, or left the bin because of a ceiling. " a href=(scene.viewer.base) { "See what is there" } "." }
        }
    }
}
