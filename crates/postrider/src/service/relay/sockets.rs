//! Sockets: a listener has a token, and answers the requests that come to it.
//!
//! A token is made by its client. It begins as no address of a source can (`is_token`), so that both live below one path.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_core::inbound::Reply;
use postrider_core::rng::Rng;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::NoRoom;
use crate::service::listen::{LocalAnswer, reply};

/// Sockets at a time.
const SOCKETS: usize = 256;
/// Requests that wait for one socket to take them.
const QUEUE: usize = 16;
/// How long a request waits for its answer.
const WAIT: Duration = Duration::from_secs(20);
/// What a token begins with.
const PREFIX: &str = "c_";
/// Characters behind it.
const CHARS: std::ops::RangeInclusive<usize> = 10..=29;

/// Whether `text` is a token of a socket. No address of a source is, which has 32 characters.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let rest = text.strip_prefix(PREFIX);
    rest.is_some_and(|rest| {
        CHARS.contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The token is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is in use")]
pub struct InUse;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncalled {
    /// Nobody has the token.
    #[error("nobody listens there")]
    Nobody,
    /// Too much waits for the listener already.
    #[error("the listener has too much to do")]
    Busy,
    /// The listener gave no answer in time.
    #[error("the listener did not answer")]
    Silent,
}

/// A request for a listener.
#[derive(Debug)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// Where the answer goes.
    pub answer: oneshot::Sender<LocalAnswer>,
}

/// A token that was claimed: the requests that come to it.
pub type Claimed = mpsc::Receiver<Call>;

/// Room for one socket, whether it has a token already or not. It is free again on drop.
pub struct SocketPlace(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// See the module's documentation.
pub struct Sockets {
    held: Arc<Mutex<HashMap<String, mpsc::Sender<Call>>>>,
    places: Arc<Semaphore>,
    rng: Arc<dyn Rng>,
}

/// A listener's token. It is free again on drop.
pub struct Socket {
    held: Arc<Mutex<HashMap<String, mpsc::Sender<Call>>>>,
    token: String,
}

impl Sockets {
    pub(super) fn new(rng: Arc<dyn Rng>) -> Self {
        Self { held: Arc::default(), places: Arc::new(Semaphore::new(SOCKETS)), rng }
    }

    /// Makes room for a listener.
    pub fn place(&self) -> Result<SocketPlace, NoRoom> {
        Arc::clone(&self.places).try_acquire_owned().map(SocketPlace).map_err(|_| NoRoom)
    }

    /// Gives a token to a listener, which has a place.
    pub fn claim(&self, token: &str) -> Result<(Socket, Claimed), InUse> {
        let mut held = self.held.lock();
        if held.contains_key(token) {
            return Err(InUse);
        }
        let (sender, calls) = mpsc::channel(QUEUE);
        held.insert(token.to_owned(), sender);
        Ok((Socket { held: Arc::clone(&self.held), token: token.to_owned() }, calls))
    }

    /// Whether somebody has the token.
    #[must_use]
    pub fn is_held(&self, token: &str) -> bool {
        self.held.lock().contains_key(token)
    }

    /// Hands a request to who has the token, and waits for the answer. Of that only what nothing runs goes back.
    pub async fn call(
        &self,
        token: &str,
        method: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Reply, Uncalled> {
        let sender = self.held.lock().get(token).cloned().ok_or(Uncalled::Nobody)?;
        let (answer, answered) = oneshot::channel();
        let mut random = [0; 8];
        self.rng.fill(&mut random);
        let id = format!("{:016x}", u64::from_be_bytes(random));
        sender.try_send(Call { id, method, headers, body, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Uncalled::Busy,
            mpsc::error::TrySendError::Closed(_) => Uncalled::Nobody,
        })?;
        match tokio::time::timeout(WAIT, answered).await {
            Ok(Ok(answer)) => Ok(reply(answer)),
            Ok(Err(_)) | Err(_) => Err(Uncalled::Silent),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.held.lock().remove(&self.token);
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::rng::TestRng;
    use postrider_core::source::IngestToken;

    use super::*;

    #[test]
    fn no_address_of_a_source_is_a_token() {
        for (text, expected) in [
            ("c_AbCdEfGh12", true),
            ("c_AbCdEfGhIjKlMnOpQrStUvWxYz123", true),
            ("c_short", false),
            ("AbCdEfGh1234", false),
            ("c_AbCdEfGh1-", false),
            (&format!("c_{}", "a".repeat(30)), false),
        ] {
            assert_eq!(is_token(text), expected, "{text}");
            assert!(!expected || !IngestToken::is_possible(text), "{text}");
        }
    }

    #[test]
    fn places_have_a_ceiling() {
        let sockets = Sockets::new(Arc::new(TestRng::seed(1)));
        let mut held: Vec<_> = (0..SOCKETS).map(|_| sockets.place().unwrap()).collect();
        assert_eq!(sockets.place().err(), Some(NoRoom));
        held.pop();
        sockets.place().expect("one has gone");
    }

    #[tokio::test]
    async fn one_has_a_token_until_it_goes() {
        let sockets = Sockets::new(Arc::new(TestRng::seed(1)));
        let call = || sockets.call("c_AbCdEfGh12", "POST".into(), Vec::new(), Bytes::new());
        assert_eq!(call().await.unwrap_err(), Uncalled::Nobody);
        let (socket, mut calls) = sockets.claim("c_AbCdEfGh12").unwrap();
        assert_eq!(sockets.claim("c_AbCdEfGh12").err(), Some(InUse));
        let answering = async {
            let call = calls.recv().await.unwrap();
            let answer = LocalAnswer { status: 201, headers: Vec::new(), body: Bytes::new() };
            call.answer.send(answer).unwrap();
        };
        assert_eq!(tokio::join!(call(), answering).0.unwrap().status, 201);
        drop(socket);
        assert_eq!(call().await.unwrap_err(), Uncalled::Nobody);
    }
}
