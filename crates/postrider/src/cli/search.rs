//! `postrider search`: asks a server for deliveries or messages with a query.
//!
//! A page of the server may be short; so pages are asked for until there are as many rows as wanted, nothing is left, or a
//! person has waited long enough. How far the search came is said on stderr.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postrider_core::query::Query;
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::server::{self, Server};
use crate::config;

/// Where a server is, unless it is said.
const SERVER: &str = "http://127.0.0.1:8071";
/// Rows of one page.
const PAGE: usize = 250;
/// After this time no more pages are asked for, unless all are wanted.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to search for.
#[derive(Debug, Args)]
#[command(after_help = "\
Terms are a field, a colon and a value, or text; all of them must hold. A `-` before a term turns it around, commas divide \
values of which one is enough, quotes go around what has spaces, a `*` stands for any end. Fields: status, code, type, \
endpoint, app, source, message, event_id, channel, tag, attempt, latency, error, trigger, since, until, body.PATH and \
header.NAME.

Examples:
  postrider search 'status:failed since:2h'
  postrider search 'code:5xx type:invoice.* -endpoint:main' --limit 500 --output json
  postrider search 'body.customer.id:\"cus_1\"' --messages
  postrider search 'error:timeout latency:>10s app:customer-42'")]
pub(super) struct Arguments {
    /// The query; without one, the newest
    #[arg(default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    query: String,
    /// Messages instead of deliveries, each with how its deliveries stand
    #[arg(long)]
    messages: bool,
    /// As many rows, at most
    #[arg(long, value_name = "ROWS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Search on to the end, however long it takes
    #[arg(long)]
    all: bool,
    /// The server
    #[arg(long, value_name = "URL", env = "POSTRIDER_URL", hide_env_values = true, default_value = SERVER)]
    server: String,
    #[arg(long, value_name = "FILE", help = "A file with an API key; or the variable POSTRIDER_KEY")]
    key_file: Option<PathBuf>,
    #[arg(long, env = "POSTRIDER_KEY", hide = true, hide_env_values = true)]
    key: Option<config::Secret>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What several pages came to.
#[derive(Debug, Default)]
struct Found {
    rows: Vec<Value>,
    /// Where to go on, unless nothing is left.
    iterator: Option<String>,
    looked: u64,
    micros: u64,
    since: Option<String>,
}

/// Runs it.
pub(super) async fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    check(&arguments.query)?;
    let key = server::key(arguments.key_file.as_deref(), arguments.key.take())?;
    let server = Server::new(&arguments.server, key)?;
    let found = search(&server, &arguments).await?;
    match arguments.output {
        Output::Json => output::json(&json!({
            "data": found.rows,
            "iterator": found.iterator,
            "done": found.iterator.is_none(),
            "searched": {"rows": found.looked, "since": found.since, "micros": found.micros},
        }))?,
        Output::Table if arguments.messages => output::print(&messages(&found.rows))?,
        Output::Table => output::print(&deliveries(&found.rows))?,
    }
    eprintln!("{}", found.words());
    Ok(Exit::Ok)
}

/// Shows a mistake where it is, before any server is asked.
fn check(query: &str) -> Result<(), Failure> {
    let Err(error) = query.parse::<Query>() else { return Ok(()) };
    let text = output::plain(query);
    // Where nothing was escaped, every character is as wide as in the text.
    let place = if text == query {
        let before = query[..error.span.start].chars().count();
        let wrong = query[error.span.clone()].chars().count().max(1);
        format!("\n  {text}\n  {}{}", " ".repeat(before), "^".repeat(wrong))
    } else {
        String::new()
    };
    let near = error.suggestion.as_ref().map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
    Err(Failure::new(Exit::Usage, format!("{}{near}{place}", output::plain(&error.to_string()))))
}

async fn search(server: &Server, arguments: &Arguments) -> Result<Found, Failure> {
    let (began, limit) = (Instant::now(), arguments.limit as usize);
    let noun = if arguments.messages { "message" } else { "delivery" };
    let query = utf8_percent_encode(&arguments.query, NON_ALPHANUMERIC).to_string();
    let mut found = Found::default();
    loop {
        let count = (limit - found.rows.len()).min(PAGE);
        let mut path = format!("/api/v1/{noun}?q={query}&limit={count}");
        if let Some(iterator) = &found.iterator {
            path.push_str("&iterator=");
            path.push_str(iterator);
        }
        let is_last = found.add(server.call(Method::GET, &path, None).await?);
        let is_late = !arguments.all && began.elapsed() > PATIENCE;
        if is_last || is_late || found.rows.len() >= limit {
            return Ok(found);
        }
    }
}

impl Found {
    /// Adds a page. Whether it was the last.
    fn add(&mut self, mut page: Value) -> bool {
        if let Value::Array(rows) = page["data"].take() {
            self.rows.extend(rows);
        }
        let searched = &page["searched"];
        self.looked += searched["rows"].as_u64().unwrap_or_default();
        self.micros += searched["micros"].as_u64().unwrap_or_default();
        if let Some(since) = searched["since"].as_str() {
            self.since = Some(since.to_owned());
        }
        let is_done = page["done"] != false;
        self.iterator = page["iterator"].as_str().filter(|_| !is_done).map(str::to_owned);
        self.iterator.is_none()
    }

    fn words(&self) -> String {
        let (count, looked, millis) = (self.rows.len(), self.looked, self.micros / 1_000);
        match (&self.iterator, &self.since) {
            (None, _) => format!("{count} found: all there is, of {looked} rows in {millis} ms"),
            (Some(_), Some(since)) => {
                format!(
                    "{count} found: searched back to {since}, {looked} rows in {millis} ms; there may be more"
                )
            }
            (Some(_), None) => format!("{count} found; there may be more"),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn deliveries(rows: &[Value]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let last = &row["lastAttempt"];
            let answer = match (&last["error"], last["responseStatusCode"].as_u64()) {
                (Value::String(class), _) => class.clone(),
                (_, Some(code)) if code > 0 => code.to_string(),
                _ => "-".to_owned(),
            };
            [
                text(&row["timestamp"]),
                text(&row["status"]),
                text(&row["attempts"]),
                answer,
                text(&row["eventType"]),
                text(&row["msgId"]),
                text(&row["endpoint"]["url"]),
            ]
        })
        .collect();
    output::table(["TIME", "STATUS", "ATTEMPTS", "ANSWER", "TYPE", "MESSAGE", "ENDPOINT"], &rows)
}

fn messages(rows: &[Value]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let stands = row["deliveries"].as_object().into_iter().flatten();
            let stands: Vec<_> = stands
                .filter(|(_, count)| count.as_u64() != Some(0))
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            let stands = if stands.is_empty() { "-".to_owned() } else { stands.join(", ") };
            [
                text(&row["timestamp"]),
                text(&row["eventType"]),
                text(&row["msgId"]),
                text(&row["appUid"]),
                stands,
            ]
        })
        .collect();
    output::table(["TIME", "TYPE", "MESSAGE", "APP", "DELIVERIES"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        let said = check("code:5xx staus:failed").unwrap_err().to_string();
        assert!(said.contains("did you mean status?"), "{said}");
        assert!(said.ends_with("  code:5xx staus:failed\n           ^^^^^"), "{said}");
        assert!(check("status:failed").is_ok() && check("").is_ok());
        assert!(!check("x:\u{1b}[2K").unwrap_err().to_string().contains('\u{1b}'));
    }

    #[test]
    fn pages_add_up() {
        let page = |rows: Value, done: bool, iterator: Value| {
            json!({"data": rows, "done": done, "iterator": iterator,
                   "searched": {"rows": 1000, "since": "2026-01-31T12:00:00Z", "micros": 40_000}})
        };
        let mut found = Found::default();
        assert!(!found.add(page(json!([1, 2]), false, json!("7"))));
        assert_eq!(found.iterator.as_deref(), Some("7"));
        assert!(found.words().contains("searched back to 2026-01-31T12:00:00Z, 1000 rows in 40 ms"));
        assert!(found.add(page(json!([3]), true, json!("8"))));
        assert_eq!(found.words(), "3 found: all there is, of 2000 rows in 80 ms");
    }

    #[test]
    fn rows_say_what_became_of_a_delivery() {
        let rows = [
            json!({"timestamp": "T", "status": "failed", "attempts": 3, "eventType": "a.b", "msgId": "msg_1",
            "endpoint": {"url": "https://x.example/"}, "lastAttempt": {"error": "timeout", "responseStatusCode": 0}}),
        ];
        assert!(
            deliveries(&rows).contains("T     failed  3         timeout  a.b   msg_1    https://x.example/")
        );
        let rows = [json!({"timestamp": "T", "eventType": "a.b", "msgId": "msg_1", "appUid": null,
            "deliveries": {"delivered": 2, "failed": 0}})];
        assert!(messages(&rows).contains("2 delivered\n"));
    }
}
