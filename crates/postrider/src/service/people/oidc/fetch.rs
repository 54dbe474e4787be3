//! Asking the provider: its description, its keys, and a token for a code.
//!
//! What is published is kept for an hour, and of each only one fetch is under way. Keys are fetched anew when a token
//! names one that is not among them, at most once a minute: anybody can name a key.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use postrider_core::oidc::{InvalidProvider, Provider};
use postrider_core::time::Timestamp;
use postrider_egress::{Client, Policy, Request, Target};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::Settings;

/// The longest that one question may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long what was fetched is kept.
const KEPT_FOR: Duration = Duration::from_secs(3_600);
/// How old keys must be to be fetched anew because they lack one.
const OUTGROWN_AFTER: Duration = Duration::from_secs(60);

/// Why the provider did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It cannot be reached, or may not be.
    #[error("{0}")]
    Unreachable(String),
    /// It answers with something else than success.
    #[error("it answers {0}")]
    Status(u16),
    /// It describes itself in a way that cannot be used.
    #[error(transparent)]
    Description(#[from] InvalidProvider),
    /// It has no ID token for the code.
    #[error("it gives no ID token")]
    NoToken,
}

/// See the module's documentation.
pub(super) struct Source {
    client: Client,
    policy: Policy,
    provider: Mutex<Option<(Timestamp, Arc<Provider>)>>,
    keys: Mutex<Option<(Timestamp, Bytes)>>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Source {
    pub(super) fn new(client: Client, policy: Policy) -> Self {
        Self { client, policy, provider: Mutex::default(), keys: Mutex::default() }
    }

    /// The provider's description.
    pub(super) async fn provider(&self, issuer: &str, now: Timestamp) -> Result<Arc<Provider>, Failed> {
        let mut kept = self.provider.lock().await;
        if let Some((since, provider)) = kept.as_ref().filter(|(since, _)| now < since.after(KEPT_FOR)) {
            tracing::trace!(%since, "the provider's description is known");
            return Ok(Arc::clone(provider));
        }
        let description = self.get(&Provider::description_of(issuer)).await?;
        let provider = Arc::new(Provider::read(&description, issuer)?);
        *kept = Some((now, Arc::clone(&provider)));
        Ok(provider)
    }

    /// The provider's keys; fresh ones if those that are kept lack one.
    pub(super) async fn keys(
        &self,
        provider: &Provider,
        now: Timestamp,
        lacks_one: bool,
    ) -> Result<Bytes, Failed> {
        let mut kept = self.keys.lock().await;
        let good_for = if lacks_one { OUTGROWN_AFTER } else { KEPT_FOR };
        if let Some((_, keys)) = kept.as_ref().filter(|(since, _)| now < since.after(good_for)) {
            return Ok(keys.clone());
        }
        let keys = self.get(provider.jwks_uri.as_str()).await?;
        *kept = Some((now, keys.clone()));
        Ok(keys)
    }

    /// The ID token for a code.
    pub(super) async fn exchange(
        &self,
        provider: &Provider,
        settings: &Settings,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
    ) -> Result<String, Failed> {
        // The serialiser of forms cannot be kept across a wait.
        let (headers, body) = {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            let mut form = Serializer::new(String::new());
            form.append_pair("grant_type", "authorization_code")
                .append_pair("code", code)
                .append_pair("redirect_uri", redirect_uri)
                .append_pair("code_verifier", verifier);
            match settings.client_secret.as_deref() {
                Some(secret) if !provider.secret_in_body => {
                    headers.insert(AUTHORIZATION, basic(&settings.client_id, secret));
                }
                secret => {
                    form.append_pair("client_id", &settings.client_id);
                    if let Some(secret) = secret {
                        form.append_pair("client_secret", secret);
                    }
                }
            }
            (headers, Bytes::from(form.finish()))
        };
        let answer = self.ask(Method::POST, provider.token_endpoint.as_str(), headers, body).await?;
        let tokens: Tokens = serde_json::from_slice(&answer).map_err(|_| Failed::NoToken)?;
        Ok(tokens.id_token)
    }

    async fn get(&self, url: &str) -> Result<Bytes, Failed> {
        self.ask(Method::GET, url, HeaderMap::new(), Bytes::new()).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Bytes, Failed> {
        let target = Target::parse(url, &self.policy);
        let target = target.map_err(|refused| Failed::Unreachable(refused.to_string()))?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let request = Request { partition: 0, target: &target, headers, body, deadline: DEADLINE };
        let exchange = self.client.repeat(method, request).await;
        let answer = exchange.result.map_err(|failure| Failed::Unreachable(failure.to_string()))?;
        if answer.status == 200 { Ok(answer.body) } else { Err(Failed::Status(answer.status)) }
    }
}

/// A client's name and secret as RFC 6749 wants them in the header: each encoded like a field of a form.
fn basic(client_id: &str, secret: &str) -> HeaderValue {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), encode(secret)));
    let value = format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes()));
    let mut value = HeaderValue::try_from(value).expect("Base64 is what a header may have");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_with_odd_characters_are_encoded_before_they_are_joined() {
        let value = basic("post:rider", "s e+cret%");
        let text = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        assert_eq!(BASE64_STANDARD.decode(text).unwrap(), b"post%3Arider:s+e%2Bcret%25");
    }
}
