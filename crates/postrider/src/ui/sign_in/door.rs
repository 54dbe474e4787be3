//! What the pages at the door look like.

use http::StatusCode;
use maud::{Markup, html};

use crate::ui::{Page, assets};

/// A page with this heading, and what is wrong, if something is.
pub(super) fn page(title: &str, wrong: Option<&str>, content: &Markup) -> Page {
    let body = html! {
        div.door {
            header { p.brand { "Postrider" } }
            main #main {
                h1 { (title) }
                @if let Some(wrong) = wrong { p.alert role="alert" { (wrong) } }
                (content)
            }
        }
    };
    Page::new(title, &[&assets::BIN], &body).with_style(&assets::SIGN_IN)
}

/// A field with its label.
pub(super) fn field(name: &str, label: &str, kind: &str, autocomplete: &str, value: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) type=(kind) name=(name) autocomplete=(autocomplete) value=(value) required
                spellcheck="false" autocapitalize="none";
        }
    }
}

/// A field for a new password, and what it must be.
pub(super) fn new_password(name: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { "Password" }
            input id=(name) type="password" name=(name) autocomplete="new-password" required
                minlength=(postrider_core::password::CHARS_MIN) aria-describedby="password-hint";
            p.hint #password-hint { "At least " (postrider_core::password::CHARS_MIN) " characters. A few words in a row are good." }
        }
    }
}

/// A page that says only that something cannot be done, and where to go on.
pub(super) fn closed(status: StatusCode, title: &str, sentence: &str) -> Page {
    let content = html! { p { a.button href="/sign-in" { "To the page for signing in" } } };
    page(title, Some(sentence), &content).with_status(status)
}
