//! `postrider analytics`: numbers over time, from a server.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postrider_core::time::{Clock as _, SystemClock, Timestamp};
use serde_json::Value;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::server::{self, Server};
use crate::config;

/// Where a server is, unless it is said.
const SERVER: &str = "http://127.0.0.1:8071";

/// Which numbers.
#[derive(Debug, Args)]
#[command(after_help = "\
Latencies are estimates, off by less than a factor of two; the mean is exact.

Examples:
  postrider analytics --by event-type
  postrider analytics --by endpoint --rank failures --since 7d
  postrider analytics --app customer-42 --since 30d --output json")]
pub(super) struct Arguments {
    /// How the numbers are told apart
    #[arg(long, value_enum, default_value_t)]
    by: By,
    /// Which come first
    #[arg(long, value_enum, default_value_t)]
    rank: Rank,
    /// Of this application, by id or uid
    #[arg(long)]
    app: Option<String>,
    /// Of this endpoint of the application, by id or uid
    #[arg(long, requires = "app")]
    endpoint: Option<String>,
    /// Of this event type
    #[arg(long = "type", value_name = "NAME")]
    event_type: Option<String>,
    /// Not before this time, or so long ago: 2026-01-31T12:00:00Z, 2h; without it, the last day
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Before this time, or so long ago
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// The server
    #[arg(long, value_name = "URL", env = "POSTRIDER_URL", hide_env_values = true, default_value = SERVER)]
    server: String,
    #[arg(long, value_name = "FILE", help = "A file with an API key; or the variable POSTRIDER_KEY")]
    key_file: Option<PathBuf>,
    #[arg(long, env = "POSTRIDER_KEY", hide = true, hide_env_values = true)]
    key: Option<config::Secret>,
    /// How to print them; as JSON with all points
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum By {
    #[default]
    None,
    EventType,
    Endpoint,
    Application,
    Outcome,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Rank {
    #[default]
    Volume,
    Failures,
    Latency,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    if let Some(ago) = config::duration(text) {
        return Ok(SystemClock::default().now().before(ago));
    }
    text.parse()
        .map_err(|_| "is neither a time, such as 2026-01-31T12:00:00Z, nor a duration, such as 2h".to_owned())
}

/// Runs it.
pub(super) async fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    let key = server::key(arguments.key_file.as_deref(), arguments.key.take())?;
    let server = Server::new(&arguments.server, key)?;
    let report = server.call(Method::GET, &path(&arguments), None).await?;
    match arguments.output {
        Output::Json => output::json(&report)?,
        Output::Table => output::print(&table(&report))?,
    }
    Ok(Exit::Ok)
}

fn path(arguments: &Arguments) -> String {
    let by = match arguments.by {
        By::None => "none",
        By::EventType => "eventType",
        By::Endpoint => "endpoint",
        By::Application => "application",
        By::Outcome => "outcome",
    };
    let rank = match arguments.rank {
        Rank::Volume => "volume",
        Rank::Failures => "failures",
        Rank::Latency => "latency",
    };
    let mut path = format!("/api/v1/analytics?groupBy={by}&rank={rank}");
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let all = [
        ("appId", arguments.app.clone()),
        ("endpointId", arguments.endpoint.clone()),
        ("eventType", arguments.event_type.clone()),
        ("since", time(arguments.since)),
        ("until", time(arguments.until)),
    ];
    for (name, value) in all.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        let _ = write!(path, "&{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC));
    }
    path
}

/// A row for each series, and one for everything where there are several.
fn table(report: &Value) -> String {
    let series = report["series"].as_array().into_iter().flatten();
    let mut rows: Vec<_> = series.map(|series| row(name(series), &series["total"])).collect();
    if report["rest"].is_object() {
        rows.push(row("(rest)", &report["rest"]["total"]));
    }
    if rows.len() != 1 {
        rows.push(row("(all)", &report["total"]));
    }
    output::table(["NAME", "MESSAGES", "ATTEMPTS", "SUCCESS", "GIVEN UP", "MEAN", "P95", "P99"], &rows)
}

fn name(series: &Value) -> &str {
    series["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("(all)")
}

fn row(name: &str, numbers: &Value) -> [String; 8] {
    let count = |field: &str| numbers[field].as_u64().unwrap_or_default().to_string();
    let millis = |field: &str| match numbers["latency"][field].as_f64() {
        Some(millis) => format!("{millis:.1} ms"),
        None => "-".to_owned(),
    };
    let success = match numbers["successRate"].as_f64() {
        Some(rate) => format!("{:.2} %", rate * 100.0),
        None => "-".to_owned(),
    };
    [
        name.to_owned(),
        count("messages"),
        count("attempts"),
        success,
        count("givenUp"),
        millis("meanMs"),
        millis("p95Ms"),
        millis("p99Ms"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_all_that_is_told_apart_and_its_sum() {
        let numbers = json!({"messages": 3, "attempts": 4, "successRate": 0.75, "givenUp": 0,
            "latency": {"meanMs": 12.34, "p95Ms": 20.0, "p99Ms": 30.0}});
        let nothing =
            json!({"messages": 1, "attempts": 0, "successRate": null, "givenUp": 0, "latency": null});
        let report = json!({"series": [{"name": "a.b", "total": numbers}], "rest": {"total": nothing},
            "total": numbers});
        let text = table(&report);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines[1].contains("a.b") && lines[1].contains("75.00 %") && lines[1].contains("12.3 ms"),
            "{text}"
        );
        assert!(lines[2].starts_with("(rest)") && lines[2].contains(" - "), "{text}");
        let alone = json!({"series": [{"name": "", "total": numbers}], "rest": null, "total": numbers});
        assert_eq!(table(&alone).lines().count(), 2, "one series is everything");
    }
}
