//! `postrider listen`: what sources receive on a server, sent to a program on this machine.
//!
//! In reading order: [`target`], where requests go; [`server`] and [`events`], what comes from the server; [`cursor`], how
//! far one is, kept over restarts; [`forward`], one request and its answer here; [`session`], the loop that puts them
//! together; [`show`], what is printed; [`controls`], keys and signals.
//!
//! At least once: the cursor moves behind a request when the program here has answered it with 2xx. What the server sends
//! again, because it reads a little behind the cursor, is known by the ids that are kept beside it and left out. So a
//! request comes twice only where this command was killed between the answer and the cursor.

mod controls;
mod cursor;
mod events;
mod forward;
mod server;
mod session;
mod show;
mod target;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use postrider_core::rng::SystemRng;
use postrider_core::time::{Clock as _, SystemClock};

use self::controls::Controls;
use self::cursor::{State, Whose};
use self::forward::Forwarder;
use self::server::Server;
use self::session::{Rules, Session};
use self::show::Show;
use self::target::{Routes, Targets};
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::output;
use crate::config;

/// Where a server is, unless it is said.
const SERVER: &str = "http://127.0.0.1:8071";

/// What to hear, and where it goes.
#[expect(clippy::struct_excessive_bools, reason = "each is an argument of its own")]
#[derive(Debug, Args)]
#[command(after_help = "\
Without --to and --route requests are printed and go nowhere. Keys, on a terminal: r sends the last request again, d shows \
it, c prints it as a curl command and copies that, q ends.

Examples:
  postrider listen github --to http://localhost:3000/hook
  postrider listen --to 3000 --route 'invoice.*=http://localhost:3000/billing'
  postrider listen shop --to 3000 --since 2h --max-backlog 1000
  postrider listen github --to 3000 --group laptops --server https://hooks.example.com --key-file ~/.postrider.key
  postrider listen github --output json --count 1 | jq -r .body")]
pub(super) struct Arguments {
    /// Sources by id or uid; without any, all of the key's environment
    source: Vec<String>,
    /// Where requests go: a URL, a port, a path on port 3000, or a host with a port
    #[arg(long, value_name = "TARGET")]
    to: Option<String>,
    /// Where requests of some event types go, such as `invoice.*=http://localhost:3000/billing`; the first that fits counts
    #[arg(long = "route", value_name = "TYPE=TARGET")]
    routes: Vec<String>,
    /// A TOML file with such routes, in a table [routes]
    #[arg(long = "routes", value_name = "FILE")]
    routes_file: Option<PathBuf>,
    /// The server
    #[arg(long, value_name = "URL", env = "POSTRIDER_URL", hide_env_values = true, default_value = SERVER)]
    server: String,
    /// A file with an API key of the environment; or the variable `POSTRIDER_KEY`
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[arg(long, env = "POSTRIDER_KEY", hide = true, hide_env_values = true)]
    key: Option<config::Secret>,
    /// From when on: `last` (where the last run ended, else now), `now`, `beginning`, the id of a message, a time, or a
    /// time ago such as 2h
    #[arg(long, default_value = "last", value_name = "WHEN")]
    since: String,
    /// Stop when more than this waits at the beginning
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    max_backlog: u64,
    /// Event types, or beginnings of them with a star; without any, all
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Repetitions too
    #[arg(long)]
    duplicates: bool,
    /// Share what comes with the others of this group: each request goes to one of them
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// What this listener is called: it has a cursor of its own, and a replay may be for it alone
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Hand the answers back to providers, where a source is set to `sync`
    #[arg(long)]
    sync: bool,
    /// Also send to other machines
    #[arg(long)]
    allow_remote: bool,
    /// Sign requests with a key of this listener, as endpoints do
    #[arg(long)]
    resign: bool,
    /// Print the key of --resign, for a program here to verify with, and end
    #[arg(long)]
    print_secret: bool,
    /// Leave out a request that failed eight times, instead of stopping
    #[arg(long)]
    skip_failed: bool,
    /// The wait before a request that failed is sent again; it doubles, up to 15 seconds
    #[arg(long, default_value = "500ms", value_name = "DURATION", value_parser = duration)]
    backoff: Duration,
    /// End after this many requests
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// The same as --count 1
    #[arg(long, conflicts_with = "count")]
    once: bool,
    /// Where cursors and the key of --resign are kept [default: `$XDG_STATE_HOME/postrider/listen`]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// How to print what comes
    #[arg(long, value_enum, default_value_t)]
    output: Form,
}

/// How to print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Plain,
    Json,
}

fn duration(text: &str) -> Result<Duration, String> {
    config::duration(text).ok_or_else(|| "is no duration, such as 500ms or 2s".to_owned())
}

/// Runs it.
pub(super) async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let (clock, rng) = (SystemClock::default(), SystemRng::new());
    let whose = Whose {
        server: &arguments.server,
        sources: &arguments.source,
        types: &arguments.types,
        name: arguments.name.as_deref(),
    };
    let dir = arguments.state_dir.as_deref();
    let failed = |error: cursor::Error| Failure::failed_to(error.exit(), error);
    if arguments.print_secret {
        // While it listens with this key, too.
        let key = match cursor::signing_key(dir, &whose).map_err(failed)? {
            Some(key) => key,
            None => State::open(dir, &whose).and_then(|mut state| state.signing_key(&rng)).map_err(failed)?,
        };
        output::print(&format!("{}\n", key.expose()))?;
        return Ok(Exit::Ok);
    }
    let mut state = State::open(dir, &whose).map_err(failed)?;
    let signing = arguments.resign.then(|| state.signing_key(&rng)).transpose().map_err(failed)?;
    let routes = Routes::read(&arguments.routes, arguments.routes_file.as_deref()).or_exit(Exit::Usage)?;
    let targets =
        Targets::new(arguments.to.as_deref(), routes, arguments.allow_remote).or_exit(Exit::Usage)?;
    let since =
        cursor::since(&arguments.since, clock.now()).map_err(|said| Failure::new(Exit::Usage, said))?;
    let server = Server::new(&arguments, since)?;
    let show = Show::new(arguments.output == Form::Json);
    let rules = Rules {
        max_backlog: arguments.max_backlog,
        skip_failed: arguments.skip_failed,
        backoff: arguments.backoff,
        count: if arguments.once { Some(1) } else { arguments.count },
        acknowledges: arguments.group.is_some() || arguments.sync,
        has_cursor: arguments.group.is_none(),
    };
    let forwarder = Forwarder::new(arguments.allow_remote, signing);
    let is_interactive =
        arguments.output == Form::Plain && io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut controls = Controls::new(is_interactive)?;
    let mut session = Session {
        server,
        targets,
        forwarder,
        state,
        rules,
        show,
        clock: Box::new(clock),
        last: None,
        handled: 0,
    };
    session.run(&mut controls).await
}
