//! One request to a program here, and what it answers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::sign::Signer;
use postrider_core::time::Timestamp;
use postrider_egress::{Client, Request, Target};

use super::events::Heard;
use super::target::policy;

/// How long a program here may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// The same where a provider waits for the answer: less than the server waits.
const AWAITED: Duration = Duration::from_secs(7);
/// What a signature stands in.
const SIGNATURE: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Sends requests to targets.
pub(super) struct Forwarder {
    client: Client,
    signing: Option<SigningKeys>,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) url: String,
    pub(super) ms: u64,
    /// The answer, or why there is none.
    pub(super) outcome: Result<Answer, String>,
}

/// An answer of a program here.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Forwarder {
    pub(super) fn new(allow_remote: bool, signing: Option<SigningKey>) -> Self {
        Self { client: Client::new(policy(allow_remote)), signing: signing.map(SigningKeys::new) }
    }

    /// Sends a request with this body once. Redirects are answers like others.
    pub(super) async fn send(&self, heard: &Heard, body: Bytes, target: &Target, now: Timestamp) -> Sent {
        let method = Method::from_bytes(heard.method.as_bytes()).unwrap_or(Method::POST);
        let request = Request {
            partition: 0,
            target,
            headers: map(&self.headers(heard, &body, now)),
            body,
            deadline: if heard.awaited { AWAITED } else { DEADLINE },
        };
        let exchange = self.client.repeat(method, request).await;
        let ms = u64::try_from(exchange.timings.total.as_millis()).unwrap_or(u64::MAX);
        let outcome = exchange.result.map_err(|failure| failure.to_string()).map(|answer| Answer {
            status: answer.status,
            headers: pairs(&answer.headers),
            body: answer.body,
        });
        Sent { url: target.as_str().to_owned(), ms, outcome }
    }

    /// The headers that a request is sent with, but for those of the connection.
    pub(super) fn headers(&self, heard: &Heard, body: &[u8], now: Timestamp) -> Vec<(String, String)> {
        let mut headers = heard.headers.clone();
        if let Some(keys) = &self.signing {
            headers.retain(|(name, _)| !SIGNATURE.contains(&name.as_str()));
            let seconds = now.as_seconds();
            let signature = Signer::new(keys, now).signature(&heard.id, seconds, body);
            let values = [heard.id.clone(), seconds.to_string(), signature];
            headers.extend(SIGNATURE.iter().map(|name| (*name).to_owned()).zip(values));
        }
        headers
    }
}

impl Heard {
    /// The body, byte for byte as it came; `None` where it is no longer kept.
    pub(super) fn body(&self) -> Option<Bytes> {
        let coded = self.body_base64.as_deref()?;
        STANDARD.decode(coded).ok().map(Bytes::from)
    }
}

impl Sent {
    /// Whether the program here took it.
    pub(super) fn is_accepted(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status))
    }
}

/// Headers whose values are bytes, each the character of its number. What is no header is left out.
fn map(pairs: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let bytes: Option<Vec<u8>> = value.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
        let value = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value) {
            headers.append(name, value);
        }
    }
    headers
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
