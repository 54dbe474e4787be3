//! One request as it came.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::time::Timestamp;

/// What a request costs beside its text: the bookkeeping, and the note that it may get.
const OVERHEAD: usize = 1024;

/// How the reading of a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All of it came.
    Whole,
    /// There was more than is read.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// The connection ended in it.
    BrokenOff,
}

/// A request, before it has a place in a bin.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The method.
    pub method: String,
    /// Path and query, beginning with `/bin/NAME`.
    pub path: String,
    /// Names, in lower case, and values, in order.
    pub headers: Vec<(String, Bytes)>,
    /// The beginning of the body, as far as it is kept.
    pub body: Bytes,
    /// Bytes of the body, as far as it was read.
    pub body_bytes: usize,
    /// How the reading ended.
    pub ended: Ended,
    /// How long it took.
    pub took: Duration,
    /// Where it came from.
    pub remote: Option<IpAddr>,
}

/// A request in a bin.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its number, which rises over all bins.
    pub number: u64,
    /// When its body had come.
    pub at: Timestamp,
    /// What came.
    pub arrived: Arrived,
    /// What it was to be answered, in words.
    pub answered: String,
}

impl Kept {
    pub(super) fn new(number: u64, at: Timestamp, arrived: Arrived, answered: String) -> Self {
        Self { number, at, arrived, answered }
    }

    /// Bytes that it takes.
    pub(super) fn cost(&self) -> usize {
        let Arrived { path, headers, body, .. } = &self.arrived;
        let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        OVERHEAD + path.len() + headers + body.len()
    }

    /// Whether something of the body is missing.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.arrived.body.len() < self.arrived.body_bytes || self.arrived.ended != Ended::Whole
    }

    /// The path behind the bin's name, with the query.
    #[must_use]
    pub fn tail(&self) -> &str {
        let path = self.arrived.path.strip_prefix("/bin/").unwrap_or(&self.arrived.path);
        &path[path.find(['/', '?']).unwrap_or(path.len())..]
    }

    /// What stands behind the question mark.
    #[must_use]
    pub fn query(&self) -> &str {
        self.arrived.path.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first value of a header, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.arrived.headers.iter().find(|(other, _)| other == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The content type without its parameters, in lower case.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether `text`, in lower case, stands in the method, the path, a header or the first part of the body.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        const SEARCHED: usize = 64 * 1024;
        let Arrived { method, path, headers, body, .. } = &self.arrived;
        let found = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_lowercase().contains(text);
        found(method.as_bytes())
            || found(path.as_bytes())
            || headers.iter().any(|(name, value)| found(name.as_bytes()) || found(value))
            || found(&body[..body.len().min(SEARCHED)])
    }
}
