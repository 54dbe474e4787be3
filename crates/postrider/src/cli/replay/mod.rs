//! `postrider replay`: sends again what a source received or an application published, by asking a server to.
//!
//! In reading order: the arguments, here; [`ask`], what they come to as requests; [`follow`], the background task
//! that many messages are.

mod ask;
mod follow;

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use http::Method;
use postrider_core::time::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value, json};

use self::ask::Ask;
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::output::{self, Output};
use super::server::{self, Server};
use super::verify::given::{Header, bounded, header, moment};
use crate::config;
use crate::edit::Assignment;

/// Where a server is, unless it is said.
const SERVER: &str = "http://127.0.0.1:8071";
/// Bytes of a body that is put in place of another.
const BODY_BYTES: u64 = 16 * 1024 * 1024;

/// What to send again.
#[derive(Debug, Args)]
#[command(after_help = "\
Single messages by their ids; or all of a range of time: what a source received, what went to an endpoint of an application, \
or with --missing what never did; or with --query all deliveries that a search finds. Without --to-endpoint, listeners of the \
source get it. An unchanged message keeps its id; what is changed or signed anew is a new message. What is changed is attempted \
once, and counted nowhere. Many messages are a task of the server, which goes on when this command ends.

Examples:
  postrider replay --source github msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT --to-endpoint billing
  postrider replay --source stripe msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT --listener me --sign provider --set data.object.amount=500
  postrider replay --source github --since 2h --type push --to-endpoint billing --dry-run
  postrider replay --app customer-42 msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT --to-endpoint main --set data.amount=500
  postrider replay --app customer-42 --endpoint main --since 2026-01-31T12:00:00Z --status fail
  postrider replay --app customer-42 --endpoint main --since 7d --missing
  postrider replay --query 'status:failed code:5xx since:2h' --dry-run")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Arguments {
    /// Messages of the source or the application by id; without any, those of a range
    #[arg(conflicts_with_all = ["since", "until", "types", "status", "dry_run"])]
    message: Vec<String>,
    /// A source by id or uid
    #[arg(long, required_unless_present_any = ["app", "query"])]
    source: Option<String>,
    /// An application by id or uid
    #[arg(long, conflicts_with = "source")]
    app: Option<String>,
    /// The application's endpoint by id or uid, whose messages of a range are sent again
    #[arg(long, requires = "app")]
    endpoint: Option<String>,
    /// All deliveries that this query means, as of `postrider search`
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true,
        conflicts_with_all = ["message", "source", "app", "since", "until", "types", "status"])]
    query: Option<String>,
    /// From when on: a time, or a time ago such as 2h
    #[arg(long, value_name = "WHEN", value_parser = when, required_unless_present_any = ["message", "query"])]
    since: Option<Timestamp>,
    /// Until before when; now if not given
    #[arg(long, value_name = "WHEN", value_parser = when)]
    until: Option<Timestamp>,
    /// Only this event type; repeat it for several
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only what stands so: of a source verified, authenticated, failed or unverified; of an application success,
    /// pending, fail, sending or canceled
    #[arg(long)]
    status: Vec<String>,
    /// Repetitions too, which went nowhere when they came
    #[arg(long, requires = "source")]
    duplicates: bool,
    /// What never went to the endpoint, instead of what did
    #[arg(long, requires = "app", conflicts_with_all = ["types", "status", "channel", "tag"])]
    missing: bool,
    /// Only messages on this channel
    #[arg(long, requires = "app")]
    channel: Option<String>,
    /// Only messages with this tag
    #[arg(long, requires = "app")]
    tag: Option<String>,
    /// An endpoint that gets it, by id or uid; repeat it for several
    #[arg(long, value_name = "ENDPOINT")]
    to_endpoint: Vec<String>,
    /// The only listener, or group of listeners, that gets it
    #[arg(long, value_name = "NAME", requires = "source")]
    listener: Option<String>,
    /// Whose signature it has
    #[arg(long, value_enum, default_value_t, requires = "source")]
    sign: Sign,
    /// Change a value of the body, such as data.object.amount=500; the path must be there
    // In place of the setting of this name, which this command has no use for: it reads no configuration.
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment, requires = "message")]
    set: Vec<(String, String)>,
    /// Set a header; without a value, leave it out
    #[arg(long, short = 'H', value_name = "'NAME: VALUE'", value_parser = header, requires = "message")]
    header: Vec<Header>,
    /// A file with another body
    #[arg(long, value_name = "FILE", requires = "message")]
    body: Option<PathBuf>,
    /// Only count what is of the range, or what the query finds
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the end of a range
    #[arg(long)]
    no_wait: bool,
    /// The server
    #[arg(long, value_name = "URL", env = "POSTRIDER_URL", hide_env_values = true, default_value = SERVER)]
    server: String,
    #[arg(long, value_name = "FILE", help = "A file with an API key; or the variable POSTRIDER_KEY")]
    key_file: Option<PathBuf>,
    #[arg(long, env = "POSTRIDER_KEY", hide = true, hide_env_values = true)]
    key: Option<config::Secret>,
    /// How to print what came of it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Whose signature a replay has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Sign {
    /// The provider's, as it came
    #[default]
    AsItCame,
    /// One as the provider's, of this moment
    Provider,
    /// The server's own, with the key of the endpoint
    Postrider,
}

/// Reads a time, or a time ago.
fn when(text: &str) -> Result<Timestamp, String> {
    match config::duration(text) {
        Some(ago) => Ok(SystemClock::default().now().before(ago)),
        None => moment(text)
            .map_err(|_| "is neither a time such as 2026-01-31T12:00:00Z nor a time ago such as 2h".into()),
    }
}

/// Checks the form. Every `--set` must have one type, that of the setting.
fn assignment(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("is not PATH=VALUE, such as data.object.amount=500")?;
    Assignment::new(path, value)?;
    Ok((path.to_owned(), value.to_owned()))
}

/// Runs it.
pub(super) async fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    let key = server::key(arguments.key_file.as_deref(), arguments.key.take())?;
    let server = Server::new(&arguments.server, key)?;
    let body = arguments.body.take().map(|path| {
        let read = File::open(&path).and_then(|file| bounded(file, BODY_BYTES));
        read.with_context(|| format!("read the body from {}", path.display())).or_failed_to(Exit::Usage)
    });
    let ask = Ask::of(&arguments, body.transpose()?).map_err(|said| Failure::new(Exit::Usage, said))?;
    match ask {
        Ask::Each { paths, body } => each(&server, &paths, &body, arguments.output).await,
        Ask::Count { path, body } => {
            let counted = server.call(Method::POST, &path, Some(&body)).await?;
            show_count(&counted, arguments.output)?;
            Ok(Exit::Ok)
        }
        Ask::Foresee { path, body } => {
            let foreseen = server.call(Method::POST, &path, Some(&body)).await?;
            match arguments.output {
                Output::Json => output::json(&foreseen)?,
                Output::Table => output::print(&follow::foreseen(&foreseen))?,
            }
            Ok(Exit::Ok)
        }
        Ask::Begin { path, body } => {
            let task = server.call(Method::POST, &path, Some(&body)).await?;
            follow::follow(&server, task, arguments.no_wait, arguments.output).await
        }
    }
}

/// Replays single messages, one after another. The first that cannot be ends it.
async fn each(server: &Server, paths: &[String], body: &Value, form: Output) -> Result<Exit, Failure> {
    let mut replayed = Vec::with_capacity(paths.len());
    for path in paths {
        replayed.push(server.call(Method::POST, path, Some(body)).await?);
    }
    match form {
        Output::Json => output::json(&replayed)?,
        Output::Table => {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let rows: Vec<_> = replayed
                .iter()
                .map(|one| {
                    let endpoints: Vec<_> = one["endpointIds"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .collect();
                    let to = if endpoints.is_empty() { "listeners".to_owned() } else { endpoints.join(" ") };
                    [text(&one["id"]), text(&one["replayOf"]), to]
                })
                .collect();
            output::print(&output::table(["ID", "MADE OF", "TO"], &rows))?;
        }
    }
    Ok(Exit::Ok)
}

fn show_count(counted: &Value, form: Output) -> Result<(), Failure> {
    match form {
        Output::Json => output::json(
            &json!({"dryRun": true, "matched": counted["matched"], "complete": counted["complete"]}),
        )?,
        Output::Table => {
            let more = if counted["complete"] == true { "" } else { ", and perhaps more" };
            output::print(&format!("{} messages would be replayed{more}\n", counted["matched"]))?;
        }
    }
    Ok(())
}
