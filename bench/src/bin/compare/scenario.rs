//! What is measured, by name. Each scenario builds what it needs, and leaves nothing running.

mod dashboard;
mod dead;
mod engines;
mod fanout;
mod grown;
mod hang;
mod idle;
mod latency;
mod receive;
mod single;

use clap::ValueEnum;

use crate::{bench::Bench, sheet::Sheet};

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Scenario {
    /// One endpoint at full speed, beside the relay
    Single,
    /// One message to many endpoints
    Fanout,
    /// Time from publish to delivery at a tenth of the maximum rate
    Latency,
    /// Events of a provider to a source, verified and handed on, beside publishing
    Receive,
    /// Half of the traffic goes to an endpoint that answers after 20 s: the other half, beside calm
    Hang,
    /// A large backlog for a dead endpoint: memory and restart
    Dead,
    /// A large database: throughput beside an empty one, list pages
    Grown,
    /// The dashboard's pages with a million deliveries
    Dashboard,
    /// One endpoint at full speed on `SQLite`, and on PostgreSQL with one node and several; needs --database
    Engines,
    /// Memory and start of a server without work
    Idle,
}

impl Scenario {
    pub(crate) async fn run(self, bench: &Bench) -> anyhow::Result<Sheet> {
        match self {
            Self::Single => single::run(bench).await,
            Self::Fanout => fanout::run(bench).await,
            Self::Latency => latency::run(bench).await,
            Self::Receive => receive::run(bench).await,
            Self::Hang => hang::run(bench).await,
            Self::Dead => dead::run(bench).await,
            Self::Grown => grown::run(bench).await,
            Self::Dashboard => dashboard::run(bench).await,
            Self::Engines => engines::run(bench).await,
            Self::Idle => idle::run(bench).await,
        }
    }
}
