//! Values that can be read but not be used, one rule a line.

use std::time::Duration;

use postrider_core::key::Token;
use postrider_core::limits::ATTEMPT_TIMEOUT_MAX;
use postrider_core::role::Role;
use postrider_store::seal::SealKey;

use super::{Config, Database, Roles, portal};

/// Whether paths can be put behind it.
fn is_public_url(text: &str) -> bool {
    let is_http = |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_bare =
        |url: &url::Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    text.parse::<url::Url>().is_ok_and(|url| is_http(&url) && is_bare(&url))
}

/// Whether it can name an identity provider. Without TLS, only one on this very machine: whoever is on the way could
/// speak for it.
fn is_issuer(text: &str) -> bool {
    let is_own = |url: &url::Url| match url.host() {
        Some(url::Host::Ipv4(v4)) => v4.is_loopback(),
        Some(url::Host::Ipv6(v6)) => v6.is_loopback(),
        Some(url::Host::Domain(_)) | None => false,
    };
    let is_safe = |url: url::Url| url.scheme() == "https" || is_own(&url);
    is_public_url(text) && text.parse().is_ok_and(is_safe)
}

/// The keys with unusable values, and why.
pub(super) fn check(config: &Config) -> Vec<(&'static str, String)> {
    let Config { general, server, egress, dispatch, limits, bins, oidc, log, .. } = config;
    let second = Duration::from_secs(1);
    let rules = [
        (server.max_connections > 0, "server.max_connections", "must be above 0"),
        (server.header_timeout >= second, "server.header_timeout", "must be at least 1s"),
        (server.idle_timeout >= second, "server.idle_timeout", "must be at least 1s"),
        (server.shutdown_grace >= second, "server.shutdown_grace", "must be at least 1s"),
        (config.store.queue_bytes.bytes() >= 1024 * 1024, "store.queue_bytes", "must be at least 1MiB"),
        (
            config.store.password.is_none() || config.store.password_file.is_none(),
            "store.password",
            "must not be set beside store.password_file",
        ),
        ((1..=1_000).contains(&config.store.connections), "store.connections", "must be from 1 to 1000"),
        (
            config.store.audit_retention >= Duration::from_secs(24 * 3600),
            "store.audit_retention",
            "must be at least 1d",
        ),
        (
            config.store.analytics_retention >= Duration::from_secs(3 * 24 * 3600),
            "store.analytics_retention",
            "must be at least 3d",
        ),
        ((1..=64).contains(&config.store.writers), "store.writers", "must be from 1 to 64"),
        (
            config.node.roles == Roles::ALL || matches!(config.store.database, Database::Postgres(_)),
            "node.roles",
            "must be api and dispatch with SQLite, which only one server can use",
        ),
        ((1..=100_000).contains(&dispatch.concurrency), "dispatch.concurrency", "must be from 1 to 100000"),
        (
            (1..=dispatch.concurrency.max(1)).contains(&dispatch.endpoint_concurrency),
            "dispatch.endpoint_concurrency",
            "must be from 1 to dispatch.concurrency",
        ),
        (
            (second..=ATTEMPT_TIMEOUT_MAX).contains(&dispatch.timeout),
            "dispatch.timeout",
            "must be from 1s to 1m",
        ),
        (dispatch.memory.bytes() >= 1024 * 1024, "dispatch.memory", "must be at least 1MiB"),
        (dispatch.breaker_failures > 0, "dispatch.breaker_failures", "must be above 0"),
        (
            (1024..=256 * 1024 * 1024).contains(&limits.body.bytes()),
            "limits.body",
            "must be from 1KiB to 256MiB",
        ),
        (
            server.body_memory.bytes() / 2 >= limits.body.bytes(),
            "server.body_memory",
            "must be at least twice limits.body",
        ),
        (
            (1024..=256 * 1024 * 1024).contains(&limits.receive_body.bytes()),
            "limits.receive_body",
            "must be from 1KiB to 256MiB",
        ),
        (
            general.public_url.as_deref().is_none_or(is_public_url),
            "public_url",
            "must be a URL such as https://hooks.example.com, without a query",
        ),
        (
            limits.app_messages_per_second <= 1_000_000,
            "limits.app_messages_per_second",
            "must be at most 1000000",
        ),
        (limits.requests > 0, "limits.requests", "must be above 0"),
        ((1..=100_000).contains(&bins.max), "bins.max", "must be from 1 to 100000"),
        ((1..=10_000).contains(&bins.requests), "bins.requests", "must be from 1 to 10000"),
        ((1024..=16 * 1024 * 1024).contains(&bins.body.bytes()), "bins.body", "must be from 1KiB to 16MiB"),
        (bins.memory.bytes() / 2 >= bins.body.bytes(), "bins.memory", "must be at least twice bins.body"),
        (
            (Duration::from_secs(60)..=Duration::from_secs(30 * 24 * 3600)).contains(&bins.max_age),
            "bins.max_age",
            "must be from 1m to 30d",
        ),
        (
            oidc.issuer.as_deref().is_none_or(is_issuer),
            "sign_in.oidc.issuer",
            "must be a URL such as https://id.example.com, without a query; http only for an address of loopback",
        ),
        (
            oidc.issuer.is_none() || oidc.client_id.as_ref().is_some_and(|id| !id.is_empty()),
            "sign_in.oidc.client_id",
            "must be set beside sign_in.oidc.issuer",
        ),
        (oidc.scopes.iter().any(|scope| scope == "openid"), "sign_in.oidc.scopes", "must have openid"),
        (
            oidc.domain_role == "none" || Role::named(&oidc.domain_role).is_some(),
            "sign_in.oidc.domain_role",
            "must be viewer, operator, admin or none",
        ),
        (
            config.portal.origins.len() <= portal::MOST
                && config.portal.origins.iter().all(|origin| portal::is_origin(origin)),
            "portal.origins",
            "must be a list of at most 100 sites such as https://app.example.com, without a path",
        ),
        (
            general.bootstrap_key.as_ref().is_none_or(|key| Token::from_operator(key.expose()).is_ok()),
            "bootstrap_key",
            "must have 24 to 128 characters of A-Z, a-z, 0-9, - and _",
        ),
        (
            general.seal_key.as_ref().is_none_or(|key| SealKey::parse(key.expose()).is_ok()),
            "seal_key",
            "must be 32 bytes, as 64 hexadecimal digits or Base64",
        ),
        (
            tracing_subscriber::EnvFilter::try_new(&log.level).is_ok(),
            "log.level",
            "is not a level or filter, such as info or info,postrider=debug",
        ),
        (egress.policy().is_ok(), "egress.nat64", "must have a prefix length of 32, 40, 48, 56, 64 or 96"),
    ];
    rules.into_iter().filter(|(holds, ..)| !holds).map(|(_, key, what)| (key, what.to_owned())).collect()
}
