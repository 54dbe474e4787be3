//! The server: whether it is well, what it works with, what waits in it, and how it was set up.

use std::path::Path;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::Shared;
use crate::app::report::Report;
use crate::config::Config;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{Kind, pill, span};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::{size, visible};

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/system", get(show))
}

async fn show(visitor: SignedIn, State(shared): State<Shared>) -> Response {
    let report = shared.health.report();
    let heading = if report.ready { pill(Kind::Good, "Ready") } else { pill(Kind::Bad, "Not ready") };
    let files = match &shared.setting.database {
        Some(database) => files(database),
        None => Vec::new(),
    };
    let content = html! { div.stack {
        fresh-part #system every="5" { div.stack {
            div.halves { (checks(&report, &files)) (waiting(&visitor, &report)) }
            (nodes(&report))
        } }
        // What is set may tell more of the machine than of any environment.
        @if visitor.instance().is_ok() { (settings(&shared.setting.keys)) }
    } };
    Frame::new(&visitor, Place::System).with_actions(heading).page(&content).into_response()
}

/// How large the files of the database are, which is a look at two names. One that cannot be looked at is left out.
fn files(database: &Path) -> Vec<(&'static str, u64)> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let mut sizes = Vec::new();
    for (name, path) in [("Database", database), ("Write-ahead log", Path::new(&log))] {
        if let Ok(found) = std::fs::metadata(path) {
            sizes.push((name, found.len()));
        }
    }
    sizes
}

fn checks(report: &Report, files: &[(&'static str, u64)]) -> Markup {
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
                @for (name, bytes) in files { div { dt { (name) } dd { (size(usize::try_from(*bytes).unwrap_or(usize::MAX))) } } }
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

fn waiting(visitor: &SignedIn, report: &Report) -> Markup {
    let list = |q: &str| format!("{}?q={q}", visitor.path(Place::Deliveries));
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
            p.hint { "All nodes, this environment: deliveries that " a href=(list("status%3Apending")) { "wait for their first attempt" }
                ", that are " a href=(list("status%3Asending")) { "being sent" } ", and that " a href=(list("status%3Aretrying")) { "wait for another" } "." }
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
                table.things {
                    thead { tr {
                        th scope="col" { "Node" } th scope="col" { "State" } th.off-small scope="col" { "Does" }
                        th.number scope="col" { "Parts" } th.number scope="col" { "Heard of" }
                    } }
                    tbody { @for node in &cluster.nodes {
                        tr {
                            td.wide { (visible(&node.name, false)) span.sub { "number " (node.number) @if node.number == cluster.node { ", this one" } } }
                            td.tight { @if node.fenced { (pill(Kind::Bad, "Taken for dead")) } @else { (pill(Kind::Good, "Alive")) } }
                            td.off-small { (visible(&node.roles.join(", "), false)) }
                            td.number { (node.partitions) }
                            td.number { (format!("{:.0} s ago", node.seen_seconds_ago)) }
                        }
                    } }
                }
            }
        }
    }
}

/// Every key of the configuration. Secrets are not among what pages are given.
fn settings(keys: &[(String, String)]) -> Markup {
    let defaults = Config::default().shown();
    let is_default = |row: &(String, String)| defaults.contains(row);
    html! {
        details.panel {
            summary { "Configuration" }
            div.stack {
                p.hint { "As this server runs. Secrets are not shown; " code { "postrider config show" } " says where each was set, and a change is a restart." }
                div.scroll tabindex="0" role="group" aria-label="Configuration" {
                    table.pairs {
                        thead.visually-hidden { tr { th scope="col" { "Key" } th scope="col" { "Value" } } }
                        tbody { @for row in keys {
                            tr {
                                th scope="row" { (visible(&row.0, false)) }
                                td { (visible(&row.1, false)) @if !is_default(row) { " " (pill(Kind::Waiting, "Set")) } }
                            }
                        } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::hostile::stays_text;

    #[test]
    fn what_is_set_stays_text() {
        stays_text("a setting", |text| settings(&[(text.to_owned(), text.to_owned())]));
    }

    #[test]
    fn files_that_are_there_have_a_size() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("postrider.db");
        std::fs::write(&file, [0; 100]).unwrap();
        assert_eq!(files(&file), [("Database", 100)]);
        std::fs::write(dir.path().join("postrider.db-wal"), [0; 7]).unwrap();
        assert_eq!(files(&file), [("Database", 100), ("Write-ahead log", 7)]);
    }
}
