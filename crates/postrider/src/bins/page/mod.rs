//! The page of a bin: what came on the left, one request on the right, and what can be done with either.
//!
//! Everything is in the address (`r` the request, `view` how its body is shown, `q` what is searched, `with` another
//! request to compare), so that a page can be kept, and works without a script.

pub(super) mod caps;
mod compare;
mod content;
mod empty;
mod facts;
mod head;
mod list;
mod locked;
mod replay;
pub(super) mod row;
mod signature;
mod tools;

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

pub(super) use self::locked::{locked, missing};
pub(super) use self::replay::{Edited, Sent};
pub(super) use self::signature::Checked;

use super::viewer::Viewer;
use crate::context::Context;
use crate::service::bins::{Kept, Overview};
use crate::ui::{Page, assets};

/// How a body is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum View {
    #[default]
    Pretty,
    Raw,
    Hex,
}

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    request: Option<u64>,
    view: View,
    search: String,
    with: Option<u64>,
}

/// What a form came to.
#[derive(Debug, Default)]
pub(super) enum Finding {
    /// No form was sent.
    #[default]
    None,
    /// Something was not done.
    Failed(String),
    /// A script is refused.
    Script {
        /// As it was written.
        text: String,
        /// Why.
        why: String,
    },
    /// A signature was checked.
    Signature(Checked),
    /// A request was sent on, or was not.
    Replay(Sent),
}

/// All that a page is made of.
struct Scene<'s> {
    context: &'s Context,
    viewer: &'s Viewer,
    overview: Overview,
    /// The request on the right.
    shown: Option<Arc<Kept>>,
    asked: Asked,
    finding: &'s Finding,
}

/// The page that an address asks for.
pub(super) fn serve(context: &Context, viewer: &Viewer, query: Option<&str>) -> Response {
    let asked = Asked::read(query.unwrap_or_default());
    Scene::new(context, viewer, asked, &Finding::None).page().into_response()
}

/// The page after a form was sent.
pub(super) fn with(context: &Context, viewer: &Viewer, request: Option<u64>, finding: &Finding) -> Page {
    Scene::new(context, viewer, Asked { request, ..Asked::default() }, finding).page()
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "r" => asked.request = value.parse().ok(),
                "with" => asked.with = value.parse().ok(),
                "q" => asked.search = value.chars().take(200).collect(),
                "view" => {
                    asked.view = match &*value {
                        "raw" => View::Raw,
                        "hex" => View::Hex,
                        _ => View::Pretty,
                    }
                }
                _ => {}
            }
        }
        asked
    }
}

impl<'s> Scene<'s> {
    fn new(context: &'s Context, viewer: &'s Viewer, asked: Asked, finding: &'s Finding) -> Self {
        let mut overview = context.bins.overview(&viewer.name);
        let shown = match asked.request {
            Some(number) => overview.requests.iter().find(|kept| kept.number == number).map(Arc::clone),
            None => overview.requests.first().map(Arc::clone),
        };
        if !asked.search.trim().is_empty() {
            let wanted = asked.search.trim().to_lowercase();
            let notes = &overview.notes;
            let has = |kept: &Kept| {
                kept.has(&wanted)
                    || kept.answered.to_lowercase().contains(&wanted)
                    || notes.get(&kept.number).is_some_and(|note| note.to_lowercase().contains(&wanted))
            };
            overview.requests.retain(|kept| has(kept));
        }
        Self { context, viewer, overview, shown, asked, finding }
    }

    fn page(&self) -> Page {
        let body = html! {
            (head::banner(self))
            @if let Finding::Failed(why) = self.finding {
                p.alert role="alert" { strong { "Not done: " } (why) }
            }
            (tools::bar(self))
            main #main.bin {
                (list::column(self))
                (self.detail())
            }
        };
        Page::new(&format!("Bin {}", self.viewer.name), &[&assets::ELEMENTS, &assets::BIN], &body)
    }

    fn detail(&self) -> Markup {
        html! {
            section.detail aria-label="Request" {
                @match (&self.shown, self.asked.request) {
                    (Some(kept), _) => {
                        (facts::of(self, kept))
                        (content::of(self, kept))
                        (signature::panel(self, kept))
                        (compare::panel(self, kept))
                        (replay::panel(self, kept))
                        (facts::rest(self, kept))
                    }
                    (None, Some(_)) => (empty::gone(self)),
                    (None, None) => (empty::waiting(self)),
                }
            }
        }
    }

    /// Where the bin is reached, without a slash at the end.
    fn address(&self) -> String {
        format!("{}/bin/{}", self.context.public_url(), self.viewer.name)
    }

    /// The page with another request, view or comparison.
    fn link(&self, request: u64, view: View, with: Option<u64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("r", &request.to_string());
        match view {
            View::Pretty => {}
            View::Raw => drop(query.append_pair("view", "raw")),
            View::Hex => drop(query.append_pair("view", "hex")),
        }
        if !self.asked.search.is_empty() {
            query.append_pair("q", &self.asked.search);
        }
        if let Some(with) = with {
            query.append_pair("with", &with.to_string());
        }
        format!("{}?{}", self.viewer.base, query.finish())
    }

    /// A form that changes something, with the token that it takes.
    fn form(&self, act: &str, request: Option<u64>, fields: &Markup) -> Markup {
        // Where the answer shows what came of it.
        let fragment = match act {
            "verify" => "#signature",
            "replay" => "#replay",
            _ => "",
        };
        html! {
            form method="post" action={ (self.viewer.base) "/-/" (act) (fragment) } {
                @if self.viewer.may_act() {
                    input type="hidden" name="token" value=(self.context.bins.form_token(&self.viewer.name));
                }
                @if let Some(number) = request {
                    input type="hidden" name="request" value=(number);
                }
                (fields)
            }
        }
    }
}
