//! The sending half of the relay: one attempt a message over a few kept connections.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::{Semaphore, mpsc},
    time::timeout,
};

use super::Message;
use crate::{signature::Secret, target::Target};

/// Deliveries under way at once, and so the most connections.
const IN_FLIGHT_LIMIT: usize = 64;
/// Longest attempt, from connecting to the last byte of the answer.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(15);

type Connection = SendRequest<Full<Bytes>>;

struct Sender {
    destination: Target,
    secret: Secret,
    idle: Mutex<Vec<Connection>>,
}

/// Sends what is queued until the queue closes.
pub(super) async fn all(mut queued: mpsc::Receiver<Message>, destination: Target, secret: Secret) {
    let sender = Arc::new(Sender { destination, secret, idle: Mutex::default() });
    let slots = Arc::new(Semaphore::new(IN_FLIGHT_LIMIT));
    while let Some(message) = queued.recv().await {
        let slot = Arc::clone(&slots).acquire_owned().await.expect("the semaphore is never closed");
        let sender = Arc::clone(&sender);
        tokio::spawn(async move {
            // One attempt and no memory of it: the receiver counts what is missing.
            let _ = timeout(ATTEMPT_LIMIT, sender.attempt(message)).await;
            drop(slot);
        });
    }
}

impl Sender {
    async fn attempt(&self, message: Message) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut connection = self.connection().await?;
        let answer = connection.send_request(self.request(message)?).await?;
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        // The connection is told of the end of the body a moment later; only then may it be used again.
        connection.ready().await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(())
    }

    async fn connection(&self) -> Result<Connection, Box<dyn Error + Send + Sync>> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = kept.filter(SendRequest::is_ready) {
            return Ok(connection);
        }
        let stream = self.destination.address().connect().await?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        // The driver ends with the last handle to the connection.
        tokio::spawn(driver);
        Ok(connection)
    }

    fn request(&self, message: Message) -> http::Result<Request<Full<Bytes>>> {
        let timestamp = unix_seconds();
        let signature = self.secret.sign(&message.id, timestamp, &message.payload);
        Request::post(self.destination.path())
            .header(header::HOST, self.destination.address().addr().to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Full::new(message.payload))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the relay is a program of its own, with no clock to be handed"
)]
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
