//! What somebody sees who may not see the bin.

use http::StatusCode;
use maud::html;

use crate::ui::{Page, assets};

/// A field for the view key. With a script the key comes from the fragment of the address, where it is in the link that
/// was given out.
pub(in crate::bins) fn locked(name: &str, was_wrong: bool) -> Page {
    let body = html! {
        header.banner { p.brand { "Postrider" } h1 { span.quiet { "Bin " } (name) } }
        main #main.narrow {
            h2 { "This bin takes a key to be read" }
            p { "Whoever made it got the view key with its name. Senders need no key." }
            @if was_wrong { p.alert role="alert" { "This is not its key." } }
            open-bin {
                form method="post" action={ "/bin/" (name) "/-/open" } {
                    div.line {
                        label for="key" { "View key" }
                        input #key type="password" name="key" autocomplete="off" required;
                        button type="submit" { "Open" }
                    }
                }
            }
        }
    };
    Page::new(&format!("Bin {name}"), &[&assets::BIN], &body).with_status(StatusCode::UNAUTHORIZED)
}

/// No such bin or link.
pub(in crate::bins) fn missing() -> Page {
    let body = html! {
        header.banner { p.brand { "Postrider" } h1 { "Nothing here" } }
        main #main.narrow {
            p { "There is no bin at this address, or the link that led here has ended." }
        }
    };
    Page::new("Nothing here", &[], &body).with_status(StatusCode::NOT_FOUND)
}
