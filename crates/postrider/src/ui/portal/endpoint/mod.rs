//! Endpoints: the list, and the pages of one.

mod fields;
mod list;
mod overview;
mod recover;
mod secret;
mod settings;
mod test;

use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::endpoint::{DisabledReason, Endpoint};
use postrider_core::id::EndpointId;
use serde::Deserialize;

use super::Shared;
use super::customer::Customer;
use super::failure::Failure;
use super::frame::{Frame, Place};
use crate::context::Context;
use crate::service::endpoints;
use crate::ui::Page;
use crate::ui::parts::{Kind, pill};
use crate::ui::text::visible;

pub(super) fn router() -> Router<Shared> {
    const LIST: &str = Place::Endpoints.path();
    const ONE: &str = "/portal/endpoints/{endpoint}";
    let one = |rest: &str| format!("{ONE}/{rest}");
    Router::new()
        .route(LIST, get(list::show).post(list::add))
        .route(&format!("{LIST}/new"), get(list::new))
        .route(ONE, get(overview::show))
        .route(&one("test"), get(test::show).post(test::send))
        .route(&one("settings"), get(settings::show).post(settings::change))
        .route(&one("pause"), post(settings::pause))
        .route(&one("resume"), post(settings::resume))
        .route(&one("delete"), post(settings::delete))
        .route(&one("secret"), get(secret::show).post(secret::reveal))
        .route(&one("secret/rotate"), post(secret::rotate))
        .route(&one("recover"), get(recover::show).post(recover::recover))
        .route(&one("replay-missing"), post(recover::replay_missing))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    endpoint: String,
}

impl Named {
    fn endpoint(&self) -> Ref<EndpointId> {
        Ref::parse(&self.endpoint)
    }

    /// The endpoint, with whatever it takes to show it.
    async fn find(&self, context: &Context, customer: &Customer) -> Result<Endpoint, Failure> {
        Ok(endpoints::get(context, customer.identity(), &customer.app(), &self.endpoint()).await?)
    }
}

/// The path of an endpoint's page.
pub(super) fn path(endpoint: EndpointId) -> String {
    format!("{}/{endpoint}", Place::Endpoints.path())
}

/// The pages of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Overview,
    Test,
    Recover,
    Settings,
    Secret,
}

impl Tab {
    const ALL: [Self; 5] = [Self::Overview, Self::Test, Self::Recover, Self::Settings, Self::Secret];

    const fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Test => "Test",
            Self::Recover => "Recover",
            Self::Settings => "Settings",
            Self::Secret => "Secret",
        }
    }

    fn path(self, endpoint: EndpointId) -> String {
        let path = path(endpoint);
        match self {
            Self::Overview => path,
            Self::Test => path + "/test",
            Self::Recover => path + "/recover",
            Self::Settings => path + "/settings",
            Self::Secret => path + "/secret",
        }
    }
}

/// One of the pages of an endpoint.
fn page(customer: &Customer, endpoint: &Endpoint, here: Tab, content: &Markup) -> Page {
    let heading = html! { (visible(&endpoint.url, false)) " " (state(endpoint)) };
    let content = html! {
        @if !endpoint.description.is_empty() { p.why { (visible(&endpoint.description, false)) } }
        nav.tabs aria-label="Endpoint" {
            @for tab in Tab::ALL {
                a href=(tab.path(endpoint.id)) aria-current=[(tab == here).then_some("page")] { (tab.word()) }
            }
        }
        (content)
    };
    Frame::new(customer, Place::Endpoints).of(&endpoint.url, heading).page(&content)
}

/// Whether an endpoint gets anything.
fn state(endpoint: &Endpoint) -> Markup {
    match endpoint.disabled.map(|disabled| disabled.reason) {
        None if endpoint.failing_since.is_some() => pill(Kind::Other, "Failing"),
        None => pill(Kind::Good, "Active"),
        Some(DisabledReason::Asked) => pill(Kind::Waiting, "Paused"),
        Some(DisabledReason::Gone | DisabledReason::Failing) => pill(Kind::Bad, "Disabled"),
    }
}
