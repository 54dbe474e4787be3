//! What a connection is doing, seen from its socket.
//!
//! hyper knows but does not tell; so the socket notes reads and writes, and the service notes requests. One atomic
//! number carries both the phase and a count of changes, so that the watcher sees that something happened even if the
//! phase is the same again.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const PHASE_BITS: u32 = 2;
/// Bytes of an answer that a client must take before it counts as a sign of life. With one for every write, a client
/// that takes a byte a minute would keep a large answer in memory for ever.
const PACE_BYTES: usize = 512 * 1024;

/// In the extensions of a response: its body goes on for as long as somebody reads it, in small pieces. Whoever makes it
/// gives a sign of life more often than connections may be idle, and makes nothing ahead of what is read.
#[derive(Debug, Clone, Copy)]
pub struct Streaming;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits for a request, or its client reads the last answer.
    Idle,
    /// The head of a request has begun and not ended.
    Head,
    /// A request is being answered; the handler has its own limits.
    Busy,
}

/// A connection's [`Phase`], shared by its socket, its service and its watcher. All three run in one task, so the
/// atomics are only for the compiler and cost nothing.
#[derive(Debug, Default)]
pub(super) struct Activity {
    state: AtomicU64,
    // Bytes sent since the last sign of life.
    sent: AtomicUsize,
    // Whether the answer is a stream, of which each byte that is taken is a sign of life.
    streams: AtomicBool,
}

/// A reading of an [`Activity`]: equal readings mean that nothing happened in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading(u64);

impl Reading {
    /// What the connection was doing.
    pub(super) fn phase(self) -> Phase {
        match self.0 & ((1 << PHASE_BITS) - 1) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        }
    }

    /// Whether nothing has ever happened on the connection.
    pub(super) const fn is_untouched(self) -> bool {
        self.0 == 0
    }
}

impl Activity {
    /// What is going on now.
    pub(super) fn read(&self) -> Reading {
        Reading(self.state.load(Ordering::Relaxed))
    }

    /// A request was read.
    pub(super) fn request(&self) {
        self.streams.store(false, Ordering::Relaxed);
        self.enter(Phase::Busy);
    }

    /// A request was answered, though the answer may not have been written yet.
    pub(super) fn answered(&self) {
        self.enter(Phase::Idle);
    }

    /// The answer is a stream.
    pub(super) fn streams(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    fn received(&self) {
        if self.read().phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    fn sent(&self, bytes: usize) {
        let sent = self.sent.load(Ordering::Relaxed) + bytes;
        self.sent.store(sent, Ordering::Relaxed);
        // Writing is a sign of life only of a client that owes nothing: a slow head is not excused by a long answer.
        let pace = if self.streams.load(Ordering::Relaxed) { 1 } else { PACE_BYTES };
        if sent >= pace && self.read().phase() == Phase::Idle {
            self.enter(Phase::Idle);
        }
    }

    fn enter(&self, phase: Phase) {
        let count = (self.state.load(Ordering::Relaxed) >> PHASE_BITS) + 1;
        self.state.store(count << PHASE_BITS | phase as u64, Ordering::Relaxed);
        self.sent.store(0, Ordering::Relaxed);
    }
}

/// A socket that notes what happens on it.
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    /// Notes in `activity` what happens on `stream`.
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    /// The socket itself.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.received();
        }
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = done {
            self.activity.sent(bytes);
        }
        done
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(bytes)) = done {
            self.activity.sent(bytes);
        }
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    // hyper ends a connection too early for a client that is still sending: `connection` does it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_stream_every_byte_is_a_sign_of_life_and_elsewhere_many_are() {
        let activity = Activity::default();
        let is_sign = |bytes| {
            let before = activity.read();
            activity.sent(bytes);
            activity.read() != before
        };
        activity.request();
        activity.answered();
        assert!(!is_sign(1) && is_sign(PACE_BYTES));
        activity.streams();
        assert!(is_sign(1) && is_sign(1));
        activity.request();
        activity.answered();
        assert!(!is_sign(1), "the next answer is an ordinary one");
    }
}
