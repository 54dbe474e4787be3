//! `postrider bench`: how much a server accepts and delivers, and how fast.
//!
//! Load, receiver and arithmetic are those of the crate `postrider-bench`, which knows nothing of this one. What is
//! measured shares the machine with what measures it; the figures are for comparing, not for promising.

mod site;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use indicatif::{ProgressBar, ProgressStyle};
use postrider_bench::load::{self, Aim, Plan};
use postrider_bench::marker::{self, Epoch, Template};
use postrider_bench::receiver::{Expectation, Receiver, Round, Rules};
use postrider_bench::report::{self, Report};
use postrider_bench::target::{Loopback, Target};

use self::site::Site;
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::output::{self, Output};
use super::settings::Settings;

/// How long a slow endpoint takes to answer.
const SLOW: Duration = Duration::from_secs(1);
/// Gives up when nothing has arrived for this long: longer than the first waits of the retry schedule.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --url a server is started for the run, on a temporary data directory, and removed afterwards. A server at \
--url must be on this machine and allow loopback endpoints; an application is made for the run and deleted.

Examples:
  postrider bench
  postrider bench --endpoints 10 --slow 30 --failing 10
  postrider bench --url http://127.0.0.1:8071 --key $KEY --rate 1000 --output json")]
pub(super) struct Arguments {
    /// Measure this server instead of one started for the run
    #[arg(long, env = "POSTRIDER_URL", hide_env_values = true, requires = "key")]
    url: Option<String>,
    /// An API key of an environment, for --url
    #[arg(long, env = "POSTRIDER_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Messages to publish
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    messages: u64,
    /// Connections that publish
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Bytes of filling in each payload
    #[arg(long, default_value_t = 200, value_name = "BYTES")]
    payload: usize,
    /// Endpoints that each message goes to
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    endpoints: u32,
    /// Deliveries whose first attempt is answered with 500, in per cent
    #[arg(long, default_value_t = 0, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100))]
    failing: u32,
    /// Endpoints that take a second to answer, in per cent
    #[arg(long, default_value_t = 0, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100))]
    slow: u32,
    /// Messages a second; as many as are taken if not given
    #[arg(long)]
    rate: Option<f64>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Runs it.
pub(super) async fn run(arguments: Arguments, settings: &Settings) -> Result<Exit, Failure> {
    let site = match (&arguments.url, &arguments.key) {
        (Some(url), Some(key)) => Site::existing(url, key).or_exit(Exit::Usage)?,
        _ => Site::started(settings).await?,
    };
    let measured = tokio::select! {
        measured = measure(&arguments, &site) => measured.map(Some),
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| None).map_err(Failure::from),
    };
    // Also after a failure: nothing of the run is to stay.
    let cleared = site.clear().await;
    let Some(report) = measured? else { return Ok(Exit::Interrupted) };
    cleared?;
    match arguments.output {
        Output::Json => output::json(&report)?,
        Output::Table => output::print(&report.to_string())?,
    }
    Ok(if report.complete() { Exit::Ok } else { Exit::Failure })
}

async fn measure(arguments: &Arguments, site: &Site) -> Result<Report, Failure> {
    let epoch = Epoch::start();
    let rules = Rules {
        fail_share: f64::from(arguments.failing) / 100.0,
        delay: SLOW,
        delay_path: Some("/slow/".to_owned()),
        ..Rules::default()
    };
    let receiver = Receiver::start(Loopback::any_port(), rules, epoch).await?;
    site.make_app().await?;
    for number in 0..arguments.endpoints {
        let kind = if is_slow(number, arguments.slow) { "slow" } else { "hook" };
        // The receiver tells endpoints apart by the number at the end.
        site.add_endpoint(&receiver.url(&format!("/{kind}/{number}"))).await?;
    }

    let aim = Aim {
        target: Target::new(site.address(), site.publish_path()),
        share: 1,
        fanout: arguments.endpoints,
    };
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", site.key())).or_exit(Exit::Usage)?;
    bearer.set_sensitive(true);
    let template = Template::new(Template::PUBLISH, arguments.payload).or_exit(Exit::Usage)?;
    let mut plan = Plan::new(vec![aim], &[(AUTHORIZATION, bearer)], template).or_exit(Exit::Usage)?;
    plan.messages = arguments.messages;
    plan.connections = arguments.connections;
    plan.rate = arguments.rate;
    let plan = Arc::new(plan.check().or_exit(Exit::Usage)?);

    let run = marker::fresh_run();
    let expectation = Expectation { run: Some(run), messages: plan.messages, lanes: plan.lanes() };
    let round = receiver.begin(expectation).or_exit(Exit::Usage)?;
    let working = async {
        let published = load::run(Arc::clone(&plan), run, epoch).await;
        round.settled(report::expected(&plan, &published), PATIENCE).await;
        Report::new(&plan, &published, &round)
    };
    tokio::select! {
        report = working => Ok(report),
        never = show(&round, plan.messages * u64::from(arguments.endpoints)) => match never {},
    }
}

/// Spreads the slow ones evenly over all.
fn is_slow(number: u32, percent: u32) -> bool {
    (number + 1) * percent / 100 > number * percent / 100
}

/// Shows how many deliveries have arrived, for ever. Hidden by itself where stderr is no terminal.
async fn show(round: &Round, all: u64) -> std::convert::Infallible {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {pos}/{len} deliveries  {per_sec}")
        .expect("the template is a constant");
    let bar = ProgressBar::new(all).with_style(style);
    let _cleared = Cleared(bar.clone());
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tick.tick().await;
        bar.set_position(round.counts().unique);
    }
}

/// Takes the bar away when the run is over.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_endpoints_are_as_many_as_asked_for() {
        for (endpoints, percent, wanted) in
            [(10, 30, 3), (10, 0, 0), (10, 100, 10), (1, 50, 0), (2, 50, 1), (3, 34, 1)]
        {
            let slow = (0..endpoints).filter(|number| is_slow(*number, percent)).count();
            assert_eq!(slow, wanted, "{percent} % of {endpoints}");
        }
    }
}
