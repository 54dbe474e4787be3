//! The page.

use maud::{Markup, html};
use postrider_core::rollup::Counter;

use super::{Asked, COLUMNS, draw};
use crate::service::analytics::{By, Heat, Key, Line, Report};
use crate::ui::Page;
use crate::ui::dashboard::numbers::{count, figures, share};
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::chart::Chart;
use crate::ui::parts::{heat, span};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// What numbers can be told apart by.
pub(super) const CHOICES: [By; 4] = [By::EventType, By::Endpoint, By::App, By::Outcome];

/// The page.
pub(super) fn of(visitor: &SignedIn, asked: Asked, whole: &Report, apart: &Report) -> Page {
    let path = visitor.path(Place::Analytics);
    let choice = asked.span.choice(&path, &format!("&by={}", asked.by.name()));
    let deliveries = visitor.path(Place::Deliveries);
    let content = html! {
        (figures(&whole.total, &deliveries, asked.span))
        @if let Some(line) = whole.lines.first() {
            div.card { (draw::volume(whole, line, Some(deliveries)).markup()) }
            div.halves {
                div.card { (draw::success(whole, line).markup()) }
                div.card { (draw::latency(whole, line).markup()) }
            }
            (latencies(visitor, asked, whole))
            (told_apart(visitor, asked, apart))
        } @else {
            div.empty {
                h2 { "Nothing in the last " (asked.span.words()) }
                p { "Numbers appear within seconds of the first attempt. "
                    a href=(visitor.path(Place::Setup)) { "Setup" } " leads to it." }
            }
        }
    };
    Frame::new(visitor, Place::Analytics).with_actions(choice).with_charts().page(&content)
}

/// How many attempts took how long.
fn latencies(visitor: &SignedIn, asked: Asked, whole: &Report) -> Markup {
    let map = Heat::of(whole, COLUMNS);
    let path = visitor.path(Place::Analytics);
    let query = format!("?span={}", asked.span.name());
    html! {
        @if !map.points.is_empty() {
            section.card aria-label="Latency over time" {
                (heat(&map, &visitor.path(Place::Deliveries)))
                p.hint { "A column is " (span(map.distance())) ". A cell leads to the deliveries that were accepted in its time and whose last attempt took as long; "
                    "retries of older ones are counted in it, and listed at the time of their message. Quantiles are estimates within a row." }
                div.actions {
                    a.button href={ (path) "/latency.csv" (query) } { "CSV" }
                    a.button href={ (path) "/latency.json" (query) } { "JSON" }
                }
            }
        }
    }
}

fn told_apart(visitor: &SignedIn, asked: Asked, report: &Report) -> Markup {
    let path = visitor.path(Place::Analytics);
    let query = format!("?span={}&by={}", asked.span.name(), asked.by.name());
    let chart: Chart<'_> = draw::by(report);
    html! {
        section.card aria-labelledby="apart" {
            div.head {
                h2 #apart { "Told apart" }
                nav.views aria-label="By" {
                    @for by in CHOICES {
                        a href={ (path) "?span=" (asked.span.name()) "&by=" (by.name()) "#apart" }
                            aria-current=[(by == asked.by).then_some("true")] { (word(by)) }
                    }
                }
            }
            (chart.markup())
            table.things {
                thead { tr {
                    th scope="col" { (word(asked.by)) } th.number scope="col" { "Attempts" } th.number scope="col" { "Succeeded" }
                    th.number.off-small scope="col" { "Retries" } th.number scope="col" { "p50" } th.number scope="col" { "p95" }
                    th.number.off-small scope="col" { "p99" }
                } }
                tbody {
                    @for line in &report.lines { (row(visitor, asked, line)) }
                    @if let Some(rest) = &report.rest { (row(visitor, asked, rest)) }
                }
            }
            div.actions {
                a.button href={ (path) "/analytics.csv" (query) } { "CSV" }
                a.button href={ (path) "/analytics.json" (query) } { "JSON" }
            }
        }
    }
}

const fn word(by: By) -> &'static str {
    match by {
        By::None => "All",
        By::EventType => "Event type",
        By::Endpoint => "Endpoint",
        By::App => "Application",
        By::Outcome => "Outcome",
    }
}

fn row(visitor: &SignedIn, asked: Asked, line: &Line) -> Markup {
    let millis = |share| {
        draw::millis(&line.total, share).map_or_else(|| "–".to_owned(), |millis| format!("{millis:.0} ms"))
    };
    let list = search(line).map(|term| {
        let q = format!("{term} since:{}", asked.span.name());
        let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
        format!("{}?q={q}", visitor.path(Place::Deliveries))
    });
    html! {
        tr {
            td.wide {
                @let name = if line.key == Key::Rest { "everything else" } else { &line.name };
                @match list { Some(list) => a.row href=(list) { (visible(name, false)) }, None => (visible(name, false)) }
            }
            td.number { (count(line.total.attempts())) }
            td.number { (share(line.total.success_rate())) }
            td.number.off-small { (count(line.total.get(Counter::Retries))) }
            td.number { (millis(0.5)) }
            td.number { (millis(0.95)) }
            td.number.off-small { (millis(0.99)) }
        }
    }
}

/// The term that finds what a line counts.
fn search(line: &Line) -> Option<String> {
    Some(match line.key {
        Key::EventType => format!("type:\"{}\"", line.name.replace('\\', r"\\").replace('"', r#"\""#)),
        Key::Endpoint(_, endpoint) => format!("endpoint:{endpoint}"),
        Key::App(app) => format!("app:{app}"),
        Key::Source(source) => format!("source:{source}"),
        Key::All | Key::Rest | Key::Outcome(_) => return None,
    })
}
