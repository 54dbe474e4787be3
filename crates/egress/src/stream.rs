//! The byte stream under a connection, plain or encrypted, with a budget for the head of the answer.
//!
//! The parser bounds one head, but it skips interim answers (1xx) without end. The budget bounds all that is
//! read before the final status line, with no work per interim answer.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// The head itself may have 16 KiB; the rest is for interim answers.
const HEAD_BUDGET: usize = 24 * 1024;

pub(crate) struct Stream {
    transport: Transport,
    budget: Arc<HeadBudget>,
}

pub(crate) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Bytes that may still be read before a status line. Shared with the connection, which knows when one came;
/// both are only ever touched by one task at a time, so no ordering between threads is needed.
pub(crate) struct HeadBudget(AtomicUsize);

/// The budget ran out.
#[derive(Debug, thiserror::Error)]
#[error("no final status line within {HEAD_BUDGET} bytes")]
pub(crate) struct HeadTooLong;

impl HeadTooLong {
    pub(crate) fn caused(error: &io::Error) -> bool {
        error.get_ref().and_then(|cause| cause.downcast_ref::<Self>()).is_some()
    }
}

impl HeadBudget {
    const UNLIMITED: usize = usize::MAX;

    /// A request was handed over: an answer is expected.
    pub(crate) fn renew(&self) {
        self.0.store(HEAD_BUDGET, Ordering::Relaxed);
    }

    /// The head is complete; the body has limits of its own.
    pub(crate) fn lift(&self) {
        self.0.store(Self::UNLIMITED, Ordering::Relaxed);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn spend(&self, read: usize) {
        let left = self.left();
        if left != Self::UNLIMITED {
            self.0.store(left.saturating_sub(read), Ordering::Relaxed);
        }
    }
}

impl Stream {
    pub(crate) fn new(transport: Transport) -> (Self, Arc<HeadBudget>) {
        let budget = Arc::new(HeadBudget(AtomicUsize::new(HEAD_BUDGET)));
        (Self { transport, budget: Arc::clone(&budget) }, budget)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.budget.left() == 0 {
            return Poll::Ready(Err(io::Error::other(HeadTooLong)));
        }
        let before = buf.filled().len();
        let polled = match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        self.budget.spend(buf.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Transport::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
