//! An attempt: one try of a delivery, and everything worth knowing about it afterwards.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::id::{AttemptId, EndpointId, MessageId};
use crate::time::Timestamp;

/// An attempt, finished. All bytes from the receiver are kept as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The message.
    pub message: MessageId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// 1 for the first attempt of the delivery.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// Why it happened.
    pub trigger: Trigger,
    /// Whether the endpoint answered 2xx.
    pub succeeded: bool,
    /// The HTTP status; 0 where no answer came.
    pub status_code: u16,
    /// What went wrong where no answer came.
    pub failure: Option<Failure>,
    /// The URL as it was then.
    pub url: String,
    /// Who answered.
    pub remote: Option<SocketAddr>,
    /// How long each phase took.
    pub timings: Timings,
    /// The request's header lines as sent: `name: value`, each ended by a line feed.
    pub request_headers: Bytes,
    /// The answer's header lines, in the same form, at most 8 KiB.
    pub response_headers: Bytes,
    /// The first 16 KiB of the answer's body; `None` once it was expunged.
    pub response: Option<Bytes>,
}

/// Why no answer came: its class, and a sentence for the endpoint's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `dns`, `connect`, `tls`, `timeout`, `blocked`, `too_large`, `protocol` or `exec`.
    pub class: FailureClass,
    /// What happened, in plain words that reveal nothing of the inside.
    pub sentence: String,
}

/// The class of a failure without an answer. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FailureClass {
    /// The name could not be resolved.
    Dns = 1,
    /// No connection could be made.
    Connect = 2,
    /// The TLS handshake failed.
    Tls = 3,
    /// The deadline passed.
    Timeout = 4,
    /// The egress rules forbid the address.
    Blocked = 5,
    /// The answer's head was too large.
    TooLarge = 6,
    /// What came was not HTTP.
    Protocol = 7,
    /// Something of ours failed; the endpoint is not to blame.
    Internal = 8,
    /// The command that the endpoint names did not run, or did not end well.
    Exec = 9,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [Self; 9] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Blocked,
        Self::TooLarge,
        Self::Protocol,
        Self::Internal,
        Self::Exec,
    ];

    /// The class with the stored `number`.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as i64 == number)
    }

    /// The name in the API, in logs and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Blocked => "blocked",
            Self::TooLarge => "too_large",
            Self::Protocol => "protocol",
            Self::Internal => "internal",
            Self::Exec => "exec",
        }
    }
}

/// Why an attempt happens. The numbers are the API's and are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Trigger {
    /// The schedule.
    #[default]
    Scheduled = 0,
    /// A person.
    Manual = 1,
}

/// How long the phases of an attempt took; zero for one that did not happen, as on a reused connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Name lookup.
    pub dns: Duration,
    /// TCP connect.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// From the request's start to the first byte of the answer.
    pub first_byte: Duration,
    /// Everything, to the last byte read.
    pub total: Duration,
}
