//! One exchange at a time: a pooled connection or a new one, one deadline, one record.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::Full;
use hyper::client::conn::TrySendError;
use tokio::time::{Instant, timeout_at};

use crate::{
    BodyEnd, Builder, Exchange, Failure, Limits, Phase, Policy, Request,
    connection::{Connection, Outgoing},
    dial::Dialler,
    log::Log,
    pool::{Key, Pool},
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
    rules: ArcSwap<Rules>,
    dialler: Dialler,
    pool: Pool,
}

/// A policy and its number, which goes into the pool's keys.
struct Rules {
    policy: Arc<Policy>,
    epoch: u64,
}

impl Client {
    pub(crate) fn assemble(policy: Policy, dialler: Dialler, limits: Limits) -> Self {
        let rules = Rules { policy: Arc::new(policy), epoch: 0 };
        Self { rules: ArcSwap::from_pointee(rules), dialler, pool: Pool::new(limits) }
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
    pub async fn send(&self, request: Request<'_>) -> Exchange {
        self.send_as(Method::POST, request).await
    }

    /// Sends with another method.
    ///
    /// Never fails to return a record, and never later than the deadline. Dropping the future closes the
    /// connection. The request is written to at most one connection; only one that a closed idle connection
    /// gave back unsent goes on to a fresh one.
    pub async fn send_as(&self, method: Method, request: Request<'_>) -> Exchange {
        let mut log = Log::start(request.deadline);
        let deadline = log.deadline;
        let done = timeout_at(deadline, self.run(method, request, &mut log)).await;
        log.finish(done.ok().and_then(Result::err))
    }

    /// Judges everything from now on by another policy. Idle connections of the old one are not used again;
    /// exchanges under way go on.
    pub fn replace_policy(&self, policy: Policy) {
        let policy = Arc::new(policy);
        self.rules.rcu(|rules| Rules { policy: Arc::clone(&policy), epoch: rules.epoch + 1 });
    }

    /// Closes connections that have been idle for too long. Sending does this by the way; call it every half
    /// minute to have it done in quiet times too.
    pub fn sweep(&self) {
        self.pool.sweep(Instant::now());
    }

    /// The number of idle connections, for a gauge.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.pool.len()
    }

    async fn run(&self, method: Method, request: Request<'_>, log: &mut Log) -> Result<(), Failure> {
        let rules = self.rules.load_full();
        let origin = Arc::clone(request.target.origin());
        let key = Key { partition: request.partition, epoch: rules.epoch, origin };

        let mut outgoing = outgoing(method, request);
        while let Some(mut connection) = self.pool.take(&key, Instant::now()) {
            // The peer may have closed it, or said something unasked, while nobody was listening.
            if !connection.is_ready().await {
                continue;
            }
            log.reused = true;
            log.remote = Some(connection.remote);
            match self.exchange(&key, connection, outgoing, log).await {
                Err(Unanswered::Unsent(request, _)) => outgoing = *request,
                done => return done.map_err(Unanswered::into_failure),
            }
        }

        log.reused = false;
        log.remote = None;
        let connection = self.dialler.dial(&key.origin, &rules.policy, log).await?;
        self.exchange(&key, connection, outgoing, log).await.map_err(Unanswered::into_failure)
    }

    /// Sends over one connection, reads the answer, and keeps the connection if all of it was clean.
    async fn exchange(
        &self,
        key: &Key,
        mut connection: Box<Connection>,
        request: Outgoing,
        log: &mut Log,
    ) -> Result<(), Unanswered> {
        log.enter(Phase::Answer);
        let (head, mut body) = connection.send(request).await.map_err(Unanswered::of)?.into_parts();
        log.head(head.status, head.headers);

        while let Some(frame) = connection.frame(&mut body).await {
            let Ok(frame) = frame else {
                log.body_end(BodyEnd::Broken);
                return Ok(());
            };
            if let Some(data) = frame.data_ref()
                && !log.body(data)
            {
                log.body_end(BodyEnd::Truncated);
                return Ok(());
            }
        }
        log.body_end(BodyEnd::Complete);
        if connection.is_ready().await {
            self.pool.put(key, connection, Instant::now());
        }
        Ok(())
    }
}

/// Why a connection brought no answer.
enum Unanswered {
    /// It was closed before a byte of the request was written.
    Unsent(Box<Outgoing>, hyper::Error),
    Failed(hyper::Error),
}

impl Unanswered {
    fn of(mut error: TrySendError<Outgoing>) -> Self {
        match error.take_message() {
            Some(request) => Self::Unsent(Box::new(request), error.into_error()),
            None => Self::Failed(error.into_error()),
        }
    }

    fn into_failure(self) -> Failure {
        match self {
            Self::Unsent(_, error) | Self::Failed(error) => Failure::from_http(error),
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
