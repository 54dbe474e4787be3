//! A server that is named by its URL, wherever it is, and asked with an API key. The one of this machine that holds a data
//! directory is asked over its control socket instead ([`remote`](super::remote)).

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use postrider_egress::{Client, Policy, Settings, Target};
use serde_json::Value;
use url::Url;

use crate::app::Reply;
use crate::config::Secret;

use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::instance;
use super::verify::given::bounded;

/// For the connection, and then for the answer. What is asked for takes no longer than a list.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of one answer.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a file with a key.
const KEY_BYTES: u64 = 4 * 1024;

const NO_KEY: &str = "give an API key with --key-file, or in the variable POSTRIDER_KEY";

/// See the module's documentation.
pub(super) struct Server {
    client: Client,
    target: Target,
    /// The path of its URL, without a slash at the end.
    prefix: String,
    host: String,
    key: Secret,
}

impl Server {
    /// The server at `url`, asked with this key.
    pub(super) fn new(url: &str, key: Secret) -> Result<Self, Failure> {
        let parsed: Url = url.parse().with_context(|| format!("{url:?} is no URL")).or_exit(Exit::Usage)?;
        // Whoever gives the address of a server means that one, wherever it is.
        let everywhere: [IpNet; 2] = [Ipv4Net::default().into(), Ipv6Net::default().into()];
        let settings = Settings { allow: everywhere.into(), ..Settings::default() };
        let policy = Policy::new(settings).expect("no NAT64 prefix is set");
        let target = Target::parse(url, &policy).or_exit(Exit::Usage)?;
        let host = &parsed[url::Position::BeforeHost..url::Position::AfterPort];
        let prefix = parsed.path().trim_end_matches('/').to_owned();
        Ok(Self { client: Client::new(policy), target, prefix, host: host.to_owned(), key })
    }

    /// Asks, and gives the body of a good answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        instance::accept(self.ask(method, path, body).await?)
    }

    /// Asks, and gives the answer, good or not.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let reply = tokio::time::timeout(PATIENCE, self.exchange(method, path, body)).await;
        let reply = reply.context("the server does not answer in time").and_then(|reply| reply);
        reply.or_exit(Exit::Unavailable)
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Reply> {
        let line = self.client.open(&self.target, PATIENCE).await.context("the server cannot be reached")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(line)).await?;
        // It ends with the answer, or when the sender is gone.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.key.expose()))
            .body(Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default())))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
        Ok(Reply::new(status, &body.map_err(|error| anyhow::anyhow!(error))?.to_bytes()))
    }
}

/// The key from the file, or else as it is given.
pub(super) fn key(file: Option<&Path>, given: Option<Secret>) -> Result<Secret, Failure> {
    let Some(path) = file else {
        return given.ok_or_else(|| Failure::new(Exit::Auth, "a key is needed").with_hint(Some(NO_KEY)));
    };
    let read = File::open(path).and_then(|file| bounded(file, KEY_BYTES));
    let bytes =
        read.with_context(|| format!("read the key from {}", path.display())).or_failed_to(Exit::Usage)?;
    let text = String::from_utf8(bytes)
        .with_context(|| format!("{} has no key", path.display()))
        .or_exit(Exit::Usage)?;
    Ok(Secret::from(text.trim().to_owned()))
}
