//! Sends a request, and tells what came back.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use postrider_core::inbound::Draft;
use postrider_egress::{Client, Policy, Refused, Request, Settings, Target};
use serde::Serialize;

/// For one request, from the look-up of the name to the last byte of the answer: longer than any provider waits.
const DEADLINE: Duration = Duration::from_secs(30);
/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// What became of one request.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    /// The delivery's id.
    pub(super) id: String,
    /// The status; nothing where no answer came.
    pub(super) status: Option<u16>,
    /// The whole exchange, in milliseconds.
    pub(super) ms: u64,
    /// The beginning of the answer's body, or why there is none.
    pub(super) answer: String,
}

/// Sends to one target.
pub(super) struct Sender {
    client: Client,
    target: Target,
}

impl Sender {
    /// To `url`, which must be on this machine, public, or in one of the ranges `allow`.
    pub(super) fn new(url: &str, allow: &[IpNet]) -> Result<Self, Refused> {
        let loopback: [IpNet; 2] = [
            Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
            Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
        ];
        let allow = loopback.into_iter().chain(allow.iter().copied()).collect();
        let settings = Settings { allow, ..Settings::default() };
        let policy = Policy::new(settings).expect("no NAT64 prefix is set");
        let target = Target::parse(url, &policy)?;
        Ok(Self { client: Client::new(policy), target })
    }

    /// Where to, as it is in the request line.
    pub(super) fn url(&self) -> &str {
        self.target.as_str()
    }

    /// Sends once; never follows a redirect.
    pub(super) async fn send(&self, id: String, draft: Draft) -> Sent {
        let request = Request {
            partition: 0,
            target: &self.target,
            headers: headers(&draft),
            body: Bytes::from(draft.body),
            deadline: DEADLINE,
        };
        let exchange = self.client.send(request).await;
        let ms = u64::try_from(exchange.timings.total.as_millis()).unwrap_or(u64::MAX);
        match exchange.result {
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.body);
                let beginning = text.chars().take(SHOWN).collect();
                Sent { id, status: Some(answer.status), ms, answer: beginning }
            }
            Err(failure) => Sent { id, status: None, ms, answer: failure.to_string() },
        }
    }
}

impl Sent {
    /// Whether the receiver took it.
    pub(super) fn is_accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Names and values were checked when they were given, and those of samples and signatures are text.
fn headers(draft: &Draft) -> HeaderMap {
    let pairs = draft.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}
