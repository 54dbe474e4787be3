//! A receiver for load: it keeps nothing, and a function answers.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A receiver on loopback. Its connections end with it.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl Sink {
    /// `answer` gets every request with its whole body, and gives the status to answer with.
    pub(crate) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = u16> + Send + 'static,
    {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), answer).await
    }

    /// The same on this address.
    pub(crate) async fn start_at<A, F>(address: SocketAddr, answer: A) -> Self
    where
        A: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = u16> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, _serving: AbortOnDropHandle::new(tokio::spawn(serve(listener, answer))) }
    }

    /// The URL of a path here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn serve<A, F>(listener: TcpListener, answer: A)
where
    A: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = u16> + Send + 'static,
{
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        connections.spawn(async move {
            let service = service_fn(|request| respond(&answer, request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond<A, F>(answer: &A, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, hyper::Error>
where
    A: Fn(Request<Bytes>) -> F,
    F: Future<Output = u16>,
{
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(answer(Request::from_parts(head, body)).await).unwrap();
    Ok(response)
}
