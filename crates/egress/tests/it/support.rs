//! Receivers, resolvers and clients for the tests.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use postrider_egress::{
    Answer, Client, Dns, DnsError, Exchange, Limits, Policy, Request, Resolving, RootCertStore, Settings,
    Target,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, yield_now},
    time::timeout,
};

/// Long enough never to pass by accident.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);
/// Short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) const GOOD: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Also loopback, hence really reachable, but not opened by [`only_good`].
pub(crate) const BAD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A policy that opens [`GOOD`] beside the public internet.
pub(crate) fn only_good() -> Policy {
    allowing(&["127.0.0.1/32"])
}

pub(crate) fn allowing(nets: &[&str]) -> Policy {
    let allow = nets.iter().map(|net| net.parse().expect("a network")).collect();
    let settings = Settings { allow, ..Settings::default() };
    Policy::new(settings).expect("no NAT64 prefix")
}

/// A server that runs a script for every connection, which gets its number from 0.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    accepted: Arc<AtomicUsize>,
    /// Connections whose script has not ended.
    open: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start<F, Fut>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((GOOD, 0)).await.expect("loopback can be bound");
        let port = listener.local_addr().expect("bound").port();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let (opened, open) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // What a script writes is there when it has written it, and not when the client acknowledges more.
                stream.set_nodelay(true).expect("a socket option");
                let script = serve(stream, counter.fetch_add(1, Ordering::SeqCst));
                let opened = opened.clone();
                opened.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    script.await;
                    opened.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { port, accepted, open, task }
    }

    /// Answers every request of every connection with these bytes.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut stream, _| {
            let answer = Arc::clone(&answer);
            async move {
                while read_request(&mut stream).await.is_some() {
                    if stream.write_all(&answer).await.is_err() {
                        break;
                    }
                }
            }
        })
        .await
    }

    /// Answers the first request with these bytes and closes.
    pub(crate) async fn closing_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut stream, _| {
            let answer = Arc::clone(&answer);
            async move {
                read_request(&mut stream).await;
                // The client may have heard enough before the end.
                let _ = stream.write_all(&answer).await;
            }
        })
        .await
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) -> usize {
        *self.open.borrow()
    }

    /// Waits until so many connections are open, for scripts that read to the end.
    pub(crate) async fn until_open(&self, count: usize) {
        let mut open = self.open.clone();
        let found = timeout(PATIENT, open.wait_for(|open| *open == count)).await.is_ok();
        assert!(found, "{} are open, not {count}", self.open());
    }

    pub(crate) fn target(&self, policy: &Policy) -> Target {
        let url = format!("http://receiver.example:{}/hook", self.port);
        Target::parse(&url, policy).expect("a good URL")
    }

    /// Sends to this receiver through a fresh client.
    pub(crate) async fn exchange(&self, deadline: Duration) -> Exchange {
        let client = client(only_good(), Script::always([GOOD]));
        send(&client, &self.target(&only_good()), deadline).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request with its body; `None` at the end of the connection.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => request.extend_from_slice(&chunk[..read]),
        }
    }
}

/// A listener that must stay untouched. The kernel completes connections to it without anybody accepting, and
/// keeps them even when the client is gone, so a look afterwards sees everything.
pub(crate) struct Tripwire(Vec<StdListener>);

impl Tripwire {
    /// On the loopback addresses of both families, at one port.
    pub(crate) fn on_loopback() -> (Self, u16) {
        let v4 = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
        let port = v4.local_addr().expect("bound").port();
        // Absent where the machine has no IPv6; then nothing could connect either.
        let v6 = StdListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
        (Self::over([v4].into_iter().chain(v6)), port)
    }

    pub(crate) fn at(address: IpAddr, port: u16) -> Self {
        Self::over([StdListener::bind((address, port)).expect("the address can be bound")])
    }

    fn over(listeners: impl IntoIterator<Item = StdListener>) -> Self {
        let listeners: Vec<_> = listeners.into_iter().collect();
        for listener in &listeners {
            listener.set_nonblocking(true).expect("a socket option");
        }
        Self(listeners)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0[0].local_addr().expect("bound").port()
    }

    pub(crate) fn touched(&self) -> Option<SocketAddr> {
        self.0.iter().find_map(|listener| listener.accept().ok()).map(|(_, peer)| peer)
    }
}

/// A resolver that follows a script: the answer depends on the number of the query.
pub(crate) struct Script {
    queries: Arc<AtomicUsize>,
    answer: Box<dyn Fn(usize) -> Said + Send + Sync>,
}

pub(crate) enum Said {
    Addresses(Vec<IpAddr>),
    NoSuchName,
    Nothing,
}

impl Script {
    pub(crate) fn new(answer: impl Fn(usize) -> Said + Send + Sync + 'static) -> Self {
        Self { queries: Arc::default(), answer: Box::new(answer) }
    }

    pub(crate) fn always(addresses: impl Into<Vec<IpAddr>>) -> Self {
        let addresses = addresses.into();
        Self::new(move |_| Said::Addresses(addresses.clone()))
    }

    pub(crate) fn queries(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.queries)
    }
}

impl Dns for Script {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let said = (self.answer)(self.queries.fetch_add(1, Ordering::SeqCst));
        Box::pin(async move {
            match said {
                Said::Addresses(addresses) => Ok(addresses),
                Said::NoSuchName => Err(DnsError::NotFound),
                Said::Nothing => std::future::pending().await,
            }
        })
    }
}

pub(crate) fn client(policy: Policy, dns: Script) -> Client {
    Client::builder(policy).dns(dns).roots(RootCertStore::empty()).build()
}

/// A client for [`GOOD`] with these limits.
pub(crate) fn limited(limits: Limits) -> Client {
    Client::builder(only_good())
        .dns(Script::always([GOOD]))
        .roots(RootCertStore::empty())
        .limits(limits)
        .build()
}

pub(crate) fn request(target: &Target, deadline: Duration) -> Request<'_> {
    let body = Bytes::from_static(b"{\"hello\":\"world\"}");
    Request { partition: 1, target, headers: HeaderMap::new(), body, deadline }
}

pub(crate) async fn send(client: &Client, target: &Target, deadline: Duration) -> Exchange {
    client.send(request(target, deadline)).await
}

pub(crate) fn answer(exchange: Exchange) -> Answer {
    exchange.result.unwrap_or_else(|failure| panic!("no answer: {failure:?}"))
}

/// Lets the runtime look at its sockets, so that what a peer already did is known here.
pub(crate) async fn notice() {
    for _ in 0..4 {
        yield_now().await;
    }
}
