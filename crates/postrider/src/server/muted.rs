//! A socket on which the HTTP parser cannot speak for itself.
//!
//! hyper answers a head that it cannot read on its own, with a status and no body, and has no hook for what it says. So
//! the socket swallows that answer, and `connection` writes one in the form of all our errors instead.
//!
//! Which bytes are hyper's own is known without looking at them. Everything that the service answers is written between
//! the call of the service and the flush after its answer's body has ended; what is written at another time is not from
//! the service. A refusal that is written together with the end of an earlier answer, because a client pipelines and
//! does not read, is not recognised: that client gets it without a body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Who writes what on one connection, shared by its socket, its service and the answers' bodies. All run in one task, so
/// the atomic is only for the compiler.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicU8);

/// The service has nothing to say.
const NOBODYS: u8 = 0;
/// The service has been called, and its answer's body has not ended.
const SERVICES: u8 = 1;
/// The body has ended, but what hyper holds of it may not be flushed.
const ENDING: u8 = 2;
/// hyper spoke for itself, and was not heard.
const MUTED: u8 = 3;
/// There are no turns any more: the connection speaks another protocol.
const ENDED: u8 = 4;

impl Turn {
    /// The service is called.
    pub(super) fn begin(&self) {
        self.0.store(SERVICES, Ordering::Relaxed);
    }

    /// The connection is given away after this answer: from now on everything that is written passes.
    pub(super) fn end_all(&self) {
        self.0.store(ENDED, Ordering::Relaxed);
    }

    /// Whether hyper refused a request and its answer was swallowed.
    pub(super) fn was_refused(&self) -> bool {
        self.is(MUTED)
    }

    fn is(&self, state: u8) -> bool {
        self.0.load(Ordering::Relaxed) == state
    }

    fn pass(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether what is written now is to be swallowed.
    fn mutes(&self) -> bool {
        self.pass(NOBODYS, MUTED) || self.is(MUTED)
    }
}

/// The body of an answer of the service, which tells when hyper has all of it.
pub(super) struct Answer {
    body: Body,
    turn: Arc<Turn>,
}

impl Answer {
    /// An answer in the turn that was begun for it.
    pub(super) fn new(body: Body, turn: Arc<Turn>) -> Self {
        Self { body, turn }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.turn.pass(SERVICES, ENDING);
    }
}

/// See the module's documentation.
pub(super) struct Muted<S> {
    stream: S,
    turn: Arc<Turn>,
}

impl<S> Muted<S> {
    /// Passes on what is written on `stream` in the service's turns.
    pub(super) fn new(stream: S, turn: Arc<Turn>) -> Self {
        Self { stream, turn }
    }

    /// The socket itself.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Muted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Muted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.turn.mutes() {
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.turn.mutes() {
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // hyper flushes the socket only when it holds nothing any more.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.turn.pass(ENDING, NOBODYS);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
