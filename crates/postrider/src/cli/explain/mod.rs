//! `postrider explain`: whose request this may be, and what it would take to verify it.
//!
//! A guess for people, never a decision: providers share names of headers, so a server is told its preset and does not
//! guess. Nothing secret is asked for; what is missing beside the secret is found with one that nobody has.

mod candidate;

use clap::Args;
use postrider_core::inbound::Presets;
use postrider_core::time::{Clock as _, SystemClock, Timestamp};

use self::candidate::Candidate;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::verify::given::{Given, moment};

/// Guesses that are told. Those behind them share one header with the request and nothing else.
const TOLD: usize = 5;

/// What to explain.
#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 0 when there is a guess, else with 1.

Examples:
  postrider explain --body hello.txt -H 'X-GitHub-Event: ping' \\
    -H 'X-Hub-Signature-256: sha256=757107ea'
  printf 'Body=Hello' | postrider explain --body - --url https://example.com/sms \\
    -H 'X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8='")]
pub(super) struct Arguments {
    #[command(flatten)]
    request: Given,
    /// When the request came: seconds since 1970, or RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    /// How to print the guesses
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Runs it.
pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let now = arguments.at.unwrap_or_else(|| SystemClock::default().now());
    let request = arguments.request.read()?;
    let candidates: Vec<Candidate> = request.with(|request| {
        let guesses = Presets::embedded().detect(request);
        guesses.iter().take(TOLD).map(|guess| Candidate::new(guess, request, now)).collect()
    });
    match arguments.output {
        Output::Json => output::json(&candidates)?,
        Output::Table if candidates.is_empty() => eprintln!(
            "postrider: no provider is known by these headers; if it signs as Standard Webhooks does, or you know how, \
             see docs/providers.md"
        ),
        Output::Table => {
            let texts: Vec<_> = candidates.iter().map(Candidate::text).collect();
            output::print(&texts.join("\n"))?;
        }
    }
    Ok(if candidates.is_empty() { Exit::Failure } else { Exit::Ok })
}
