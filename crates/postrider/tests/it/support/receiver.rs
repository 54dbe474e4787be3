//! A receiver of webhooks that follows a script and remembers what came.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use postrider_core::secret::SigningKey;
use postrider_core::time::{Clock as _, SystemClock};
use postrider_core::verify::{Refused, Signed, verify};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::PATIENCE;

/// A receiver on a random port of loopback. It answers 200 where its script says nothing else.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    arrivals: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    requests: Vec<Received>,
    scripts: HashMap<String, VecDeque<Answer>>,
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    /// In the order of the wire, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// When its last byte had come.
    pub(crate) at: Instant,
}

/// What a receiver answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    delay: Duration,
    gate: Option<Gate>,
}

/// Something that answers can wait for.
#[derive(Debug, Clone)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// On this address: for a receiver that comes back after a while.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { state: Mutex::default(), arrivals: watch::Sender::new(0) });
        let serving = AbortOnDropHandle::new(tokio::spawn(serve(listener, Arc::clone(&shared))));
        Self { address, shared, _serving: serving }
    }

    /// The URL of a path here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on requests to `path` get these answers in turn, and the last one ever after.
    pub(crate) fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers: VecDeque<_> = answers.into_iter().collect();
        assert!(!answers.is_empty(), "a script has answers");
        self.state().scripts.insert(path.to_owned(), answers);
    }

    /// All requests so far, in the order of their arrival.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state().requests.clone()
    }

    /// The requests to `path` so far.
    pub(crate) fn at(&self, path: &str) -> Vec<Received> {
        self.state().requests.iter().filter(|request| request.path == path).cloned().collect()
    }

    /// How many requests came so far.
    pub(crate) fn count(&self) -> usize {
        self.state().requests.len()
    }

    /// Waits for `count` requests to `path`, and gives all that came there.
    pub(crate) async fn wait(&self, path: &str, count: usize) -> Vec<Received> {
        let enough =
            |requests: &[Received]| requests.iter().filter(|request| request.path == path).count() >= count;
        self.wait_until(&format!("{count} requests to {path}"), enough).await;
        self.at(path)
    }

    /// Waits until `enough` says so of all requests.
    pub(crate) async fn wait_until(&self, what: &str, enough: impl Fn(&[Received]) -> bool) {
        let mut arrivals = self.shared.arrivals.subscribe();
        let waiting = arrivals.wait_for(|_| enough(&self.state().requests));
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            let came: Vec<_> = self.requests().into_iter().map(|request| request.path).collect();
            panic!(
                "waited {PATIENCE:?} for {what}; there were {} requests: {:?}",
                came.len(),
                came.iter().take(20)
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Connections end with the receiver, as with a process that is gone.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
        at: Instant::now(),
    };
    let answer = {
        let mut state = shared.state.lock().unwrap();
        let script = state.scripts.get_mut(&received.path);
        let answer = script.map_or_else(
            || Answer::status(200),
            |script| {
                if script.len() > 1 { script.pop_front().unwrap() } else { script[0].clone() }
            },
        );
        state.requests.push(received);
        answer
    };
    shared.arrivals.send_modify(|count| *count += 1);
    let Ok(response) = answer.give().await;
    Ok(response)
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, gate: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Answers this long after the request came.
    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Answers when `gate` is open.
    pub(crate) fn when(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    async fn give(self) -> Result<Response<Full<Bytes>>, Infallible> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if let Some(gate) = &self.gate {
            gate.0.subscribe().wait_for(|is_open| *is_open).await.unwrap();
        }
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        for (name, value) in self.headers {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
        }
        Ok(response)
    }
}

impl Gate {
    pub(crate) fn shut() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }
}

impl Received {
    /// A header's value, or nothing. The test fails if it came twice.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "{name} came twice");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether `secret` signed this, by the headers `webhook-*`.
    pub(crate) fn verified_by(&self, secret: &str) -> Result<(), Refused> {
        self.verified_as("webhook", secret)
    }

    /// Whether `secret` signed this, by the headers `NAMES-id`, `NAMES-timestamp` and `NAMES-signature`.
    pub(crate) fn verified_as(&self, names: &str, secret: &str) -> Result<(), Refused> {
        let [id, timestamp, signatures] =
            ["id", "timestamp", "signature"].map(|part| self.header(&format!("{names}-{part}")).as_bytes());
        let key = SigningKey::parse(secret).unwrap();
        // Tests put the server's clock forward by days; that the timestamp is today's is for others to prove.
        let tolerance = Duration::from_secs(400 * 24 * 3600);
        verify(
            &key,
            &Signed { id, timestamp, signatures },
            &self.body,
            tolerance,
            SystemClock::default().now(),
        )
    }
}
