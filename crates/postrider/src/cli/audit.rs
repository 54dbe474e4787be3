//! `postrider audit`: who did what.

use clap::{Args, Subcommand};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postrider_core::time::{Clock as _, SystemClock, Timestamp};
use serde_json::Value;

use super::environment::{self, text};
use super::exit::Exit;
use super::failure::Failure;
use super::instance::Instance;
use super::key;
use super::output::{self, Output};
use super::settings::Settings;
use crate::config;

const PATH: &str = "/api/v1/audit-log";
/// Rows of one page.
const PAGE: usize = 250;

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List who did what, newest first
    #[command(after_help = "\
Examples:
  postrider audit list --since 2h
  postrider audit list --target ep_2nKNsEgDnLtpvGZPjXaFSQAM5yT
  postrider audit list --action key.create --output json")]
    List(Arguments),
}

/// Which acts.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// By the key, person or session with this id
    #[arg(long)]
    actor: Option<String>,
    /// Of this operation of the API
    #[arg(long)]
    action: Option<String>,
    /// About the thing with this id
    #[arg(long)]
    target: Option<String>,
    /// About this environment, by id or name
    #[arg(long)]
    environment: Option<String>,
    /// Not before this time, or so long ago: 2026-01-31T12:00:00Z, 2h
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Before this time, or so long ago
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// How many, at most
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    if let Some(ago) = config::duration(text) {
        return Ok(SystemClock::default().now().before(ago));
    }
    text.parse()
        .map_err(|_| "is neither a time, such as 2026-01-31T12:00:00Z, nor a duration, such as 2h".to_owned())
}

/// Runs it.
pub(super) async fn run(Verb::List(arguments): Verb, settings: &Settings) -> Result<Exit, Failure> {
    let instance = Instance::open(settings).await?;
    let listed = list(&arguments, &instance).await;
    instance.close().await?;
    let rows = listed?;
    match arguments.output {
        Output::Json => output::json(&rows)?,
        Output::Table => output::print(&table(&rows))?,
    }
    Ok(Exit::Ok)
}

async fn list(arguments: &Arguments, instance: &Instance) -> Result<Vec<Value>, Failure> {
    let environment = match &arguments.environment {
        Some(named) => Some(key::find(&environment::list(instance).await?, named)?),
        None => None,
    };
    let query = query(arguments, environment.as_deref());
    let (mut rows, mut iterator) = (Vec::new(), None::<String>);
    while rows.len() < arguments.limit {
        let page = (arguments.limit - rows.len()).min(PAGE);
        let from = iterator.map(|from| parameter("iterator", &from)).unwrap_or_default();
        let answer = instance.call(Method::GET, &format!("{PATH}?limit={page}{query}{from}"), None).await?;
        rows.extend(answer["data"].as_array().into_iter().flatten().cloned());
        iterator = answer["iterator"].as_str().map(str::to_owned);
        if answer["done"] != Value::Bool(false) || iterator.is_none() {
            break;
        }
    }
    Ok(rows)
}

fn query(arguments: &Arguments, environment: Option<&str>) -> String {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let (since, until) = (time(arguments.since), time(arguments.until));
    let all = [
        ("actor", arguments.actor.as_deref()),
        ("action", arguments.action.as_deref()),
        ("target", arguments.target.as_deref()),
        ("environment", environment),
        ("since", since.as_deref()),
        ("until", until.as_deref()),
    ];
    all.into_iter().filter_map(|(name, value)| Some(parameter(name, value?))).collect()
}

fn parameter(name: &str, value: &str) -> String {
    format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}

fn table(rows: &[Value]) -> String {
    let rows: Vec<_> = rows.iter().map(row).collect();
    output::table(["TIME", "ACTOR", "ACTION", "STATUS", "TARGETS", "CHANGED", "ADDRESS"], &rows)
}

fn row(entry: &Value) -> [String; 7] {
    let list = |name: &str, told: fn(&Value) -> String| {
        entry[name].as_array().into_iter().flatten().map(told).collect::<Vec<_>>().join(" ")
    };
    let actor = &entry["actor"];
    let name = [text(actor, "name"), text(actor, "id"), text(actor, "kind")];
    [
        text(entry, "timestamp"),
        name.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        text(entry, "action"),
        text(entry, "status"),
        list("targets", |target| text(target, "id")),
        list("changes", |change| text(change, "field")),
        text(entry, "address"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_names_its_actor_as_well_as_it_can() {
        let entry = |name: &str, id: Value| {
            json!({"timestamp": "t", "actor": {"kind": "local", "id": id, "name": name}, "action": "endpoint.patch",
                "status": 200, "targets": [{"noun": "app", "id": "a"}, {"noun": "endpoint", "id": "e"}],
                "changes": [{"field": "url"}, {"field": "secret"}], "address": null})
        };
        for (name, id, expected) in
            [("ann", json!("key_1"), "ann"), ("", json!("key_1"), "key_1"), ("", Value::Null, "local")]
        {
            let told = row(&entry(name, id));
            assert_eq!(told, ["t", expected, "endpoint.patch", "200", "a e", "url secret", ""]);
        }
    }
}
