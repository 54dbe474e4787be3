//! The way to the next page of a list. Lists go on where the last row ended, never by numbers of pages.

use maud::{Markup, html};

/// The way to what is older, where there is more. `href` has the whole state of the view.
pub(crate) fn older(href: Option<&str>) -> Markup {
    html! {
        @if let Some(href) = href {
            nav.pages aria-label="Pages" { a.button rel="next" href=(href) { "Older" } }
        }
    }
}
