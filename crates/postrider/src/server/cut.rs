//! Connections that a handler ends without an answer, so that a client sees what a broken network looks like.

use std::error::Error;

use axum::body::Body;
use http::Response;
use tokio::net::{TcpStream, UnixStream};

/// In the extensions of a response: nothing of it is sent, and the connection is reset.
#[derive(Debug, Clone, Copy)]
pub struct Cut;

/// Why the service has no answer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the handler withholds its answer")]
pub(super) struct Withheld;

/// The response, if it is to be sent.
pub(super) fn unless_cut(response: Response<Body>) -> Result<Response<Body>, Withheld> {
    if response.extensions().get::<Cut>().is_some() { Err(Withheld) } else { Ok(response) }
}

/// Whether a connection ended because an answer was withheld.
pub(super) fn is_cause(error: &hyper::Error) -> bool {
    error.source().is_some_and(<dyn Error>::is::<Withheld>)
}

/// A stream that can be ended in a way that its other end takes for a failure.
pub(super) trait Reset {
    /// From now on closing it is a reset, where the transport has such a thing.
    fn reset(&self);
}

impl Reset for TcpStream {
    fn reset(&self) {
        // Where the system refuses, the client sees an end without an answer, which is the next best.
        self.set_zero_linger().ok();
    }
}

impl Reset for UnixStream {
    fn reset(&self) {}
}

#[cfg(test)]
impl Reset for tokio::io::DuplexStream {
    fn reset(&self) {}
}
