//! The frame of the dashboard: navigation, the environment, who is signed in, and the heading of the page in it.
//!
//! A page names its [`Place`] and brings what stands in it; nothing else is shared between pages, and each has one `h1`.

mod navigation;
mod place;

use maud::{Markup, html};
use postrider_core::rights::Right;

pub(crate) use place::Place;

use super::signed_in::SignedIn;
use super::{Page, assets};

/// A page of the dashboard that is being made.
pub(crate) struct Frame<'a> {
    visitor: &'a SignedIn,
    place: Place,
    title: Option<String>,
    heading: Option<Markup>,
    actions: Option<Markup>,
    scripts: Vec<&'static assets::Asset>,
    styles: Vec<&'static assets::Asset>,
    has_frames: bool,
}

impl<'a> Frame<'a> {
    /// The page that lists what is at `place`.
    pub(crate) fn new(visitor: &'a SignedIn, place: Place) -> Self {
        let scripts = vec![&assets::HTMX, &assets::ELEMENTS, &assets::DASHBOARD_SCRIPT];
        let styles = vec![&assets::DASHBOARD];
        Self { visitor, place, title: None, heading: None, actions: None, scripts, styles, has_frames: false }
    }

    /// A page of one thing there. The title is for the browser's tab; the heading may have more than text.
    pub(crate) fn of(self, title: &str, heading: Markup) -> Self {
        Self { title: Some(title.to_owned()), heading: Some(heading), ..self }
    }

    /// What can be done with the page as a whole, beside its heading.
    pub(crate) fn with_actions(self, actions: Markup) -> Self {
        Self { actions: Some(actions), ..self }
    }

    /// With a script that other pages do not need.
    pub(crate) fn with_script(mut self, script: &'static assets::Asset) -> Self {
        self.scripts.push(script);
        self
    }

    /// With a stylesheet that other pages do not need.
    pub(crate) fn with_style(mut self, style: &'static assets::Asset) -> Self {
        self.styles.push(style);
        self
    }

    /// With what draws charts.
    pub(crate) fn with_charts(self) -> Self {
        self.with_style(&assets::CHART_STYLE).with_script(&assets::CHART).with_script(&assets::CHARTS)
    }

    /// With pages of this server in frames.
    pub(crate) fn with_frames(self) -> Self {
        Self { has_frames: true, ..self }
    }

    /// The page, with `content` in it.
    pub(crate) fn page(self, content: &Markup) -> Page {
        let title = self.title.as_deref().unwrap_or(self.place.title());
        let body = html! {
            div.frame {
                (navigation::side(self.visitor, self.place))
                main #main tabindex="-1" {
                    header.head {
                        @match &self.heading {
                            Some(heading) => { (crumbs(self.visitor, self.place)) h1 { (heading) } }
                            None => h1 { (self.place.title()) },
                        }
                        @if let Some(actions) = &self.actions { div.actions { (actions) } }
                    }
                    (content)
                }
            }
            (navigation::palette(self.visitor))
        };
        let page = Page::new(title, &self.scripts, &body).with_theme(self.visitor.theme());
        let page = if self.has_frames { page.with_frames() } else { page };
        self.styles.into_iter().fold(page, Page::with_style)
    }
}

/// The way back to the list.
fn crumbs(visitor: &SignedIn, place: Place) -> Markup {
    html! { p.crumbs { a href=(visitor.path(place)) { (place.title()) } } }
}

impl SignedIn {
    /// Where `place` is.
    pub(crate) fn path(&self, place: Place) -> String {
        format!("/dashboard/{}/{}", self.environment().id, place.segment())
    }

    /// Whether they find something at `place`.
    pub(crate) fn sees(&self, place: Place) -> bool {
        match place {
            Place::Audit => self.identity().rights().has(Right::Manage),
            place => !place.is_for_admins() || self.instance().is_ok(),
        }
    }
}
