//! Sending a request of a bin on, with changes, to a place of the viewer's choice: through the egress guard.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use postrider_egress::{Policy, Refused, Request, Target, Timings};

use super::Bins;

/// Replays under way at once.
pub(super) const AT_ONCE: usize = 8;
/// Replays of one bin, and of all, within [`WITHIN`].
pub(super) const EACH: usize = 20;
pub(super) const ALL: usize = 120;
pub(super) const WITHIN: Duration = Duration::from_secs(60);
/// From looking up the name to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// Connections of replays are shared with nobody else's: partitions of applications are numbers of rows.
const PARTITION: u64 = u64::MAX;
/// Headers of a request.
const HEADERS: usize = 64;

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Order {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values; those that belong to the connection are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The address is not one that may be reached.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The method is none.
    #[error("the method has characters that no method has")]
    Method,
    /// A header is none.
    #[error("line {0} of the headers is not `Name: value`")]
    Header(usize),
    /// There are too many headers.
    #[error("there are more than {HEADERS} headers")]
    Headers,
    /// Too many were sent.
    #[error("too many replays: try again in {} s", .0.as_secs() + 1)]
    TooMany(Duration),
}

/// What came of it.
#[derive(Debug)]
pub struct Replayed {
    /// Where it went.
    pub url: String,
    /// The answer, or why there is none, as a sentence.
    pub result: Result<Answered, String>,
    /// How long each phase took.
    pub timings: Timings,
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, Bytes)>,
    /// The first 64 KiB.
    pub body: Bytes,
}

/// Sends a request for a viewer of the bin `name`.
pub async fn replay(bins: &Bins, policy: &Policy, name: &str, order: Order) -> Result<Replayed, ReplayError> {
    let target = Target::parse(&order.url, policy)?;
    let method = Method::from_bytes(order.method.as_bytes()).map_err(|_| ReplayError::Method)?;
    let headers = headers(&order.headers)?;
    let _place = bins.0.replays.try_acquire().map_err(|_| ReplayError::TooMany(Duration::ZERO))?;
    bins.take_replay(name).map_err(ReplayError::TooMany)?;
    let request =
        Request { partition: PARTITION, target: &target, headers, body: order.body, deadline: DEADLINE };
    let exchange = bins.0.client.repeat(method, request).await;
    let result = exchange.result.map_err(|failure| failure.to_string());
    let result = result.map(|answer| Answered {
        status: answer.status,
        headers: answer
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), Bytes::copy_from_slice(value.as_bytes())))
            .collect(),
        body: answer.body,
    });
    Ok(Replayed { url: target.as_str().to_owned(), result, timings: exchange.timings })
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, ReplayError> {
    if pairs.len() > HEADERS {
        return Err(ReplayError::Headers);
    }
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for (index, (name, value)) in pairs.iter().enumerate() {
        let name = HeaderName::try_from(name.trim()).map_err(|_| ReplayError::Header(index + 1))?;
        let value = HeaderValue::try_from(value.trim()).map_err(|_| ReplayError::Header(index + 1))?;
        headers.append(name, value);
    }
    Ok(headers)
}

impl Bins {
    /// Takes note of a replay of the bin; the error is how long to wait.
    pub(super) fn take_replay(&self, name: &str) -> Result<(), Duration> {
        let now = self.now();
        if let Some(bin) = self.shelf().bin(name) {
            bin.replays.take(now)?;
        }
        self.0.all_replays.lock().take(now)
    }
}
