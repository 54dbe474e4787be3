//! What is around the content of every page of the portal.
//!
//! All of it is in one element, `#portal`: a script may put that of another page in its place.

use maud::{Markup, html};
use postrider_core::rights::Right;

use super::customer::Customer;
use super::failure::Failure;
use super::look::Look;
use crate::service::portal::PAGE;
use crate::ui::icon::{Icon, icon};
use crate::ui::text::visible;
use crate::ui::{Page, assets};

/// What the navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Endpoints,
    Activity,
    EventTypes,
}

impl Place {
    const ALL: [Self; 3] = [Self::Endpoints, Self::Activity, Self::EventTypes];

    /// Its word in the navigation, which is also the heading of its page.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Endpoints => "Endpoints",
            Self::Activity => "Activity",
            Self::EventTypes => "Event types",
        }
    }

    /// Where it is.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Endpoints => "/portal/endpoints",
            Self::Activity => "/portal/activity",
            Self::EventTypes => "/portal/event-types",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Endpoints => Icon::Globe,
            Self::Activity => Icon::Activity,
            Self::EventTypes => Icon::Tag,
        }
    }
}

/// A page that is being made.
pub(super) struct Frame<'a> {
    customer: &'a Customer,
    place: Place,
    title: Option<String>,
    heading: Option<Markup>,
    actions: Option<Markup>,
}

impl<'a> Frame<'a> {
    /// The page that lists what is at `place`.
    pub(super) const fn new(customer: &'a Customer, place: Place) -> Self {
        Self { customer, place, title: None, heading: None, actions: None }
    }

    /// A page of one thing there. The title is for the browser's tab; the heading may have more than text.
    pub(super) fn of(self, title: &str, heading: Markup) -> Self {
        Self { title: Some(title.to_owned()), heading: Some(heading), ..self }
    }

    /// What can be done with the page as a whole, beside its heading.
    pub(super) fn with_actions(self, actions: Markup) -> Self {
        Self { actions: Some(actions), ..self }
    }

    /// The page, with `content` in it.
    pub(super) fn page(self, content: &Markup) -> Page {
        let (place, look) = (self.place, self.customer.look());
        let inner = html! {
            @if !look.is_bare { (banner(self.customer, place)) }
            main #main tabindex="-1" {
                header.head {
                    @match &self.heading {
                        Some(heading) => { p.crumbs { a href=(place.path()) { (place.title()) } } h1 { (heading) } }
                        None => h1 { (place.title()) },
                    }
                    @if let Some(actions) = &self.actions { div.actions { (actions) } }
                }
                (content)
            }
        };
        page(self.title.as_deref().unwrap_or(place.title()), look, Kind::Open, &inner)
    }
}

fn banner(customer: &Customer, here: Place) -> Markup {
    html! {
        header.top {
            p.whose {
                @if let Some(icon) = &customer.look().icon { img src=(icon) alt="" width="20" height="20"; }
                strong { @if customer.name().is_empty() { "Webhooks" } @else { (visible(customer.name(), false)) } }
            }
            nav aria-label="Pages" {
                @for place in Place::ALL {
                    a href=(place.path()) aria-current=[(place == here).then_some("page")] { (icon(place.icon())) (place.title()) }
                }
            }
            form method="post" action={ (PAGE) "/logout" } {
                input type="hidden" name="csrf" value=(customer.csrf());
                button.plain type="submit" title="End this session" { (icon(Icon::LogOut)) span.visually-hidden { "End this session" } }
            }
        }
    }
}

/// What the script of a page has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It exchanges a one-time key.
    Door,
    /// It is a page of a session.
    Open,
    /// There is no session.
    Ended,
}

/// A page of any kind.
pub(super) fn page(title: &str, look: &Look, kind: Kind, inner: &Markup) -> Page {
    let kind = match kind {
        Kind::Door => "door",
        Kind::Open => "open",
        Kind::Ended => "ended",
    };
    let body = html! {
        @if let Some(path) = look.colours.path() { link rel="stylesheet" href=(path); }
        div #portal class=(look.classes()) data-kind=(kind) data-host=[look.host.as_deref()] { (inner) }
    };
    let page = Page::new(title, &[&assets::ELEMENTS, &assets::PORTAL_SCRIPT], &body).with_theme(look.theme);
    // The schemas of event types look as they do in the catalogue.
    page.with_style(&assets::DASHBOARD).with_style(&assets::DOCS).with_style(&assets::PORTAL)
}

/// The page of a failure.
pub(super) fn failure(failure: &Failure, look: &Look) -> Page {
    let is_over = failure.status == http::StatusCode::UNAUTHORIZED;
    let inner = html! {
        main #main.narrow tabindex="-1" {
            h1 { (failure.title) }
            p { (visible(&failure.sentence, false)) }
            @if !is_over { p { a href=(Place::Endpoints.path()) { "To the endpoints" } } }
        }
    };
    let kind = if is_over { Kind::Ended } else { Kind::Open };
    page(failure.title, look, kind, &inner).with_status(failure.status)
}

/// The hidden field with which a form shows that it is of the session.
pub(super) fn csrf(customer: &Customer) -> Markup {
    html! { input type="hidden" name="csrf" value=(customer.csrf()); }
}

/// A sentence instead of a form, where a right is missing.
pub(super) fn lacking(customer: &Customer, right: Right, what: &str) -> Option<Markup> {
    (!customer.may(right)).then(|| html! { p.hint { (what) } })
}
