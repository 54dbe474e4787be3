//! What came to a receiver.

use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_core::secret::SigningKey;
use postrider_core::time::{Clock as _, SystemClock};
use postrider_core::verify::{Refused, Signed, verify};

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    /// In the order of the wire, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// When its last byte had come.
    pub(crate) at: Instant,
}

impl Received {
    /// A header's value, or nothing. The test fails if it came twice.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "{name} came twice");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether `secret` signed this, by the headers `webhook-*`.
    pub(crate) fn verified_by(&self, secret: &str) -> Result<(), Refused> {
        self.verified_as("webhook", secret)
    }

    /// Whether `secret` signed this, by the headers `NAMES-id`, `NAMES-timestamp` and `NAMES-signature`.
    pub(crate) fn verified_as(&self, names: &str, secret: &str) -> Result<(), Refused> {
        let [id, timestamp, signatures] =
            ["id", "timestamp", "signature"].map(|part| self.header(&format!("{names}-{part}")).as_bytes());
        let key = SigningKey::parse(secret).unwrap();
        // Tests put the server's clock forward by days; that the timestamp is today's is for others to prove.
        let tolerance = Duration::from_secs(400 * 24 * 3600);
        verify(
            &key,
            &Signed { id, timestamp, signatures },
            &self.body,
            tolerance,
            SystemClock::default().now(),
        )
    }
}
