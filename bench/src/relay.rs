//! The relay: accept a message, sign it, send it, read the answer, and store nothing.
//!
//! It is the limit: what a sender could do on this machine if durability, routing, retries and history cost
//! nothing. It is built as a sender would be, on hyper both ways, with a bounded queue and bounded sending.
//! It takes the same publish call on every path, and delivers the payload byte for byte.
//!
//! Deliberately absent: everything that needs memory of a message after its one attempt.

mod send;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::sleep};

use crate::{signature::Secret, target::Target};

/// Messages accepted and not yet being sent; past it the publisher waits.
const QUEUE_LIMIT: usize = 65_536;
/// Largest publish request.
const BODY_LIMIT: usize = 1024 * 1024;
/// Most publishing connections.
const CONNECTIONS_LIMIT: usize = 4096;
/// Pause after a failed accept: without file descriptors the next one fails at once too.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// The publish call, as far as the relay reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Publish<'a> {
    event_type: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// What is delivered.
struct Message {
    id: String,
    payload: Bytes,
}

struct Intake {
    queue: mpsc::Sender<Message>,
    next_id: AtomicU64,
}

/// Serves until dropped.
pub async fn serve(listener: TcpListener, destination: Target, secret: Secret) -> Infallible {
    let (queue, queued) = mpsc::channel(QUEUE_LIMIT);
    let intake = Arc::new(Intake { queue, next_id: AtomicU64::new(1) });
    // Owning the tasks here ends them with the relay; attempts under way end within their own limit.
    let mut tasks = JoinSet::new();
    tasks.spawn(send::all(queued, destination, secret));
    loop {
        tokio::select! {
            accepted = listener.accept(), if tasks.len() < CONNECTIONS_LIMIT => {
                let Ok((stream, _)) = accepted else {
                    sleep(ACCEPT_AGAIN_AFTER).await;
                    continue;
                };
                // Only speed hangs on it.
                let _ = stream.set_nodelay(true);
                let intake = Arc::clone(&intake);
                tasks.spawn(async move {
                    let service = service_fn(move |request| accept(Arc::clone(&intake), request));
                    // A publisher that breaks off is no concern of the relay.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn accept(
    intake: Arc<Intake>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match publish(&intake, request).await {
        Ok(body) => (StatusCode::ACCEPTED, body),
        Err(status) => (status, "{}".to_owned()),
    };
    let response = Response::builder().status(status).header(http::header::CONTENT_TYPE, "application/json");
    Ok(response.body(Full::from(body)).expect("constant headers are valid"))
}

async fn publish(intake: &Intake, request: Request<Incoming>) -> Result<String, StatusCode> {
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let collected = Limited::new(request.into_body(), BODY_LIMIT).collect().await;
    let body = collected.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
    let publish: Publish<'_> = serde_json::from_slice(&body).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let id = format!("msg_{}", intake.next_id.fetch_add(1, Relaxed));
    let answer = format!(r#"{{"id":"{id}","eventType":"{}"}}"#, publish.event_type);
    let payload = body.slice_ref(publish.payload.get().as_bytes());
    intake.queue.send(Message { id, payload }).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(answer)
}
