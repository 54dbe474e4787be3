//! Times: exact in the page, and how long ago where a script can say so.

use maud::{Markup, html};
use postrider_core::time::Timestamp;

/// A time, exact to the second; a script shows how long ago it was, or how soon it comes, and keeps this as its title.
pub(crate) fn ago(at: Timestamp) -> Markup {
    html! { ago-time { (exact(at)) } }
}

/// A time, exact to the second.
pub(crate) fn exact(at: Timestamp) -> Markup {
    let text = at.to_string();
    html! { time datetime=(text) { (text.get(..10).unwrap_or_default()) " " (text.get(11..19).unwrap_or_default()) " UTC" } }
}
