//! The byte stream under a connection, plain or encrypted, with a budget for the head of the answer.
//!
//! The parser bounds one head, but it skips interim answers (1xx) without end. The budget bounds all that is
//! read before the final status line, with no work per interim answer.
//!
//! A peer that closes the connection while a request is being written may have answered first. Writing into a closed
//! connection is therefore no error here: the reading side knows what was said last, and then that it was the last.

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

    /// Nothing was read since it was renewed.
    pub(crate) fn is_whole(&self) -> bool {
        self.left() == HEAD_BUDGET
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

/// Whether the peer closed the connection, in one of the ways that TCP and TLS tell it.
pub(crate) fn is_closing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
    )
}

/// Passes for `written` what a closed connection would not take.
fn forgive<T>(polled: Poll<io::Result<T>>, written: T) -> Poll<io::Result<T>> {
    polled.map(|result| match result {
        Err(error) if is_closing(&error) => Ok(written),
        result => result,
    })
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
        let polled = match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        forgive(polled, buf.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Transport::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        forgive(polled, bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        forgive(polled, ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "one half of a pair on loopback")]
    async fn what_was_said_before_a_reset_is_read_after_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut stream, budget) = Stream::new(Transport::Plain(near.unwrap()));
        assert!(budget.is_whole());

        let (mut far, _) = far.unwrap();
        far.write_all(b"last words").await.unwrap();
        far.set_zero_linger().unwrap();
        drop(far);

        for _ in 0..3 {
            stream.write_all(&[0; 4096]).await.unwrap();
            stream.flush().await.unwrap();
        }
        let mut said = [0; 10];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"last words");
        assert!(!budget.is_whole());
        let end = stream.read(&mut said).await;
        assert!(end.as_ref().map_or_else(is_closing, |read| *read == 0), "{end:?}");
    }
}
