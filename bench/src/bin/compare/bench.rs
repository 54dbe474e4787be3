//! What all scenarios share: the options, the clock of the marks, and one checked run of load.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, ensure};
use clap::Args;
use http::{HeaderName, HeaderValue};
use postrider_bench::{
    load::{Aim, Plan},
    marker::{Epoch, Template},
    measure,
    receiver::{Receiver, Rules},
    report::Report,
    signature::BodySecret,
    target::Loopback,
};

/// The secret of every endpoint and of the relay.
pub(crate) const SECRET: &str = "whsec_cG9zdHJpZGVyLWJlbmNoLXNlY3JldC0wMDAwMQ==";

/// One in so many messages of a run is its warm-up.
const WARM_UP: u64 = 10;

#[derive(Args)]
pub(crate) struct Options {
    /// The server's binary
    #[arg(long, default_value = "target/release/postrider")]
    pub(crate) postrider: PathBuf,
    /// The relay's binary; beside this one if not given
    #[arg(long)]
    pub(crate) relay: Option<PathBuf>,
    /// Where data directories are made and removed; a real disk, or fsync costs nothing
    #[arg(long, default_value = "target")]
    pub(crate) data_parent: PathBuf,
    /// Key handed to the server on its first start
    #[arg(long, default_value = "bench0bench0bench0bench0bench0bench0bench0")]
    pub(crate) key: String,
    /// Alternations; figures are the medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
    /// Deliveries of one run at full speed
    #[arg(long, default_value_t = 60_000)]
    pub(crate) messages: u64,
    /// Publishing connections; `single` measures with each of these numbers, the others with the first
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
    pub(crate) connections: Vec<usize>,
    /// Bytes of filling in a payload
    #[arg(long, default_value_t = 200)]
    pub(crate) pad: usize,
    /// Messages a second that count as the maximum in `latency` and `hang`; measured first if not given
    #[arg(long)]
    pub(crate) max_rate: Option<f64>,
    /// Seconds of a run at a rate
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Numbers of endpoints in `fanout`
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1000])]
    pub(crate) fanouts: Vec<u32>,
    /// Messages waiting in `dead`
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) backlog: u64,
    /// Messages in the database of `grown`
    #[arg(long, default_value_t = 5_000_000)]
    pub(crate) grown: u64,
    /// Deliveries in the database of `dashboard`
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) deliveries: u64,
    /// A PostgreSQL server for `engines`, by an account that may make databases: postgres://USER:PASSWORD@ADDRESS:PORT/NAME
    #[arg(long)]
    pub(crate) database: Option<url::Url>,
    /// Nodes of the largest cluster in `engines`
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=16))]
    pub(crate) nodes: u32,
    /// Give up once nothing has arrived for this many seconds
    #[arg(long, default_value_t = 30)]
    pub(crate) patience: u64,
}

/// One invocation of `compare`.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) relay: PathBuf,
    epoch: Epoch,
    template: Template,
}

/// How much to publish, and how fast.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) messages: u64,
    pub(crate) rate: Option<f64>,
    pub(crate) connections: usize,
}

impl Pace {
    /// A part of it that is sent before, uncounted, to open connections and warm caches.
    pub(crate) fn warm_up(self) -> Self {
        Self { messages: self.messages.div_ceil(WARM_UP), ..self }
    }
}

impl Bench {
    pub(crate) fn new(options: Options) -> anyhow::Result<Self> {
        let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("relay"));
        let relay = options.relay.clone().map_or_else(beside, Ok)?;
        let template = Template::new(Template::PUBLISH, options.pad)?;
        Ok(Self { options, relay, epoch: Epoch::start(), template })
    }

    /// As many messages as one run has, as fast as they are taken.
    pub(crate) fn full_speed(&self) -> Pace {
        Pace { messages: self.options.messages, rate: None, connections: self.connections() }
    }

    /// The number of publishing connections, where it is not what is measured.
    pub(crate) fn connections(&self) -> usize {
        self.options.connections.first().copied().unwrap_or(1)
    }

    /// A rate, for as many seconds as one run has.
    pub(crate) fn steady(&self, rate: f64) -> Pace {
        let messages = ((rate * self.options.seconds as f64) as u64).max(1);
        Pace { messages, rate: Some(rate), connections: self.connections() }
    }

    /// A receiver on a port of its own.
    pub(crate) async fn receiver(&self, rules: Rules) -> anyhow::Result<Receiver> {
        let receiver = Receiver::start(Loopback::any_port(), rules, self.epoch).await;
        receiver.context("cannot start a receiver")
    }

    /// A receiver that answers at once and insists on our signature.
    pub(crate) async fn strict_receiver(&self) -> anyhow::Result<Receiver> {
        let secret = Some(SECRET.parse().expect("the constant is a secret"));
        self.receiver(Rules { secret, ..Rules::default() }).await
    }

    /// One run of load. An error unless everything was accepted and has arrived: a figure with losses is
    /// none.
    pub(crate) async fn load(
        &self,
        aims: Vec<Aim>,
        headers: &[(HeaderName, HeaderValue)],
        pace: Pace,
        receiver: &Receiver,
    ) -> anyhow::Result<Report> {
        self.load_over(aims, &[], headers, pace, receiver).await
    }

    /// The same over several addresses: that of the aims, and these.
    pub(crate) async fn load_over(
        &self,
        aims: Vec<Aim>,
        others: &[Loopback],
        headers: &[(HeaderName, HeaderValue)],
        pace: Pace,
        receiver: &Receiver,
    ) -> anyhow::Result<Report> {
        let plan = Plan::new(aims, headers, self.template.clone())?;
        self.run(others.iter().fold(plan, |plan, other| plan.also_at(*other)), pace, receiver).await
    }

    /// The same as a provider: events that are signed with `secret`, without a key.
    pub(crate) async fn events(
        &self,
        source: Aim,
        secret: &str,
        pace: Pace,
        receiver: &Receiver,
    ) -> anyhow::Result<Report> {
        let mut plan = Plan::new(vec![source], &[], Template::new(Template::EVENT, self.options.pad)?)?;
        plan.secret = Some(BodySecret::new(secret));
        self.run(plan, pace, receiver).await
    }

    async fn run(&self, mut plan: Plan, pace: Pace, receiver: &Receiver) -> anyhow::Result<Report> {
        plan.messages = pace.messages;
        plan.connections = pace.connections;
        plan.rate = pace.rate;
        let patience = Duration::from_secs(self.options.patience);
        let report = measure::run(plan.check()?, receiver, self.epoch, patience).await?;
        ensure!(report.complete(), "not everything was accepted and delivered:\n{report}");
        Ok(report)
    }
}
