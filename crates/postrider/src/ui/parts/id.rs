//! Ids, which people copy.

use maud::{Markup, html};

use crate::ui::icon::{Icon, icon};

/// An id with a button that copies it.
pub(crate) fn id(id: impl std::fmt::Display) -> Markup {
    let text = id.to_string();
    html! { span.with-copy { span.id { (text) } (copy(&text, "Copy the id")) } }
}

/// A button that copies `text`, for what has no element of its own to copy from.
pub(crate) fn copy(text: &str, label: &str) -> Markup {
    html! {
        copy-text hidden text=(text) {
            button.plain.small type="button" title=(label) { (icon(Icon::Copy)) span.visually-hidden { (label) } }
        }
    }
}
