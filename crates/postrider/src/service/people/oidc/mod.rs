//! Signing in with an identity provider: the way there, and what follows from its answer.
//!
//! The rules are those of [`postrider_core::oidc`]; [`fetch`](self) asks the provider through a guarded client of its own.
//! A person is known by the provider's subject. The first time, one who was invited is recognised by an address that the
//! provider has verified; one whom nobody invited is let in, or not, by the operator's rules.

mod admit;
mod fetch;

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use postrider_core::oidc::id_token::Expected;
use postrider_core::oidc::{Admission, Flow, Refused, id_token};
use postrider_core::session::Ticket;
use postrider_egress::{Client as Egress, InvalidNat64, Policy, Settings as EgressSettings};
use postrider_store::Error as StoreError;
use zeroize::Zeroizing;

use super::sessions::{self, Client};
use crate::config::{Egress as EgressConfig, Oidc as Config};
use crate::context::Context;
use fetch::{Failed, Source};

/// Where the provider sends people back to, on this server.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

/// A provider, ready to be asked.
pub struct Oidc {
    settings: Settings,
    source: Source,
}

/// What the operator says of the provider.
struct Settings {
    issuer: String,
    client_id: String,
    client_secret: Option<Zeroizing<String>>,
    scopes: Vec<String>,
    name: String,
    admission: Admission,
}

/// The way to the provider.
#[derive(Debug)]
pub struct Way {
    /// Where the browser is sent.
    pub url: String,
    /// What it keeps until it comes back.
    pub cookie: Zeroizing<String>,
}

/// What the provider's answer said, in the address that the browser came back to.
#[derive(Debug, Default)]
pub struct Answer {
    /// Which question it answers.
    pub state: String,
    /// What can be exchanged for a token; empty where the provider refused.
    pub code: String,
    /// Who answers, where the provider says so (RFC 9207).
    pub issuer: Option<String>,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no provider.
    #[error("there is no identity provider here")]
    Off,
    /// The answer is not to a question of this browser, or comes too late.
    #[error("this answer is not to a question of this browser: begin anew")]
    Stray,
    /// The provider says that it did not sign the person in.
    #[error("the identity provider has not signed you in")]
    Denied,
    /// There were too many attempts from this network.
    #[error("too many attempts: try again in {} s", .retry_after.as_secs().max(1))]
    TooOften {
        /// After which time there may be another one.
        retry_after: Duration,
    },
    /// The provider cannot be asked, or does not answer as it should.
    #[error("the identity provider cannot be used now")]
    Provider(#[source] Failed),
    /// The provider's word is not good.
    #[error("the identity provider's answer is not valid")]
    Token(#[source] id_token::Invalid),
    /// The person is not let in.
    #[error("you have no access here: {0}")]
    Refused(#[source] Refused),
    /// They are disabled.
    #[error("your access has been disabled")]
    Disabled,
    /// There are as many people as there may be.
    #[error("there is no room for another person")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Oidc {
    /// The provider of the configuration; `None` when there is none. A configuration that was checked has all it takes.
    pub fn new(config: &Config, egress: &EgressConfig) -> Result<Option<Self>, InvalidNat64> {
        let (Some(issuer), Some(client_id)) = (config.issuer.clone(), config.client_id.clone()) else {
            return Ok(None);
        };
        let policy = Policy::new(EgressSettings {
            allow: [egress.allow.as_slice(), config.allow.as_slice(), own_host(&issuer).as_slice()].concat(),
            deny: egress.deny.clone(),
            https_only: issuer.starts_with("https://"),
            strict_ports: false,
            nat64: egress.nat64,
        })?;
        let secret = config.client_secret.as_ref();
        let settings = Settings {
            issuer,
            client_id,
            client_secret: secret.map(|secret| Zeroizing::new(secret.expose().to_owned())),
            scopes: config.scopes.clone(),
            name: config.name.clone(),
            admission: config.admission(),
        };
        Ok(Some(Self { source: Source::new(Egress::new(policy.clone()), policy), settings }))
    }

    /// What it is called on pages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }
}

/// A provider on this machine itself, which only an address of loopback can name without TLS.
fn own_host(issuer: &str) -> Option<IpNet> {
    let url = url::Url::parse(issuer).ok().filter(|url| url.scheme() == "http")?;
    let address: IpAddr = match url.host()? {
        url::Host::Ipv4(v4) => v4.into(),
        url::Host::Ipv6(v6) => v6.into(),
        url::Host::Domain(_) => return None,
    };
    address.is_loopback().then(|| address.into())
}

/// Begins to sign somebody in.
pub async fn begin(context: &Context) -> Result<Way, Error> {
    let Oidc { settings, source } = context.people.oidc().ok_or(Error::Off)?;
    let provider = source.provider(&settings.issuer, context.now()).await.map_err(Error::Provider)?;
    let flow = Flow::begin(&*context.rng);
    let back = format!("{}{CALLBACK}", context.public_url());
    let url = flow.authorization(&provider, &settings.client_id, &back, &settings.scopes);
    Ok(Way { url: url.into(), cookie: flow.as_cookie() })
}

/// Signs somebody in whom the provider has sent back.
pub async fn finish(
    context: &Context,
    cookie: &str,
    answer: Answer,
    client: &Client,
) -> Result<Ticket, Error> {
    let Oidc { settings, source } = context.people.oidc().ok_or(Error::Off)?;
    let flow =
        Flow::from_cookie(cookie).filter(|flow| flow.is_answered_by(&answer.state)).ok_or(Error::Stray)?;
    if answer.issuer.is_some_and(|issuer| issuer != settings.issuer) {
        return Err(Error::Stray);
    }
    if answer.code.is_empty() {
        return Err(Error::Denied);
    }
    let (attempts, now) = (&context.people.attempts, context.now());
    // Each makes this server ask the provider, whoever began it.
    let begun = attempts.begin_elsewhere(client.address, now);
    begun.map_err(|retry_after| Error::TooOften { retry_after })?;
    let provider = source.provider(&settings.issuer, now).await.map_err(Error::Provider)?;
    let back = format!("{}{CALLBACK}", context.public_url());
    let exchanged = source.exchange(&provider, settings, &answer.code, flow.verifier(), &back).await;
    let token = exchanged.map_err(Error::Provider)?;
    let (issuer, client_id) = (settings.issuer.as_str(), settings.client_id.as_str());
    let expected = Expected { issuer, client_id, nonce: flow.nonce(), now };
    let keys = source.keys(&provider, now, false).await.map_err(Error::Provider)?;
    let claims = match id_token::verify(&token, &keys, expected) {
        // Providers exchange their keys when they want.
        Err(id_token::Invalid::UnknownKey) => {
            let keys = source.keys(&provider, now, true).await.map_err(Error::Provider)?;
            id_token::verify(&token, &keys, expected)
        }
        other => other,
    };
    let claims = claims.map_err(Error::Token)?;
    let person = admit::person(context, &settings.admission, &claims, client).await?;
    let ticket = sessions::begin(context, &person, client).await?.ok_or(Error::Disabled)?;
    attempts.succeeded_elsewhere(client.address, context.now());
    Ok(ticket)
}
