//! Follows a background task to its end: with a bar on a terminal, in silence elsewhere.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use http::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::server::Server;

/// The rest between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// Parts of the bar.
const PARTS: u64 = 1_000;

/// Follows the task that has begun and prints what came of it. With `no_wait`, prints what it is and ends.
pub(super) async fn follow(
    server: &Server,
    begun: Value,
    no_wait: bool,
    form: Output,
) -> Result<Exit, Failure> {
    let id = begun["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/api/v1/background-task/{id}");
    let mut task = server.call(Method::GET, &path, None).await?;
    let bar = bar(no_wait);
    while !no_wait && task["status"] == "running" {
        bar.set_position((task["data"]["walked"].as_f64().unwrap_or_default() * PARTS as f64) as u64);
        bar.set_message(words(&task));
        tokio::time::sleep(LOOK).await;
        task = server.call(Method::GET, &path, None).await?;
    }
    bar.finish_and_clear();
    match form {
        Output::Json => output::json(&task)?,
        Output::Table => output::print(&format!("{id}: {}\n", words(&task)))?,
    }
    match task["status"].as_str() {
        Some("failed") => {
            let why = task["data"]["error"].as_str().unwrap_or("somebody has ended it");
            Err(Failure::new(Exit::Failure, format!("the replay did not come to its end: {why}")))
        }
        _ => Ok(Exit::Ok),
    }
}

fn bar(no_wait: bool) -> ProgressBar {
    if no_wait || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}").expect("the template is a constant");
    ProgressBar::new(PARTS).with_style(style)
}

/// How a task stands, in words.
fn words(task: &Value) -> String {
    let data = &task["data"];
    // Of a query it is deliveries that match.
    let is_search = data["q"].is_string();
    let (matched, affected) = if is_search { ("matching", "sent again") } else { ("messages", "deliveries") };
    let mut text = format!(
        "{}, {} {matched}, {} {affected}",
        task["status"].as_str().unwrap_or("unknown"),
        data["matched"],
        data["affected"]
    );
    left_out(data, &mut text);
    text
}

/// What a replay of a search would come to, in words.
pub(super) fn foreseen(foreseen: &Value) -> String {
    let mut text =
        format!("{} deliveries match, {} would be sent again", foreseen["matched"], foreseen["wouldSend"]);
    left_out(foreseen, &mut text);
    if foreseen["complete"] != true {
        let reached = foreseen["reached"].as_str().unwrap_or_default();
        write!(text, "; counted up to {reached}, and there may be more").expect("memory takes it");
    }
    text.push('\n');
    text
}

fn left_out(of: &Value, text: &mut String) {
    for (why, count) in of["skipped"].as_object().into_iter().flatten() {
        let why = match why.as_str() {
            "noPayload" => "have no payload any more",
            "underWay" => "were under way",
            "noEndpoint" => "have no endpoint any more",
            "notSigned" => "could not be signed",
            other => other,
        };
        write!(text, ", {count} {why}").expect("memory takes it");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_left_out_is_told() {
        let task = json!({"status": "finished", "data": {"matched": 9, "affected": 6,
            "skipped": {"noPayload": 2, "underWay": 1}}});
        assert_eq!(
            words(&task),
            "finished, 9 messages, 6 deliveries, 2 have no payload any more, 1 were under way"
        );
        let task =
            json!({"status": "running", "data": {"q": "x", "matched": 9, "affected": 6, "skipped": {}}});
        assert_eq!(words(&task), "running, 9 matching, 6 sent again");
    }

    #[test]
    fn how_far_a_count_came_is_told() {
        let counted = json!({"matched": 9, "wouldSend": 8, "skipped": {"noPayload": 1}, "complete": false,
            "reached": "2026-01-01T00:00:00.000000Z"});
        assert_eq!(
            foreseen(&counted),
            "9 deliveries match, 8 would be sent again, 1 have no payload any more; counted up to \
             2026-01-01T00:00:00.000000Z, and there may be more\n"
        );
    }
}
