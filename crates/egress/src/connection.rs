//! One HTTP/1.1 connection: hyper's request sender and the driver that moves its bytes, kept together.
//!
//! The driver is not a task of its own. Whoever holds the connection polls it inside the same poll as the thing
//! it waits for, which saves a task, a wake-up and a context switch per exchange; an idle connection in the
//! pool costs nothing until somebody takes it.

use std::{
    error::Error,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{self, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::{
    pool::Slot,
    stream::{HeadBudget, Stream, Transport, is_closing},
};

/// Beyond this many headers an answer is an attack.
const MAX_HEADERS: usize = 64;
/// The ceiling of one response head, and of the read buffer.
const MAX_HEAD: usize = 16 * 1024;

pub(crate) type Outgoing = Request<Full<Bytes>>;

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once the connection is closed: dropping hyper's side gives a request that it never took back to
    /// its sender.
    driver: Option<Driver>,
    budget: Arc<HeadBudget>,
    pub(crate) remote: SocketAddr,
    pub(crate) opened: Instant,
    /// Given back after the socket is closed.
    slot: Slot,
}

/// Why a request brought no answer.
pub(crate) struct Unanswered {
    pub(crate) error: hyper::Error,
    /// The peer had closed the connection before it said anything about this request, which it may have processed.
    pub(crate) closed: bool,
}

type Driver = http1::Connection<TokioIo<Stream>, Full<Bytes>>;

impl Connection {
    pub(crate) async fn open(
        transport: Transport,
        remote: SocketAddr,
        slot: Slot,
    ) -> Result<Box<Self>, hyper::Error> {
        let (stream, budget) = Stream::new(transport);
        let (sender, driver) = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .max_header_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Box::new(Self { sender, driver: Some(driver), budget, remote, opened: Instant::now(), slot }))
    }

    /// Whether another request may be sent: the last exchange ended cleanly, and the peer has neither closed the
    /// connection nor said anything unasked.
    pub(crate) async fn is_ready(&mut self) -> bool {
        poll_fn(|cx| {
            drive(&mut self.driver, cx);
            Poll::Ready(self.driver.is_some() && self.sender.is_ready())
        })
        .await
    }

    /// Closes it for another one to be opened in its slot.
    pub(crate) fn close(self: Box<Self>) -> Slot {
        let Self { slot, .. } = *self;
        slot
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Outgoing) -> Result<Response<Incoming>, Unanswered> {
        self.budget.renew();
        let mut answer = pin!(self.sender.try_send_request(request));
        let head = poll_fn(|cx| {
            drive(&mut self.driver, cx);
            answer.as_mut().poll(cx)
        })
        .await
        .map_err(|error| Unanswered::of(error, &self.budget))?;
        self.budget.lift();
        Ok(head)
    }

    /// The next part of a body that this connection is receiving; `None` after the last.
    pub(crate) async fn frame(&mut self, body: &mut Incoming) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        poll_fn(|cx| {
            // The first poll tells the driver that more is wanted, the second collects what it then read.
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
                return Poll::Ready(frame);
            }
            drive(&mut self.driver, cx);
            Pin::new(&mut *body).poll_frame(cx)
        })
        .await
    }
}

impl Unanswered {
    fn of(error: TrySendError<Outgoing>, budget: &HeadBudget) -> Self {
        // The request comes back where no byte of it was written; then nothing that was read can be about it.
        let unsent = error.message().is_some();
        let error = error.into_error();
        Self { closed: unsent || (budget.is_whole() && is_end(&error)), error }
    }
}

/// Whether this is the end of a connection, and not something wrong with what was read.
fn is_end(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_incomplete_message() || error.is_canceled() || error.is_closed() || cause.is_some_and(is_closing)
}

/// The error of a driver also reaches the request or body that it breaks; on an idle connection nobody cares.
fn drive(driver: &mut Option<Driver>, cx: &mut Context<'_>) {
    let closed = driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready());
    if closed {
        *driver = None;
    }
}
