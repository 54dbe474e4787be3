//! The server that is listened to.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use postrider_egress::{Client, Failure as SendFailure, Target};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::Arguments;
use super::cursor::Since;
use super::events::{Event, Parser};
use super::target::policy;
use crate::app::Reply;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::instance::accept;
use crate::cli::server;

/// How long a server may take to begin an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may say nothing: two signs of life and a half.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// Bytes of an answer that is no stream.
const ANSWER_BYTES: usize = 256 * 1024;

/// Why the server cannot be listened to. What passes by itself is tried again.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may work in a while.
    Passing(String),
    /// It will not.
    Lasting(Failure),
}

/// See the module's documentation.
pub(super) struct Server {
    client: Client,
    base: Url,
    key: HeaderValue,
    /// What is asked for, but for where to begin.
    query: Vec<(&'static str, String)>,
    pub(super) since: Since,
}

/// What comes, until the connection ends.
pub(super) struct Events {
    body: Incoming,
    parser: Parser,
}

impl Server {
    pub(super) fn new(arguments: &Arguments, since: Since) -> Result<Self, Failure> {
        let client = Client::new(policy(true));
        let base = Url::parse(&arguments.server).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("--server {:?} is no URL such as {}", arguments.server, super::SERVER),
            )
        })?;
        let mut query: Vec<(&'static str, String)> = Vec::new();
        query.extend(arguments.source.iter().map(|source| ("source", source.clone())));
        query.extend(arguments.types.iter().map(|kind| ("types", kind.clone())));
        query.extend(arguments.group.iter().map(|group| ("group", group.clone())));
        query.extend(arguments.name.iter().map(|name| ("name", name.clone())));
        query.extend(arguments.duplicates.then(|| ("duplicates", "true".to_owned())));
        query.extend(arguments.sync.then(|| ("sync", "true".to_owned())));
        Ok(Self { client, base, key: key(arguments)?, query, since })
    }

    #[cfg(test)]
    pub(super) fn of_test(base: &str) -> Self {
        let (base, key) = (Url::parse(base).unwrap(), HeaderValue::from_static("Bearer key"));
        Self { client: Client::new(policy(true)), base, key, query: Vec::new(), since: Since::Last }
    }

    /// Begins to listen from `since` on.
    pub(super) async fn listen(&self, since: &str) -> Result<Events, Trouble> {
        let mut url = self.url("/ingest/api/v1/listen");
        url.query_pairs_mut().extend_pairs(&self.query).append_pair("since", since);
        let target = Self::target(&url).map_err(Trouble::Lasting)?;
        let connecting = self.client.open(&target, PATIENCE).await;
        let line = connecting.map_err(|failure| match failure {
            refused @ SendFailure::Blocked(_) => {
                Trouble::Lasting(Failure::new(Exit::Usage, format!("--server: {refused}")))
            }
            failure => Trouble::Passing(format!("the server cannot be reached: {failure}")),
        })?;
        let passing = |error: hyper::Error| Trouble::Passing(error.to_string());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(line)).await.map_err(passing)?;
        // It ends with the answer's body, or when the sender is gone.
        tokio::spawn(connection);
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let request = Request::builder()
            .uri(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
            .header(HOST, host)
            .header(ACCEPT, "text/event-stream")
            .header(AUTHORIZATION, self.key.clone())
            .body(Empty::<Bytes>::new());
        let request = request.map_err(|error| Trouble::Lasting(Failure::from(error)))?;
        let answer = timeout(PATIENCE, sender.send_request(request)).await;
        let answer = answer.map_err(|_| Trouble::Passing("the server does not answer".to_owned()))?;
        let (head, body) = answer.map_err(passing)?.into_parts();
        if head.status == StatusCode::OK {
            return Ok(Events { body, parser: Parser::default() });
        }
        let body = timeout(PATIENCE, Limited::new(body, ANSWER_BYTES).collect()).await;
        let body =
            body.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(refusal(head.status, &body))
    }

    /// Tells what became of a request; whether a provider got the answer.
    pub(super) async fn acknowledge(&self, ack: &Value) -> Result<bool, String> {
        let target =
            Self::target(&self.url("/ingest/api/v1/listen/ack")).map_err(|failure| failure.to_string())?;
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, self.key.clone()), (CONTENT_TYPE, json)]);
        let body = Bytes::from(ack.to_string());
        let request =
            postrider_egress::Request { partition: 0, target: &target, headers, body, deadline: PATIENCE };
        let exchange = self.client.repeat(Method::POST, request).await;
        let answer = exchange.result.map_err(|failure| failure.to_string())?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.status {
            200 => Ok(told["answered"] == true),
            status => Err(format!("{status} {}", told["detail"])),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        url
    }

    fn target(url: &Url) -> Result<Target, Failure> {
        let target = Target::parse(url.as_str(), &policy(true));
        target.map_err(|refused| Failure::new(Exit::Usage, format!("--server: {refused}")))
    }
}

impl Events {
    /// The next event. The error says how the connection ended.
    pub(super) async fn next(&mut self) -> Result<Event, String> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(event);
            }
            let frame = timeout(SILENCE_MAX, self.body.frame()).await;
            let frame = frame.map_err(|_| "the server is silent".to_owned())?;
            let frame = frame.ok_or("the server ended the connection")?.map_err(|error| error.to_string())?;
            if let Some(data) = frame.data_ref() {
                self.parser.feed(data).map_err(|endless| endless.to_string())?;
            }
        }
    }
}

/// The answer to a listener that is not let in.
fn refusal(status: StatusCode, body: &[u8]) -> Trouble {
    let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let Err(failure) = accept(Reply::new(status, body)) else {
        return Trouble::Passing(format!("the server answers {status}"));
    };
    if passes { Trouble::Passing(failure.to_string()) } else { Trouble::Lasting(failure) }
}

/// The key, as a header's value that shows in no log.
fn key(arguments: &Arguments) -> Result<HeaderValue, Failure> {
    let key = server::key(arguments.key_file.as_deref(), arguments.key.clone())?;
    let value = HeaderValue::try_from(format!("Bearer {}", key.expose()));
    let mut value = value.map_err(|_| Failure::new(Exit::Auth, "the key has characters that no key has"))?;
    value.set_sensitive(true);
    Ok(value)
}
