//! One exchange at a time: a pooled connection or a new one, one deadline, one record.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::{
    Builder, Exchange, Failure, Limits, Line, Phase, Policy, Request, Target,
    connection::{Connection, Outgoing},
    dial::Dialler,
    log::Log,
    pool::{Claim, Key, Place, Pool, Slot},
};

/// Headers that belong to the connection and not to the caller, or that would ask for a compressed answer.
const RESERVED_HEADERS: [HeaderName; 12] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::ACCEPT_ENCODING,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
];

/// A pooled HTTP/1.1 client that sends only where its policy permits.
///
/// Nothing runs in the background: connections live in the pool and in the calls that use them.
pub struct Client {
    policy: Policy,
    dialler: Dialler,
    pool: Pool,
}

impl Client {
    pub(crate) fn assemble(policy: Policy, dialler: Dialler, limits: Limits) -> Self {
        Self { policy, dialler, pool: Pool::new(limits) }
    }

    /// A client with the resolver and the certificate authorities of this machine.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self::builder(policy).build()
    }

    /// Starts a client with something replaced.
    #[must_use]
    pub fn builder(policy: Policy) -> Builder {
        Builder::new(policy)
    }

    /// Sends a `POST`.
    ///
    /// Never fails to return a record, and never later than the deadline. Dropping the future closes the
    /// connection.
    ///
    /// A server may close an idle connection just as a request is on its way to it, and no client can tell this
    /// from a server that took the request and died. So when a connection that was used before ends without a byte of
    /// an answer, the request is sent once more, the same in every byte, over a connection opened for it. HTTP leaves
    /// that to requests known to be idempotent (RFC 9110 §9.2.2, RFC 9112 §9.3.1); a webhook is, by its
    /// `webhook-id`. A connection without a past has no such excuse: there it is a failure.
    pub async fn send(&self, request: Request<'_>) -> Exchange {
        self.exchange(Method::POST, request).await
    }

    /// Sends a `GET`, whose body should be empty, in the same way: for what others publish, such as keys.
    pub async fn get(&self, request: Request<'_>) -> Exchange {
        self.exchange(Method::GET, request).await
    }

    /// Sends a request of any method, and keeps as much of the answer's body as is read: for a person who repeats a
    /// request and wants to see what comes back.
    pub async fn repeat(&self, method: Method, request: Request<'_>) -> Exchange {
        let log = Log::start(request.deadline).keep_all();
        self.logged(method, request, log).await
    }

    /// Opens a connection outside the pool, for a conversation that is no exchange: a command that follows what its own
    /// server says. It is the caller's, and so are its limits, once it is there.
    pub async fn open(&self, target: &Target, deadline: Duration) -> Result<Line, Failure> {
        let mut log = Log::start(deadline);
        let deadline = log.deadline;
        let reached = timeout_at(deadline, self.dialler.reach(target.origin(), &self.policy, &mut log)).await;
        let (transport, _) = reached.unwrap_or(Err(Failure::Timeout { phase: Phase::Connect }))?;
        Ok(Line::new(transport))
    }

    async fn exchange(&self, method: Method, request: Request<'_>) -> Exchange {
        let log = Log::start(request.deadline);
        self.logged(method, request, log).await
    }

    async fn logged(&self, method: Method, request: Request<'_>, mut log: Log) -> Exchange {
        let deadline = log.deadline;
        let done = timeout_at(deadline, self.run(method, request, &mut log)).await;
        log.finish(done.ok().and_then(Result::err))
    }

    /// Closes connections that have been idle for too long. Sending does this by the way; call it every half
    /// minute to have it done in quiet times too.
    pub fn sweep(&self) {
        self.pool.sweep(Instant::now());
    }

    async fn run(&self, method: Method, request: Request<'_>, log: &mut Log) -> Result<(), Failure> {
        let key = Key { partition: request.partition, origin: Arc::clone(request.target.origin()) };
        let outgoing = outgoing(method, request);
        loop {
            match self.place(&key, log).await {
                Place::Vacant(slot) => return self.send_fresh(&key, slot, outgoing, log).await,
                Place::Idle(mut connection) => {
                    // The peer may have closed it, or said something unasked, while nobody was listening.
                    if connection.is_ready().await {
                        return self.send_over(&key, connection, outgoing, log).await;
                    }
                }
            }
        }
    }

    async fn place(&self, key: &Key, log: &mut Log) -> Place {
        match self.pool.claim(key, Instant::now()) {
            Claim::Granted(place) => place,
            Claim::Queued(turn) => {
                log.enter(Phase::Queue);
                turn.await.expect("a line is kept as long as its pool, and nobody is sent away")
            }
        }
    }

    /// Sends over a connection that was used before, or over a fresh one if it was closed meanwhile.
    async fn send_over(
        &self,
        key: &Key,
        mut connection: Box<Connection>,
        request: Outgoing,
        log: &mut Log,
    ) -> Result<(), Failure> {
        log.reused = true;
        log.remote = Some(connection.remote);
        log.enter(Phase::Answer);
        // Hyper takes a request apart as it writes it. A copy is one small table and counted references.
        match connection.send(request.clone()).await {
            Ok(answer) => {
                self.receive(key, connection, answer, log).await;
                Ok(())
            }
            Err(unanswered) if unanswered.closed => {
                log.restart();
                self.send_fresh(key, connection.close(), request, log).await
            }
            Err(unanswered) => Err(Failure::from_http(unanswered.error)),
        }
    }

    /// Opens a connection and sends over it. Boxed: a handshake needs much more room than an exchange, and most
    /// exchanges need no handshake.
    fn send_fresh<'a>(
        &'a self,
        key: &'a Key,
        slot: Slot,
        request: Outgoing,
        log: &'a mut Log,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>> {
        Box::pin(async move {
            let mut connection = self.dialler.dial(&key.origin, &self.policy, slot, log).await?;
            log.enter(Phase::Answer);
            let sent = connection.send(request).await;
            let answer = sent.map_err(|unanswered| Failure::from_http(unanswered.error))?;
            self.receive(key, connection, answer, log).await;
            Ok(())
        })
    }

    /// Reads an answer, and keeps the connection if all of it was clean.
    async fn receive(
        &self,
        key: &Key,
        mut connection: Box<Connection>,
        answer: Response<Incoming>,
        log: &mut Log,
    ) {
        let (head, mut body) = answer.into_parts();
        log.head(head.status, head.headers);
        while let Some(frame) = connection.frame(&mut body).await {
            // The connection or the framing broke; the status was received all the same.
            let Ok(frame) = frame else { return };
            if let Some(data) = frame.data_ref()
                && !log.body(data)
            {
                return;
            }
        }
        if connection.is_ready().await {
            self.pool.put(key, connection, Instant::now());
        }
    }
}

fn outgoing(method: Method, request: Request<'_>) -> Outgoing {
    let Request { target, mut headers, body, .. } = request;
    frame(&mut headers, target.host_header(), &body);
    let mut outgoing = http::Request::new(Full::new(body));
    *outgoing.method_mut() = method;
    *outgoing.uri_mut() = target.path();
    *outgoing.headers_mut() = headers;
    outgoing
}

/// Leaves `Content-Length` to hyper, which takes it from the body, except where it would send none.
fn frame(headers: &mut HeaderMap, host: HeaderValue, body: &Bytes) {
    for name in &RESERVED_HEADERS {
        headers.remove(name);
    }
    headers.insert(header::HOST, host);
    if body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}
