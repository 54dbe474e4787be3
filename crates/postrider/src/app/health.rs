//! Whether the server lives, whether it takes messages, and its metrics.
//!
//! `/livez` fails when only a restart can help; `/readyz` when messages should go elsewhere for now. The difference
//! matters: a full disk must not make an orchestrator restart the server in a circle.
//!
//! A node that may not send, because the others may take it for dead, stays ready as long as the store takes messages:
//! whoever may send will send them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use postrider_core::key::TokenHash;
use postrider_core::scope::Identity;
use postrider_core::time::Timestamp;
use postrider_store::Health as StoreHealth;

use super::database;
use super::report::{Checked, Cluster, Lag, Report};
use crate::config::Config;
use crate::context::Context;
use crate::dispatch::Pulse;
use crate::telemetry::metrics::Metrics;

/// What is wrong with [open metrics](metrics_are_open), and what mends it.
pub(crate) const OPEN_METRICS: &str = "everybody who reaches the address of the API can read /metrics: set metrics.token, or listen on loopback only";

/// The dispatcher goes around once a second; one that has not for this long is stuck.
const BEAT_MAX: Duration = Duration::from_secs(30);

/// What is asked for an answer.
pub(crate) struct Health {
    context: Context,
    pulse: Option<Arc<Pulse>>,
    roles: Vec<String>,
    database: database::About,
    draining: AtomicBool,
    started_at: Timestamp,
    metrics: Metrics,
    metrics_token: Option<TokenHash>,
}

/// One thing that was looked at, and what is wrong with it.
struct Check {
    name: &'static str,
    trouble: Option<&'static str>,
}

impl Health {
    /// Watches a server whose dispatcher, if it has one, has this `pulse`.
    pub(crate) fn new(
        context: Context,
        config: &Config,
        pulse: Option<Arc<Pulse>>,
        database: database::About,
        metrics: Metrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            started_at: context.now(),
            context,
            pulse,
            roles: config.node.roles.names().into_iter().map(str::to_owned).collect(),
            database,
            draining: AtomicBool::new(false),
            metrics,
            metrics_token: config.metrics.token.as_ref().map(|token| TokenHash::of(token.expose())),
        })
    }

    /// From now on the server is not ready.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    fn live(&self) -> Vec<Check> {
        let is_late = |pulse: &Arc<Pulse>| self.context.now().since(pulse.went_around_at()) > BEAT_MAX;
        let is_stuck = self.pulse.as_ref().is_some_and(is_late) && !self.draining.load(Ordering::Acquire);
        let is_broken = self.context.store.health() == StoreHealth::Broken;
        vec![
            Check {
                name: "dispatch",
                trouble: is_stuck.then_some("the dispatcher has stopped going around"),
            },
            Check {
                name: "store",
                trouble: is_broken.then_some("a write could not be made durable; only a restart helps"),
            },
        ]
    }

    /// How the server is, and what it works with.
    pub(crate) fn report(&self) -> Report {
        let checks = self.ready();
        let told = |Check { name, trouble }: &Check| Checked {
            name: (*name).to_owned(),
            trouble: trouble.map(str::to_owned),
        };
        Report {
            ready: is_well(&checks),
            checks: checks.iter().map(told).collect(),
            roles: self.roles.clone(),
            database: self.database.clone(),
            lag: self.pulse.as_ref().map(|pulse| Lag::of(pulse, self.context.now())),
            cluster: Cluster::of(self.context.store.cluster()),
        }
    }

    /// Whether who asks like this may see what goes on inside.
    fn may_look_inside(&self, identity: Option<&Identity>, headers: &HeaderMap) -> bool {
        let bearer =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        // Hashes are compared, so that the time it takes says nothing about the token.
        let has_token = |token| bearer.is_some_and(|text| TokenHash::of(text) == token);
        // Nobody but who holds the data directory comes as the instance before a key was read.
        identity.is_some_and(|identity| identity.instance().is_ok())
            || self.metrics_token.is_none_or(has_token)
    }

    fn ready(&self) -> Vec<Check> {
        let draining = self.draining.load(Ordering::Acquire).then_some("the server is stopping");
        let store = match self.context.store.health() {
            StoreHealth::Ready => None,
            StoreHealth::Full => Some("the disk is nearly full: messages are refused"),
            StoreHealth::Broken => Some("a write could not be made durable; only a restart helps"),
        };
        vec![Check { name: "accepting", trouble: draining }, Check { name: "store", trouble: store }]
    }
}

/// Whether a server at `address` shows its metrics to other machines without asking for a token.
pub(crate) fn metrics_are_open(config: &Config, address: SocketAddr) -> bool {
    config.metrics.token.is_none() && !address.ip().to_canonical().is_loopback()
}

/// `/livez`, `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router(health: Arc<Health>) -> Router {
    let live = |State(health): State<Arc<Health>>, RawQuery(query): RawQuery| async move {
        report(&health.live(), query.as_deref())
    };
    Router::new()
        .route("/livez", get(live))
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

fn is_well(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.trouble.is_none())
}

fn is_verbose(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("verbose")))
}

fn status(is_well: bool) -> StatusCode {
    if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// 200 when nothing is wrong, else 503 with what is. `?verbose` lists everything that was looked at.
fn report(checks: &[Check], query: Option<&str>) -> Response {
    let (is_verbose, is_well) = (is_verbose(query), is_well(checks));
    let mut text = String::new();
    for Check { name, trouble } in checks {
        match trouble {
            Some(trouble) => writeln!(text, "[-] {name}: {trouble}").expect("a string takes every write"),
            None if is_verbose => writeln!(text, "[+] {name}").expect("a string takes every write"),
            None => {}
        }
    }
    if is_well {
        text.push_str("ok\n");
    }
    (status(is_well), [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], text)
        .into_response()
}

/// As [`report`]; `?verbose` tells all about the server, as JSON, to those who may read the metrics.
async fn ready(
    State(health): State<Arc<Health>>,
    RawQuery(query): RawQuery,
    identity: Option<Extension<Identity>>,
    headers: HeaderMap,
) -> Response {
    if !is_verbose(query.as_deref()) {
        return report(&health.ready(), None);
    }
    if !health.may_look_inside(identity.as_deref(), &headers) {
        return (StatusCode::UNAUTHORIZED, "`?verbose` needs `Authorization: Bearer` with metrics.token\n")
            .into_response();
    }
    let report = health.report();
    (status(report.ready), [(CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

async fn metrics(
    State(health): State<Arc<Health>>,
    identity: Option<Extension<Identity>>,
    headers: HeaderMap,
) -> Response {
    if !health.may_look_inside(identity.as_deref(), &headers) {
        return (StatusCode::UNAUTHORIZED, "the metrics need `Authorization: Bearer` with metrics.token\n")
            .into_response();
    }
    if let Some(cluster) = Cluster::of(health.context.store.cluster()) {
        cluster.record();
    }
    let uptime = health.context.now().since(health.started_at);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], health.metrics.render(uptime))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_open_without_a_token_and_beyond_loopback() {
        let mut config = Config::default();
        let mut are_open = |address: &str, token: Option<&str>| {
            config.metrics.token = token.map(|token| token.to_owned().into());
            metrics_are_open(&config, address.parse().unwrap())
        };
        for address in ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(!are_open(address, None), "{address}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[2001:db8::1]:1"] {
            assert!(are_open(address, None), "{address}");
            assert!(!are_open(address, Some("secret")), "{address}");
        }
    }

    #[test]
    fn trouble_is_told_always_and_the_rest_when_asked() {
        let well = || Check { name: "store", trouble: None };
        let ill = || Check { name: "accepting", trouble: Some("the server is stopping") };
        assert_eq!(report(&[well()], None).status(), StatusCode::OK);
        assert_eq!(report(&[well(), ill()], None).status(), StatusCode::SERVICE_UNAVAILABLE);
        for (query, is_verbose) in
            [(None, false), (Some("verbose"), true), (Some("a=b&verbose=1"), true), (Some("verbos"), false)]
        {
            let length = report(&[well()], query).headers().len();
            assert_eq!(length, 2);
            let body = report(&[well()], query).into_body();
            let size = http_body::Body::size_hint(&body).exact().unwrap();
            assert_eq!(size > 3, is_verbose, "{query:?}");
        }
    }
}
