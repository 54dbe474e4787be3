//! The column at the side, and what opens by keys: the way to any place, and to any thing by its id.

use maud::{Markup, html};

use super::place::{GROUPS, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// The column. On a narrow screen it folds into a bar, which needs no script.
pub(super) fn side(visitor: &SignedIn, here: Place) -> Markup {
    html! {
        header.side {
            div.top {
                a.brand href=(visitor.path(Place::Overview)) { "Postrider" }
                button.open-palette type="button" data-opens="palette" hidden {
                    (icon(Icon::Search)) span { "Go to" } kbd { "⌘K" }
                }
            }
            details.menu open {
                summary { (icon(Icon::Menu)) span.visually-hidden { "Menu" } }
                (environments(visitor))
                nav aria-label="Dashboard" {
                    @for group in &GROUPS {
                        h2 { (group.title) }
                        ul {
                            @for place in group.places.iter().filter(|place| visitor.sees(**place)) {
                                li { (link(visitor, *place, here)) }
                            }
                        }
                    }
                }
                (account(visitor))
            }
        }
    }
}

fn link(visitor: &SignedIn, place: Place, here: Place) -> Markup {
    html! {
        a href=(visitor.path(place)) aria-current=[(place == here).then_some("page")] data-go=[place.key()] {
            (icon(place.icon())) span { (place.title()) }
        }
    }
}

/// Which environment is shown, and the way to the others.
fn environments(visitor: &SignedIn) -> Markup {
    let own = visitor.environment();
    let others = || visitor.environments().iter().filter(|other| other.id != own.id);
    html! {
        @if others().next().is_some() {
            details.environments {
                summary { span.quiet { "Environment" } " " (visible(&own.name, false)) }
                ul { @for other in others() {
                    li { a href={ "/dashboard/" (other.id) "/overview" } { (visible(&other.name, false)) } }
                } }
            }
        } @else if !own.name.is_empty() {
            p.environments { span.quiet { "Environment" } " " (visible(&own.name, false)) }
        }
    }
}

fn account(visitor: &SignedIn) -> Markup {
    html! {
        div.account {
            a href={ "/dashboard/" (visitor.environment().id) "/account" } {
                (icon(Icon::CircleUser)) span { (visible(visitor.user().shown_name(), false)) }
            }
            button type="button" data-theme-switch hidden { (icon(Icon::SunMoon)) span.visually-hidden { "Theme" } }
            form method="post" action="/sign-out" {
                input type="hidden" name="csrf" value=(visitor.csrf());
                button type="submit" { (icon(Icon::LogOut)) span.visually-hidden { "Sign out" } }
            }
        }
    }
}

/// Two dialogs: where to go, and which keys there are.
pub(super) fn palette(visitor: &SignedIn) -> Markup {
    html! {
        dialog.palette #palette aria-label="Go to" {
            form method="get" action={ "/dashboard/" (visitor.environment().id) "/find" } {
                label.visually-hidden for="palette-text" { "A page, an id, or words to search deliveries for" }
                input #palette-text type="search" name="q" autocomplete="off" spellcheck="false"
                    placeholder="A page, any id, or a search";
            }
            ul #palette-list aria-label="Pages" {
                @for place in GROUPS.iter().flat_map(|group| group.places).filter(|place| visitor.sees(**place)) {
                    li { a href=(visitor.path(*place)) {
                        (icon(place.icon())) span { (place.title()) }
                        @if let Some(key) = place.key() { kbd { "g " (key) } }
                    } }
                }
            }
            p.hint { "Enter opens the first page of this name, the thing with this id, or the search." }
        }
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            table.keys {
                tbody {
                    @for (keys, what) in KEYS { tr { th scope="row" { kbd { (keys) } } td { (what) } } }
                }
            }
            label.check { input type="checkbox" data-keys-off; " Off: single keys do nothing" }
            form method="dialog" { button type="submit" { "Close" } }
        }
    }
}

const KEYS: [(&str, &str); 11] = [
    ("⌘K, Ctrl K", "go to a page, an id or a search"),
    ("/", "search"),
    ("j  k", "next and previous row"),
    ("o, Enter", "open the row"),
    ("x", "select the row"),
    ("r", "send again"),
    ("c", "copy as curl"),
    ("l", "live on and off"),
    (
        "g, then a letter",
        "go to a page: o overview, d deliveries, m messages, i issues, a analytics, e endpoints, t event types, p applications, r replays",
    ),
    ("Esc", "back, or close"),
    ("?", "this"),
];
