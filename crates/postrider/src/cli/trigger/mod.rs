//! `postrider trigger`: sends what a provider would send, correctly signed, without asking the provider.
//!
//! Everything that it needs is in this program: the samples, the rules of the signature, a client that follows no
//! redirects and goes through the egress rules with loopback open.
//!
//! Deliberately absent: making the thing that the event tells of. Ids in a sample lead nowhere; a receiver that asks the
//! provider about them is told so by the provider.

mod catalogue;
pub(super) mod curl;
mod fresh;
mod order;
mod report;
mod sample;
mod send;

use clap::Args;
use ipnet::IpNet;
use postrider_core::rng::SystemRng;
use postrider_core::time::{Clock as _, SystemClock, Timestamp};

use self::catalogue::Provider;
use self::order::Order;
use self::send::{Sender, Sent};
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::output::Output;
use super::verify::given::{Header, Secrets, header, moment};
use crate::edit::Assignment;

/// What helps against a URL that is refused.
const WHERE: &str = "it is sent to this machine or to a public address; `--allow` opens others";

/// What to send.
#[derive(Debug, Args)]
#[command(after_help = "\
Ids and times are new in every request. It goes to this machine or to a public address, never through a redirect. \
Exits with 0 when every request was answered with 2xx, else with 1.

Examples:
  postrider trigger --list
  postrider trigger github push --to http://127.0.0.1:3000/hook --secret-file github.secret
  postrider trigger stripe invoice.paid --to http://localhost:4242/ --secret whsec_test \\
    --set data.object.customer=cus_1
  postrider trigger standard-webhooks user.created --to http://127.0.0.1:3000/ \\
    --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
  postrider trigger slack slash_command --to http://127.0.0.1:3000/ --secret s --dry-run")]
pub(super) struct Arguments {
    /// Who would send it
    #[arg(required_unless_present = "list")]
    provider: Option<String>,
    /// What would have happened
    #[arg(required_unless_present = "list")]
    event: Option<String>,
    /// Print the providers and events that there are
    #[arg(long, conflicts_with = "event")]
    list: bool,
    /// Where to send it
    #[arg(long, value_name = "URL", required_unless_present = "list")]
    to: Option<String>,
    #[command(flatten)]
    secrets: Secrets,
    /// Change a value of the body, such as data.object.amount=500 or Body=hello; the path must be there
    // In place of the setting of this name, which this command has no use for: it reads no configuration.
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Add or replace a header; without a value, leave it out
    #[arg(long, short = 'H', value_name = "'NAME: VALUE'", value_parser = header)]
    header: Vec<Header>,
    /// The delivery's id, instead of a new one
    #[arg(long)]
    id: Option<String>,
    /// The time of the event and of the signature: seconds since 1970, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    /// The URL to sign where the receiver is known by another than --to
    #[arg(long)]
    url: Option<String>,
    /// How many requests to send, one after the other
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Addresses that may be sent to although they are private, such as 172.16.0.0/12
    #[arg(long, value_name = "RANGE")]
    allow: Vec<IpNet>,
    /// Print a curl command instead of sending
    #[arg(long, conflicts_with = "count")]
    dry_run: bool,
    /// How to print what came back
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Checks the form. Every `--set` must have one type, that of the setting, so the path is read again where it is used.
fn assignment(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("is not PATH=VALUE, such as data.object.amount=500")?;
    Assignment::new(path, value)?;
    Ok((path.to_owned(), value.to_owned()))
}

/// Runs it.
pub(super) async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let provider = arguments.provider.as_deref().map(catalogue::provider).transpose().or_exit(Exit::Usage)?;
    match (provider, arguments.event.clone()) {
        (Some(provider), Some(event)) if !arguments.list => trigger(provider, &event, arguments).await,
        (only, _) => {
            report::list(only, arguments.output)?;
            Ok(Exit::Ok)
        }
    }
}

async fn trigger(provider: &Provider, event: &str, arguments: Arguments) -> Result<Exit, Failure> {
    let sample = provider.sample(event).or_exit(Exit::Usage)?;
    let to = arguments.to.as_deref().unwrap_or_default();
    let sender = Sender::new(to, &arguments.allow).or_exit(Exit::Usage);
    let sender = sender.map_err(|failure| failure.with_hint(Some(WHERE)))?;
    let order = Order {
        event,
        sample,
        verifier: order::verifier(provider, arguments.secrets.read()?)?,
        set: arguments
            .set
            .iter()
            .map(|(path, value)| Assignment::new(path, value))
            .collect::<Result<_, _>>()
            .map_err(|said| Failure::new(Exit::Usage, said))?,
        headers: arguments.header,
        id: arguments.id,
        url: arguments.url.unwrap_or_else(|| sender.url().to_owned()),
    };
    let (rng, clock) = (SystemRng::new(), SystemClock::default());
    let request = || order.request(arguments.at.unwrap_or_else(|| clock.now()), &rng);
    if arguments.dry_run {
        let (mut draft, _) = request()?;
        sender.url().clone_into(&mut draft.url);
        report::dry_run(&draft, arguments.output)?;
        return Ok(Exit::Ok);
    }
    let mut sent = Vec::new();
    for _ in 0..arguments.count {
        let (draft, id) = request()?;
        sent.push(sender.send(id, draft).await);
        // Where nobody is, the next request would wait for nobody as long.
        if sent.last().is_some_and(|last| last.status.is_none()) {
            break;
        }
    }
    report::sent(provider, event, sender.url(), &sent, arguments.output)?;
    Ok(if sent.iter().all(Sent::is_accepted) { Exit::Ok } else { Exit::Failure })
}
