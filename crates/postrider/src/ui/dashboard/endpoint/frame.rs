//! What all parts of the page have around them: its heading, its acts, and the way to the other parts.

use maud::{Markup, html};
use postrider_core::rights::Right;

use super::{Known, standing};
use crate::ui::Page;
use crate::ui::dashboard::people::token;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::parts::pill;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Deliveries,
    Test,
    Security,
    Settings,
}

impl Tab {
    const ALL: [(Self, &str, &str); 5] = [
        (Self::Overview, "", "Overview"),
        (Self::Deliveries, "/deliveries", "Deliveries"),
        (Self::Test, "/test", "Test"),
        (Self::Security, "/security", "Security"),
        (Self::Settings, "/settings", "Settings"),
    ];
}

/// The page with this part of it.
pub(super) fn page(visitor: &SignedIn, known: &Known, here: Tab, content: &Markup) -> Page {
    let (kind, word) = standing(&known.endpoint);
    let path = known.path(visitor);
    let content = html! {
        nav.tabs aria-label="Parts" {
            @for (tab, segment, word) in Tab::ALL {
                a href={ (path) (segment) } aria-current=[(tab == here).then_some("page")] { (word) }
            }
        }
        (content)
    };
    let heading = html! { (visible(&known.endpoint.url, false)) " " (pill(kind, word)) };
    let frame = Frame::new(visitor, Place::Endpoints).of(&known.endpoint.url, heading);
    frame.with_actions(acts(visitor, known, &path)).page(&content)
}

/// Pauses or resumes.
fn acts(visitor: &SignedIn, known: &Known, path: &str) -> Markup {
    let is_disabled = known.endpoint.disabled.is_some();
    let (act, word, sign) =
        if is_disabled { ("resume", "Resume", Icon::Play) } else { ("pause", "Pause", Icon::Pause) };
    html! {
        @if visitor.identity().rights().has(Right::ManageEndpoints) {
            form method="post" action={ (path) "/" (act) } {
                (token(visitor))
                button.primary[is_disabled] type="submit" { (icon(sign)) (word) }
            }
        }
    }
}
