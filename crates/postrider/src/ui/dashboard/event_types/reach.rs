//! Who gets messages of an event type, and how many there were.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::app::App;
use postrider_core::endpoint::Endpoint;
use postrider_core::rollup::{Counter, Resolution};

use crate::context::Context;
use crate::service::analytics::{self, Query};
use crate::service::endpoints::{self, Which};
use crate::ui::dashboard::applications::called;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::numbers::counted;
use crate::ui::frame::Place;
use crate::ui::parts::spark;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Endpoints that are looked at.
const LOOKED: usize = 1_000;
/// Endpoints that are shown.
const SHOWN: usize = 20;
/// How far back messages are counted.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What is known of it.
pub(super) struct Reach {
    /// Endpoints that chose the type.
    chosen: Vec<(App, Endpoint)>,
    /// Endpoints that take every type.
    every: usize,
    /// Whether there are endpoints that were not looked at.
    is_cut: bool,
    /// Messages of the last month.
    messages: u64,
    /// Attempts that succeeded and that failed, by day.
    days: Vec<(u64, u64)>,
}

impl Reach {
    pub(super) async fn read(context: &Context, visitor: &SignedIn, name: &str) -> Result<Self, Failure> {
        let identity = visitor.identity();
        let all = endpoints::everywhere(context, identity, Which::All, LOOKED, None).await?;
        let is_cut = all.next.is_some();
        let (every, others): (Vec<_>, Vec<_>) =
            all.rows.into_iter().partition(|(_, endpoint)| endpoint.event_types.is_empty());
        let chosen =
            others.into_iter().filter(|(_, endpoint)| endpoint.event_types.iter().any(|one| one == name));
        let query = Query {
            since: Some(context.now().before(MONTH)),
            resolution: Some(Resolution::Day),
            event_type: Some(name.to_owned()),
            ..Query::default()
        };
        let report = analytics::report(context, identity, &query).await?;
        let points = report.lines.first().map(|line| line.points.as_slice()).unwrap_or_default();
        let days = report.times().map(|time| {
            let counts = points.iter().find(|(at, _)| *at == time).map(|(_, counts)| counts);
            counts.map_or((0, 0), |counts| (counts.get(Counter::Succeeded), counts.failed()))
        });
        Ok(Self {
            chosen: chosen.collect(),
            every: every.len(),
            is_cut,
            messages: report.total.get(Counter::Messages),
            days: days.collect(),
        })
    }

    /// It as a card.
    pub(super) fn card(&self, visitor: &SignedIn) -> Markup {
        let number = |number: usize| counted(number as u64, "endpoint");
        html! {
            section.card aria-labelledby="reach" {
                h2 #reach { "Who gets it" }
                dl.facts.aside {
                    div { dt { "Chosen by" } dd { (number(self.chosen.len())) } }
                    div { dt { "Every type" } dd { (number(self.every)) " without a choice of types" } }
                    div { dt { "30 days" } dd { (counted(self.messages, "message")) } }
                }
                (spark(&self.days, "Attempts of each of the last 30 days, those that failed on top"))
                @if self.is_cut { p.hint { "The first " (LOOKED) " endpoints were looked at." } }
                @if !self.chosen.is_empty() {
                    ul.plain {
                        @for (app, endpoint) in self.chosen.iter().take(SHOWN) { (row(visitor, app, endpoint)) }
                    }
                    @if self.chosen.len() > SHOWN { p.hint { "and " (self.chosen.len() - SHOWN) " more" } }
                }
            }
        }
    }
}

fn row(visitor: &SignedIn, app: &App, endpoint: &Endpoint) -> Markup {
    html! {
        li {
            a href={ (visitor.path(Place::Endpoints)) "/" (app.id) "/" (endpoint.id) } { (visible(&endpoint.url, false)) }
            span.sub { (visible(called(app), false)) @if endpoint.disabled.is_some() { ", gets nothing now" } }
        }
    }
}
