//! The server, put together and taken apart: the only place that knows all parts.
//!
//! Two steps. [`open`] opens the data directory with the database and makes what the parts share; commands that need no
//! server stop there ([`Opened::local`]). [`Opened::start`] adds dispatch, upkeep and the listeners. Clock, randomness,
//! name resolution and the listener can be replaced, and nothing is global except logs and metrics: tests start many
//! servers in one process.

mod bootstrap;
pub(crate) mod control;
pub(crate) mod data_dir;
pub(crate) mod database;
mod descriptors;
mod error;
pub(crate) mod health;
pub mod local;
mod presets;
pub(crate) mod report;
mod roles;

use std::fs::File;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use postrider_core::id::EnvironmentId;
use postrider_core::key::Token;
use postrider_core::rng::{Rng, SystemRng};
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::time::{Clock, SystemClock};
use postrider_egress::{Builder, Client};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use data_dir::{CONTROL_SOCKET, SEAL_KEY_FILE};
pub use error::StartError;
pub use local::{Local, Reply};

use crate::bins;
use crate::config::{self, Config};
use crate::context::{Context, Limits, Parts};
use crate::directory::Directory;
use crate::dispatch::exec::Commands;
use crate::dispatch::lanes::Inbox;
use crate::dispatch::{self, Dispatch, Lanes};
use crate::inlet;
use crate::intake::Rates;
use crate::relay;
use crate::server::{self, Server};
use crate::service::bins::{self as bin_service, Bins};
use crate::service::catalog::{self, Catalog};
use crate::service::keyring::Keyring;
use crate::service::listen::Listeners;
use crate::service::memory::Memory;
use crate::service::people::oidc::Oidc;
use crate::service::people::{People, links};
use crate::service::relay::{self as relay_service, Relay};
use crate::service::sources::{Inlets, Keys, Refusals};
use crate::telemetry::metrics;
use crate::telemetry::requests::Counting;
use crate::ui::docs::Docs;
use crate::upkeep::Upkeep;
use crate::watch;
use database::Database;
use health::Health;

/// The part of the grace period that requests under way may take.
const REQUESTS_GRACE: Duration = Duration::from_secs(10);
/// How often to look whether this node is out of the cluster.
const LOOK_FOR_OUT: Duration = Duration::from_millis(250);
/// The part of the grace period that deliveries under way may take.
const DELIVERIES_GRACE: Duration = Duration::from_secs(20);

/// Parts that can be replaced. The default is what `postrider serve` runs with.
pub struct Overrides {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// A listener to use instead of binding `listen`.
    pub listener: Option<TcpListener>,
    /// Changes to the client that deliveries are sent with, such as another resolver or other root certificates.
    pub egress: Box<dyn FnOnce(Builder) -> Builder + Send>,
    /// Request bins under any name and without a key, for development, whatever `bins.enabled` says.
    pub bins: bool,
    /// Answer only to this machine's own names and the address that is listened on: for development, where not
    /// everything needs a key.
    pub own_names_only: bool,
}

impl Default for Overrides {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            rng: Arc::new(SystemRng::new()),
            listener: None,
            egress: Box::new(|builder| builder),
            bins: false,
            own_names_only: false,
        }
    }
}

/// An open data directory, with nothing running yet.
pub struct Opened {
    /// What the parts share.
    pub context: Context,
    /// The environment that keys of the operator belong to.
    pub environment: EnvironmentId,
    config: Config,
    database: database::About,
    lock: Option<File>,
    inbox: Inbox,
    client: Arc<Client>,
    listener: Option<TcpListener>,
    own_names_only: bool,
}

/// A running server. Dropping it without [`Running::stop`] leaves it running.
pub struct Running {
    /// Where the API is served.
    pub address: SocketAddr,
    /// What the parts share.
    pub context: Context,
    /// The environment that `key` belongs to.
    pub environment: EnvironmentId,
    /// The API key that this start made, because there was none: nobody can read it again.
    pub first_key: Option<Token>,
    /// The link with which the first admin introduces themselves; there is one at each start until they have.
    pub first_link: Option<links::Issued>,
    api: Router,
    config: Config,
    health: Arc<Health>,
    server: Server,
    sending: Option<(Dispatch, Upkeep)>,
    watching: CancellationToken,
    folding: JoinHandle<()>,
    /// Given back when the rest has stopped.
    _lock: Option<File>,
}

/// Opens the data directory and starts serving.
pub async fn start(config: Config, overrides: Overrides) -> Result<Running, StartError> {
    open(config, overrides).await?.start().await
}

/// Opens the data directory and the database, and makes both on the first start. Fails when another process holds the
/// directory.
pub async fn open(config: Config, overrides: Overrides) -> Result<Opened, StartError> {
    let Overrides { clock, rng, listener, egress, bins, own_names_only } = overrides;
    let policy = config.egress.policy()?;
    let presets = presets::read(config.general.presets.as_deref())?;
    let Database { store, ids, about: database, links, lock } = database::open(&config, &rng).await?;
    let idle = descriptors::idle_connections(descriptors::raise(), config.dispatch.concurrency);
    let connections = postrider_egress::Limits { per_host: config.egress.host_connections, ..idle };
    let client = Arc::new(egress(Client::builder(policy.clone()).limits(connections)).build());
    let policy = Arc::new(policy);
    let (lanes, inbox) = Lanes::prepare(&dispatch_config(&config), Arc::clone(store.cluster()));
    let bins =
        Bins::new(bin_settings(&config, bins), Arc::clone(&clock), Arc::clone(&rng), Arc::clone(&client));
    let context = Arc::new(Parts {
        bins,
        directory: Directory::new(Arc::clone(&store), Arc::clone(&policy)),
        keyring: Keyring::new(Arc::clone(&store)),
        people: People::new(Oidc::new(&config.oidc, &config.egress)?),
        inlets: Inlets::new(Arc::clone(&store), Arc::clone(&presets)),
        keys: Keys::new(Arc::clone(&client), Arc::clone(&policy)),
        links,
        presets,
        refusals: Refusals::default(),
        tasks: tokio::sync::Notify::new(),
        turns: crate::service::turns::Turns::default(),
        rates: Rates::new(NonZeroU32::new(config.limits.app_messages_per_second)),
        memory: Memory::new(config.server.body_memory.len()),
        limits: Limits {
            body_bytes: config.limits.body.len(),
            requests: config.limits.requests,
            receive_bytes: config.limits.receive_body.len(),
        },
        listeners: Listeners::default(),
        relay: Relay::new(relay_mode(&config, own_names_only), Arc::clone(&clock), Arc::clone(&rng)),
        schedules: tokio::sync::Notify::new(),
        address: std::sync::OnceLock::new(),
        store,
        clock,
        rng,
        ids,
        policy,
        lanes,
        commands: Commands::new(&config.exec),
    });
    let environment = bootstrap::environment(&context).await?;
    Ok(Opened { context, environment, config, database, lock, inbox, client, listener, own_names_only })
}

/// Bins as the configuration has them, or open to everybody.
fn bin_settings(config: &Config, are_open: bool) -> bin_service::Settings {
    let config::Bins { enabled, max, requests, memory, body, max_age, any_content_type } = config.bins;
    let mode = match (are_open, enabled) {
        (true, _) => bin_service::Mode::Open,
        (_, true) => bin_service::Mode::Keyed,
        _ => bin_service::Mode::Off,
    };
    bin_service::Settings {
        mode,
        bins: max,
        requests,
        bytes: memory.len(),
        body_bytes: body.len(),
        max_age,
        any_content_type,
    }
}

/// The catalogue of event types, if the configuration has one.
fn catalog(context: &Context, config: &Config, environment: EnvironmentId) -> Option<Catalog> {
    let config::Docs { events, environment: named, title, intro, addresses } = config.docs.clone();
    let settings =
        catalog::Settings { environment: named, title, intro, addresses, timeout: config.dispatch.timeout };
    (events == config::Readers::Public).then(|| Catalog::new(Arc::clone(context), settings, environment))
}

/// Relays as the configuration has them, under any name in development.
fn relay_mode(config: &Config, is_development: bool) -> relay_service::Mode {
    match (config.relay.enabled, is_development) {
        (false, _) => relay_service::Mode::Off,
        (true, false) => relay_service::Mode::Guarded,
        (true, true) => relay_service::Mode::Open,
    }
}

fn dispatch_config(config: &Config) -> dispatch::Config {
    dispatch::Config {
        concurrency: config.dispatch.concurrency,
        endpoint_concurrency: config.dispatch.endpoint_concurrency,
        timeout: config.dispatch.timeout,
        memory_bytes: config.dispatch.memory.len(),
        breaker_failures: config.dispatch.breaker_failures,
    }
}

impl Opened {
    /// The API inside this process, for `identity`. Nothing is sent before [`Opened::start`]. Links lead to where the
    /// configuration has the server.
    #[must_use]
    pub fn local(&self, identity: Identity) -> Local {
        let general = &self.config.general;
        let reached = general.public_url.clone().unwrap_or_else(|| format!("http://{}", general.listen));
        self.context.address.set(reached.trim_end_matches('/').to_owned()).ok();
        Local::new(crate::api::router(Arc::clone(&self.context)), identity)
    }

    /// Closes the data directory again.
    pub async fn close(self) -> Result<(), StartError> {
        Ok(self.context.store.close().await?)
    }

    /// Starts dispatch, upkeep and the listeners.
    pub async fn start(self) -> Result<Running, StartError> {
        let Self { context, environment, config, database, lock, inbox, client, listener, own_names_only } =
            self;
        // First of all, so that a port in use is told before anything is sent; clients wait in the listen queue.
        let listener = match listener {
            Some(listener) => listener,
            None => listen(config.general.listen).await?,
        };
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { address: config.general.listen, source })?;
        let reached = config.general.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        context.address.set(reached.trim_end_matches('/').to_owned()).ok();
        let first_key = bootstrap::keys(&context, environment, config.general.bootstrap_key.as_ref()).await?;
        let first_link = if config.node.roles.api { links::for_first(&context).await? } else { None };

        // Before anything that counts: what is counted without a recorder is lost, for ever where the counter is kept.
        let metrics = metrics::install();
        let watching = CancellationToken::new();
        watch::start(&context, watching.clone());
        let sending = roles::start_sending(&context, inbox, client, &config).await?;
        let folding = tokio::spawn(metrics.clone().fold());
        let pulse = sending.as_ref().map(|(dispatch, _)| dispatch.pulse());
        let health = Health::new(Arc::clone(&context), &config, pulse, database.clone(), metrics);

        let api = crate::api::router(Arc::clone(&context));
        let about_us = health::router(Arc::clone(&health));
        let mut whole = api.clone().merge(about_us.clone()).merge(inlet::router(Arc::clone(&context)));
        whole = whole.merge(crate::ui::router(&context, Arc::clone(&health), &config));
        whole = whole.merge(crate::ui::portal::router(Arc::clone(&context), &config.portal.origins));
        if context.bins.settings().mode != bin_service::Mode::Off {
            whole = whole.merge(bins::router(Arc::clone(&context)));
        }
        let docs =
            Docs::new(catalog(&context, &config, environment), crate::api::openapi, context.public_url());
        whole = whole.merge(crate::ui::docs::router(docs));
        if context.relay.is_on() {
            whole = whole.merge(relay::router(Arc::clone(&context)));
        }
        let router = if config.node.roles.api { whole.clone() } else { about_us.fallback(roles::no_api) };
        let router = router.layer(Counting::default());
        let server = Server::new(config.server.clone());
        let about = control::About::of_this(address, database);
        control::serve(&server, whole.layer(Counting::default()), &context, &config.general.data_dir, about);
        let router = if own_names_only { server::own_names_only(router, address) } else { router };
        server.serve(listener, router);
        if health::metrics_are_open(&config, address) {
            tracing::warn!("{}", health::OPEN_METRICS);
        }
        let roles = config.node.roles.names().join(",");
        tracing::info!(%address, data_dir = %config.general.data_dir.display(), roles, "serving");
        Ok(Running {
            address,
            context,
            environment,
            first_key,
            first_link,
            api,
            config,
            health,
            server,
            sending,
            watching,
            folding,
            _lock: lock,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

impl Running {
    /// The address of the API as a URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The API inside this process, for `identity`.
    #[must_use]
    pub fn local(&self, identity: Identity) -> Local {
        Local::new(self.api.clone(), identity)
    }

    /// Waits until this node is out of the cluster, and says why: it was taken for dead, and others have what it had.
    /// Only a start as a new node helps. Does not end on a database of its own.
    pub async fn out(&self) -> postrider_store::Error {
        let store = &self.context.store;
        loop {
            tokio::time::sleep(LOOK_FOR_OUT).await;
            if store.cluster().is_shared() && store.health() == postrider_store::Health::Broken {
                let told = store.settle(SystemScope::assume(), Arc::default(), Vec::new()).await;
                return told.err().unwrap_or(postrider_store::Error::Closed);
            }
        }
    }

    /// Stops within the grace period: no new requests, then requests under way, then deliveries under way, then the
    /// database. What is not sent by then stays for the next start.
    pub async fn stop(self) -> Result<(), StartError> {
        let end = Instant::now() + self.config.server.shutdown_grace;
        let left = |most: Duration| most.min(end.saturating_duration_since(Instant::now()));
        self.health.drain();
        self.context.listeners.stop();
        self.context.bins.close();
        if !self.server.drain(left(REQUESTS_GRACE)).await {
            tracing::warn!("requests were still under way at the end of their grace period");
        }
        if let Some((dispatch, upkeep)) = self.sending {
            dispatch.drain(left(DELIVERIES_GRACE)).await;
            upkeep.stop().await;
        }
        self.watching.cancel();
        self.folding.abort();
        let closed = self.context.store.close().await;
        control::remove(&self.config.general.data_dir);
        closed?;
        tracing::info!("stopped");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
