//! What goes into [`Client::send`](crate::Client::send) and what comes out.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::HeaderMap;

use crate::{Failure, Target};

/// One request.
pub struct Request<'a> {
    /// Connections are shared only within a partition: use one per tenant.
    pub partition: u64,
    /// Where to.
    pub target: &'a Target,
    /// Sent as they are, except those that frame the message or negotiate a connection, which the client sets
    /// itself or leaves out: `Host`, `Content-Length`, `Transfer-Encoding`, `Connection`, `Expect`,
    /// `Accept-Encoding` and the like.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// For everything, from DNS to the last byte of the answer's body.
    pub deadline: Duration,
}

/// One request and what became of it.
#[derive(Debug)]
pub struct Exchange {
    /// How long each phase took.
    pub timings: Timings,
    /// The address the request went to, once connected. For operators: it may be an internal one.
    pub remote: Option<SocketAddr>,
    /// Whether the connection had carried a request before.
    pub reused: bool,
    /// The answer, of any status, or why there is none.
    pub result: Result<Answer, Failure>,
}

/// Durations of the phases; zero where a phase did not happen. Where a request went on to a second connection, they
/// are those of the second, and only the total covers both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Resolving the name.
    pub dns: Duration,
    /// Opening the TCP connection, all addresses tried. Before that, waiting until the host has one connection fewer,
    /// or for one of the others, where there are as many as [`Limits::per_host`](crate::Limits::per_host).
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From handing the request to the connection to the head of the answer.
    pub first_byte: Duration,
    /// The whole call.
    pub total: Duration,
}

/// An answer whose status line was received, whatever happened to its body.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// At most 64, 16 KiB together.
    pub headers: HeaderMap,
    /// The first 16 KiB of the body (64 KiB by [`Client::repeat`](crate::Client::repeat)), as received: never
    /// decompressed, any bytes at all. Less where the connection broke or the deadline passed in it: what counts is the
    /// status.
    pub body: Bytes,
}
