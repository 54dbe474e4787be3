//! A running server of this machine, asked over its control socket or a loopback address.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

use crate::app::{CONTROL_SOCKET, Reply};

/// The longest that an answer may take to begin. Commands ask for nothing that takes long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of one answer.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// The server that holds this data directory, if one answers.
pub(crate) async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(data_dir.join(CONTROL_SOCKET)).await
}

/// Sends one request over a connection of its own; the answer's body is still to be read.
pub(crate) async fn send<S>(
    stream: S,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> anyhow::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer's body, or when the sender is gone.
    tokio::spawn(connection);
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header(AUTHORIZATION, format!("Bearer {key}"));
    }
    let request = request.body(Full::new(Bytes::from(text)))?;
    let answer = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
    Ok(answer.context("the server does not answer")??)
}

/// Sends one request and reads the answer.
pub(crate) async fn call<S>(
    stream: S,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> anyhow::Result<Reply>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let response = send(stream, method, path, key, body).await?;
    let status = response.status();
    let body = tokio::time::timeout(PATIENCE, Limited::new(response.into_body(), ANSWER_BYTES).collect())
        .await
        .context("the server's answer does not end")?
        .map_err(|error| anyhow::anyhow!(error))?;
    Ok(Reply::new(status, &body.to_bytes()))
}
