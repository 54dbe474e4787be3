//! A receiver of webhooks that follows a script and remembers what came.

mod answer;
mod received;

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::answer::{Answer, Gate};
pub(crate) use self::received::Received;

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
    Ok(answer.give().await)
}
