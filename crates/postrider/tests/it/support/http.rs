//! A small JSON client with kept connections, over TCP or the control socket.

mod reply;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};

use self::reply::NoReply;
pub(crate) use self::reply::Reply;

use super::PATIENCE;

type Connection = SendRequest<Full<Bytes>>;

/// Where a server listens.
#[derive(Debug, Clone)]
enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A caller of the API with one key. Clones share connections.
#[derive(Clone)]
pub(crate) struct Client {
    place: Place,
    token: Option<String>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// A request that is being put together.
pub(crate) struct Asking<'a> {
    client: &'a Client,
    request: Request<Full<Bytes>>,
}

impl Client {
    /// A client of the server at `address`, without a key.
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { place: Place::Tcp(address), token: None, idle: Arc::default() }
    }

    /// A client of a control socket.
    pub(crate) fn of_socket(path: PathBuf) -> Self {
        Self { place: Place::Unix(path), token: None, idle: Arc::default() }
    }

    /// The same with this key.
    pub(crate) fn with_key(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same without a key.
    pub(crate) fn without_key(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask(Method::DELETE, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask(Method::POST, path).json(&body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.ask(Method::PUT, path).json(&body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.ask(Method::PATCH, path).json(&body).send().await
    }

    /// Begins a request that needs more than the short forms.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Asking<'_> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap_or_else(|_| panic!("{path:?} is a path"));
        if let Some(token) = &self.token {
            let bearer = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let host = match &self.place {
            Place::Tcp(address) => HeaderValue::try_from(address.to_string()).unwrap(),
            Place::Unix(_) => HeaderValue::from_static("localhost"),
        };
        request.headers_mut().insert(HOST, host);
        Asking { client: self, request }
    }

    async fn connection(&self) -> Result<Connection, NoReply> {
        loop {
            let Some(mut kept) = self.idle.lock().unwrap().pop() else { break };
            if kept.ready().await.is_ok() {
                return Ok(kept);
            }
        }
        match &self.place {
            Place::Tcp(address) => {
                #[expect(clippy::disallowed_methods, reason = "a test's client, to loopback")]
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                begin(TokioIo::new(stream)).await
            }
            Place::Unix(path) => begin(TokioIo::new(UnixStream::connect(path).await?)).await,
        }
    }
}

async fn begin<IO>(io: IO) -> Result<Connection, NoReply>
where
    IO: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(io).await?;
    tokio::spawn(connection);
    Ok(sender)
}

impl Asking<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        self.request.headers_mut().insert(name, value);
        self
    }

    /// With an `idempotency-key`.
    pub(crate) fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// With these bytes, called JSON.
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        let json = HeaderValue::from_static("application/json");
        self.request.headers_mut().entry(CONTENT_TYPE).or_insert(json);
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    /// The answer; a test fails here when there is none.
    pub(crate) async fn send(self) -> Reply {
        let asked = format!("{} {}", self.request.method(), self.request.uri());
        self.try_send().await.unwrap_or_else(|NoReply(why)| panic!("{asked}: {why}"))
    }

    /// The answer, if the server gives one.
    pub(crate) async fn try_send(self) -> Result<Reply, NoReply> {
        let exchange = async {
            let asked = format!("{} {}", self.request.method(), self.request.uri());
            let mut connection = self.client.connection().await?;
            let (head, body) = connection.send_request(self.request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            self.client.idle.lock().unwrap().push(connection);
            Ok(Reply { status: head.status.as_u16(), headers: head.headers, body, asked })
        };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err(NoReply("no answer in time".into())))
    }
}
