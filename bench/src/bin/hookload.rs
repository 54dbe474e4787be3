//! `hookload`: publishes messages to a webhook sender and times what it delivers.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use http::{HeaderName, HeaderValue};
use postrider_bench::{
    load::{Aim, Plan},
    marker::{Epoch, Template},
    measure,
    receiver::{Expectation, Receiver, Rules},
    signature::Secret,
    target::{Loopback, Target},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Load generator and receiver for webhook senders. Speaks to loopback only.
///
/// Exit code: 0 if all was accepted and delivered, 1 if not, 2 if the run could not be made.
#[derive(Parser)]
struct Args {
    /// Publish here; several URLs of one server are taken in turn
    #[arg(long, required_unless_present = "receiver_only")]
    url: Vec<Target>,
    /// Messages to each URL out of every (sum of shares); given once per URL, or not at all
    #[arg(long)]
    share: Vec<u32>,
    /// Deliveries expected per message; once for all URLs or once per URL, 0 for those not to be counted. The
    /// endpoints of one message are told apart by the number at the end of their path: /hook/0, /hook/1 and
    /// so on
    #[arg(long, default_value = "1")]
    fanout: Vec<u32>,
    /// Header of the publish request, 'Name: value'
    #[arg(long, value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Body of the publish request, with {MARK} inside the part that is delivered and {PAD} where filling
    /// goes
    #[arg(long, default_value = Template::PUBLISH)]
    body: String,
    /// Bytes of filling
    #[arg(long, default_value_t = 200)]
    pad: usize,
    /// Messages to publish
    #[arg(long, default_value_t = 20_000)]
    messages: u64,
    /// Publishing connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Messages a second; as fast as they are taken if not given
    #[arg(long)]
    rate: Option<f64>,
    /// Where the receiver listens
    #[arg(long, default_value = "127.0.0.1:9099")]
    receive: Loopback,
    /// Share of deliveries whose first attempt is answered with 500
    #[arg(long, default_value_t = 0.0)]
    fail: f64,
    /// Wait before an answer, in milliseconds
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Delay only paths that contain this
    #[arg(long)]
    delay_path: Option<String>,
    /// Never answer paths that contain this
    #[arg(long)]
    hang_path: Option<String>,
    /// Answer paths that contain this, but neither count nor time them
    #[arg(long)]
    ignore_path: Option<String>,
    /// Check `webhook-signature` with this secret (`whsec_…`)
    #[arg(long)]
    secret: Option<Secret>,
    /// Give up once nothing has arrived for this many seconds
    #[arg(long, default_value_t = 20)]
    patience: u64,
    /// Receive and count, publish nothing, until interrupted
    #[arg(long)]
    receiver_only: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

// One thread is the cheapest: no task ever wakes another core, which the sender under test needs more.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("hookload: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> anyhow::Result<bool> {
    let epoch = Epoch::start();
    let receiver = Receiver::start(args.receive, rules(&args), epoch)
        .await
        .with_context(|| format!("cannot listen on {}", args.receive.addr()))?;
    if args.receiver_only {
        watch(&receiver, &args).await?;
        return Ok(true);
    }
    let report = measure::run(plan(&args)?, &receiver, epoch, Duration::from_secs(args.patience)).await?;
    match args.output {
        Output::Text => print!("{report}"),
        Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(report.complete())
}

fn rules(args: &Args) -> Rules {
    Rules {
        fail_share: args.fail,
        delay: Duration::from_millis(args.delay_ms),
        delay_path: args.delay_path.clone(),
        hang_path: args.hang_path.clone(),
        ignore_path: args.ignore_path.clone(),
        secret: args.secret.clone(),
    }
}

fn plan(args: &Args) -> anyhow::Result<Plan> {
    let shares = one_each(&args.share, args.url.len(), 1).context("--share")?;
    let fanouts = one_each(&args.fanout, args.url.len(), 1).context("--fanout")?;
    let aims = args.url.iter().zip(shares).zip(fanouts);
    let aims = aims.map(|((target, share), fanout)| Aim { target: target.clone(), share, fanout }).collect();
    let mut plan = Plan::new(aims, &args.header, Template::new(&args.body, args.pad)?)?;
    plan.messages = args.messages;
    plan.connections = args.connections;
    plan.rate = args.rate;
    Ok(plan.check()?)
}

/// Options that may be given for each URL, once for all of them, or not at all.
fn one_each(given: &[u32], wanted: usize, default: u32) -> anyhow::Result<Vec<u32>> {
    match given {
        [] => Ok(vec![default; wanted]),
        [one] => Ok(vec![*one; wanted]),
        all if all.len() == wanted => Ok(all.to_vec()),
        all => anyhow::bail!("given {} times for {wanted} URLs", all.len()),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is 'Name: value'")?;
    let name = name.trim().parse().map_err(|_| "not a header name")?;
    Ok((name, value.trim().parse().map_err(|_| "not a header value")?))
}

/// Prints what has arrived, every second, to stderr.
async fn watch(receiver: &Receiver, args: &Args) -> anyhow::Result<()> {
    let lanes = args.fanout.iter().copied().max().unwrap_or(1);
    let round = receiver.begin(Expectation { run: None, messages: args.messages, lanes })?;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = second.tick() => eprintln!("{:?}", round.counts()),
            stopped = tokio::signal::ctrl_c() => return Ok(stopped?),
        }
    }
}
