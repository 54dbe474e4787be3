//! Why no answer came.

use std::{error::Error, io};

use crate::{DnsError, Refused, TlsProblem, stream::HeadTooLong};

/// An exchange that ended before a status line was received.
///
/// `Display` is a sentence for the owner of the endpoint and says nothing about this side's network; the
/// sources carry the detail for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The policy refused the target, or an address it led to. Nothing was dialled.
    #[error("{0}")]
    Blocked(#[from] Refused),
    /// The name did not resolve.
    #[error("{0}")]
    Dns(#[source] DnsError),
    /// No address accepted the connection.
    #[error("{}", connect_sentence(.0))]
    Connect(#[source] io::Error),
    /// The TLS handshake failed.
    #[error("{problem}")]
    Tls {
        /// What the owner of the endpoint may have to repair.
        problem: TlsProblem,
        /// The error of the TLS library.
        source: io::Error,
    },
    /// The deadline passed, or the shorter one of a phase.
    #[error("{}", phase.sentence())]
    Timeout {
        /// What was going on.
        phase: Phase,
    },
    /// The head of the answer is beyond 64 headers or 16 KiB, or there are too many interim answers.
    #[error("the head of the endpoint's answer is too large: at most 64 headers and 16 KiB are read")]
    TooLarge(#[source] hyper::Error),
    /// The answer is not HTTP/1.1, or there is none.
    #[error("{breach}")]
    Protocol {
        /// How the exchange went wrong.
        breach: Breach,
        /// The error of the HTTP library.
        source: hyper::Error,
    },
}

/// How an exchange broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The connection ended before the status line, as did the one before it if that had been used already. The endpoint may or may not have processed the request.
    #[error("the endpoint closed the connection without answering")]
    Closed,
    /// What came is not an HTTP/1.1 answer.
    #[error("the endpoint's answer is not valid HTTP/1.1")]
    Malformed,
}

/// The part of an exchange that time ran out in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for one of the host's connections, which were all in use.
    Queue,
    /// Resolving the name.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request and waiting for the head of the answer.
    Answer,
}

impl Failure {
    /// A stable name of the class, for storage, metrics and the API.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::Dns(_) => "dns",
            Self::Connect(_) => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::Protocol { .. } => "protocol",
        }
    }

    pub(crate) fn from_http(error: hyper::Error) -> Self {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        let head_too_long = cause.is_some_and(HeadTooLong::caused);
        if error.is_parse_too_large() || head_too_long {
            Self::TooLarge(error)
        } else if error.is_parse() {
            Self::Protocol { breach: Breach::Malformed, source: error }
        } else {
            Self::Protocol { breach: Breach::Closed, source: error }
        }
    }
}

impl Phase {
    fn sentence(self) -> &'static str {
        match self {
            Self::Queue => {
                "the endpoint's host was busy with other requests all the time: answer first and process afterwards"
            }
            Self::Dns => "the host name could not be looked up in time",
            Self::Connect => {
                "the endpoint did not accept a connection in time: check its address and firewall"
            }
            Self::Tls => "the endpoint did not finish the TLS handshake in time",
            Self::Answer => "the endpoint did not answer in time: answer first and process afterwards",
        }
    }
}

fn connect_sentence(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "the connection was refused: check that the endpoint is running and the port is right"
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "the endpoint broke the connection while it was being opened"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "the endpoint's network cannot be reached: check its address"
        }
        _ => "the connection to the endpoint could not be opened",
    }
}
