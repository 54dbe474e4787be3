//! The command line.
//!
//! One verb, one file. Data goes to stdout, everything else to stderr; `--output json` where there is data; exit codes
//! are those of [`exit`]. Verbs that act on data do it through the API: over the control socket where a server holds
//! the data directory, else inside this process ([`instance`]), so that there is one set of rules for both.

pub mod exit;
pub mod failure;
mod output;
mod settings;

mod dev;
mod serve;

mod instance;
pub(crate) mod remote;
mod server;

mod environment;
mod key;
mod user;

mod audit;
mod backup;
mod config;
mod doctor;
mod health;
mod migrate_store;
mod openapi;
mod restore;

mod bench;

mod import;

mod analytics;
mod explain;
mod listen;
mod replay;
mod search;
mod trigger;
mod verify;

use std::sync::LazyLock;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::exit::Exit;
use self::failure::Failure;
use self::settings::Settings;
use crate::telemetry::build;

/// Purpose first, then what to type, then everything.
const HELP: &str = "\
{about}

Examples:
  postrider dev                                    try it: prints a key and a curl that works
  postrider serve --data-dir /var/lib/postrider    run it
  postrider key create --name billing              make an API key
  postrider backup --to /backups/today.db          copy everything while it runs
  postrider doctor                                 see what is wrong
  postrider trigger --list                         samples of webhooks, signed as their providers do

{usage-heading} {usage}

{all-args}{after-help}";

const COMPLETIONS: &str = "\
Examples:
  postrider completions bash > /etc/bash_completion.d/postrider
  postrider completions zsh > \"${fpath[1]}/_postrider\"
  postrider completions fish > ~/.config/fish/completions/postrider.fish";

/// Version and commit. clap keeps texts for as long as the process runs.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(build::long_version);
    &TEXT
}

/// Sends webhooks, and shows what happened to them: one binary, no other service.
#[derive(Debug, Parser)]
#[command(
    name = "postrider",
    version = long_version(),
    help_template = HELP,
    after_help = exit::TABLE,
    max_term_width = 120,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it on this machine: prints a key and curls that work, allows loopback endpoints, has request bins
    #[command(after_help = dev::EXAMPLES)]
    Dev,
    /// Run the server
    #[command(after_help = serve::EXAMPLES)]
    Serve,
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(key::Verb),
    /// Make and list environments, the walled-off sets that keys belong to
    #[command(subcommand)]
    Environment(environment::Verb),
    /// Invite, list, change and disable who signs in to the dashboard
    #[command(subcommand)]
    User(user::Verb),
    /// Look who did what
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Copy the database to a file, while the server runs or not
    Backup(backup::Arguments),
    /// Put a backup into an empty data directory
    Restore(restore::Arguments),
    /// Move everything between SQLite and PostgreSQL
    MigrateStore(migrate_store::Arguments),
    /// Look at everything that the server depends on, and say what is wrong
    Doctor(doctor::Arguments),
    /// Ask a server whether it is ready, for health checks of containers
    Health(health::Arguments),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(config::Verb),
    /// Print the API's OpenAPI 3.1 document
    Openapi,
    /// Measure how much this machine accepts and delivers
    Bench(bench::Arguments),
    /// Send what sources receive on a server to a program on this machine
    Listen(listen::Arguments),
    /// Make sources out of the files of other tools: hooks of adnanh/webhook, sources of Convoy
    #[command(subcommand)]
    Import(import::Verb),
    /// Send a correctly signed sample of what a provider sends, without asking the provider
    Trigger(trigger::Arguments),
    /// Send again what was received or published, of a source or an application
    // Boxed, as it has more arguments than all others.
    Replay(Box<replay::Arguments>),
    /// Find deliveries or messages with a query such as 'status:failed since:2h'
    Search(search::Arguments),
    /// Show how many messages and attempts there were over time, how many succeeded, how long endpoints took
    Analytics(analytics::Arguments),
    /// Check whether a request is the provider's, and say which step fails
    Verify(verify::Arguments),
    /// Guess whose request it is, and say what it takes to verify it
    Explain(explain::Arguments),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command. Failures were not printed yet.
pub async fn run(cli: Cli) -> Result<Exit, Failure> {
    let Cli { command, settings } = cli;
    match command {
        Command::Dev => dev::run(&settings).await,
        Command::Serve => serve::run(&settings).await,
        Command::Key(verb) => key::run(verb, &settings).await,
        Command::Environment(verb) => environment::run(verb, &settings).await,
        Command::User(verb) => user::run(verb, &settings).await,
        Command::Audit(verb) => audit::run(verb, &settings).await,
        Command::Backup(arguments) => backup::run(&arguments, &settings).await,
        Command::Restore(arguments) => restore::run(&arguments, &settings).await,
        Command::MigrateStore(arguments) => migrate_store::run(&arguments, &settings).await,
        Command::Doctor(arguments) => doctor::run(&arguments, &settings).await,
        Command::Health(arguments) => health::run(&arguments).await,
        Command::Config(verb) => config::run(&verb, &settings),
        Command::Openapi => openapi::run(),
        Command::Bench(arguments) => bench::run(arguments, &settings).await,
        Command::Listen(arguments) => listen::run(arguments).await,
        Command::Import(verb) => import::run(verb, &settings).await,
        Command::Trigger(arguments) => trigger::run(arguments).await,
        Command::Replay(arguments) => replay::run(*arguments).await,
        Command::Search(arguments) => search::run(arguments).await,
        Command::Analytics(arguments) => analytics::run(arguments).await,
        Command::Verify(arguments) => verify::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "postrider", &mut script);
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Ok)
        }
    }
}

/// Prints a failure with its causes to stderr.
pub fn report(failure: &Failure) {
    eprintln!("postrider: {failure}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_on_either_side_of_the_command() {
        for arguments in [
            &["postrider", "--listen", "127.0.0.1:1", "serve"][..],
            &["postrider", "serve", "--listen", "127.0.0.1:1"],
            &["postrider", "serve", "--set", "listen=127.0.0.1:1"],
        ] {
            let cli = Cli::try_parse_from(arguments).unwrap();
            let loaded = cli.settings.load(crate::config::Config::default()).unwrap();
            assert_eq!(loaded.config.general.listen.port(), 1, "{arguments:?}");
        }
    }

    #[test]
    fn an_unusable_configuration_has_its_exit_code() {
        let cli = Cli::try_parse_from(["postrider", "serve", "--set", "lisen=x"]).unwrap();
        let failure = cli.settings.load(crate::config::Config::default()).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        for command in Cli::command().get_subcommands() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{}: {about:?}", command.get_name());
        }
    }
}
