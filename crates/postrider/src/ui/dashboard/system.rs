//! The server: whether it is well, what it works with, and what waits in it.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::Shared;
use crate::app::report::Report;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{Kind, pill, span};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/system", get(show))
}

async fn show(visitor: SignedIn, State(shared): State<Shared>) -> Response {
    let report = shared.health.report();
    let heading = if report.ready { pill(Kind::Good, "Ready") } else { pill(Kind::Bad, "Not ready") };
    let content = html! { fresh-part #system every="5" { div.stack {
        div.halves { (checks(&report)) (waiting(&report)) }
        (nodes(&report))
    } } };
    Frame::new(&visitor, Place::System).with_actions(heading).page(&content).into_response()
}

fn checks(report: &Report) -> Markup {
    html! {
        section.card aria-labelledby="checks" {
            h2 #checks { "What was looked at" }
            dl.facts.aside {
                @for check in &report.checks {
                    div { dt { (check.name) } dd {
                        @match &check.trouble { Some(trouble) => { (pill(Kind::Bad, "Trouble")) " " (visible(trouble, false)) }, None => (pill(Kind::Good, "Well")) }
                    } }
                }
                div { dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) } }
                div { dt { "Does" } dd { (report.roles.join(", ")) } }
                @for (name, value) in described(report) { div { dt { (name) } dd { (visible(&value, false)) } } }
            }
            p.hint { code { "postrider doctor" } " looks deeper: at the disk, the clock, the configuration and the way out." }
        }
    }
}

/// What the report tells of the database, under its own names.
fn described(report: &Report) -> Vec<(String, String)> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(&report.database) else {
        return Vec::new();
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    fields.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn waiting(report: &Report) -> Markup {
    html! {
        section.card aria-labelledby="waiting" {
            h2 #waiting { "What waits here" }
            @match &report.lag {
                None => p.hint { "This node sends nothing." },
                Some(lag) => dl.facts.aside {
                    div { dt { "Oldest due" } dd { (span(std::time::Duration::from_secs_f64(lag.oldest_due_seconds.clamp(0.0, 1e9)))) } }
                    div { dt { "In flight" } dd { (lag.in_flight) " attempts" } }
                    div { dt { "To record" } dd { (lag.unsettled) " outcomes" } }
                },
            }
        }
    }
}

fn nodes(report: &Report) -> Markup {
    html! {
        @if let Some(cluster) = &report.cluster {
            section.card aria-labelledby="nodes" {
                h2 #nodes { "Nodes" }
                p { "This is node " (cluster.node) ". It sends for " (cluster.partitions.owned) " of 1,024 parts of the endpoints; it was heard of "
                    (format!("{:.0}", cluster.last_beat_seconds_ago)) " s ago." }
                p.hint { (cluster.nodes.len()) " nodes are known to the database." }
            }
        }
    }
}
