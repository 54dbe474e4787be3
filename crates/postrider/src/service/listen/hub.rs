//! Who listens on this node: how receiving tells them that there is something, and how their answers come back.
//!
//! Cheap when nobody listens: telling is then one look at a counter. What listeners answer is waited for by the request of
//! the provider itself, for a bounded time and by a bounded number of requests; beyond that, and without an answer, the
//! provider hears what it expects.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use postrider_core::id::{AppId, EnvironmentId, MessageId};
use postrider_store::listen::MemberKey;
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::ack::LocalAnswer;
use super::selection::{Selection, wants_type};
use crate::service::memory::{Held, Memory};

/// Listeners of one environment.
const OF_ENVIRONMENT: usize = 64;
/// Listeners in all.
const IN_ALL: usize = 512;
/// Bytes that all listeners together may have been given and not taken.
const MEMORY: usize = 128 * 1024 * 1024;
/// Notices that a listener may be behind. One that missed some looks at everything.
const NOTICES: usize = 1_024;
/// Requests of providers that wait for an answer at a time.
const WAITING: usize = 64;
/// How long one waits: less than what any provider waits for us.
const WAIT: Duration = Duration::from_secs(8);

/// Something that listeners may want to look at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice {
    /// A source has received something.
    Received(EnvironmentId, AppId),
    /// A member has a hand free.
    Acknowledged(MemberKey),
}

/// See the module's documentation.
pub struct Listeners(Arc<Hub>);

struct Hub {
    notices: broadcast::Sender<Notice>,
    places: Mutex<HashMap<EnvironmentId, usize>>,
    answering: Mutex<HashMap<u64, Answering>>,
    waiting: Mutex<HashMap<MessageId, Waiting>>,
    next: AtomicU64,
    memory: Memory,
    stop: CancellationToken,
}

/// A listener that answers providers.
struct Answering {
    environment: EnvironmentId,
    /// Empty for all.
    apps: Vec<AppId>,
    types: Vec<String>,
}

struct Waiting {
    environment: EnvironmentId,
    answer: oneshot::Sender<Option<LocalAnswer>>,
}

/// A listener's place, free again on drop.
pub(super) struct Place {
    hub: Arc<Hub>,
    environment: EnvironmentId,
    answering: Option<u64>,
}

/// An answer that is waited for.
pub struct Awaited {
    hub: Arc<Hub>,
    message: MessageId,
    answer: oneshot::Receiver<Option<LocalAnswer>>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self(Arc::new(Hub {
            notices: broadcast::Sender::new(NOTICES),
            places: Mutex::default(),
            answering: Mutex::default(),
            waiting: Mutex::default(),
            next: AtomicU64::new(0),
            memory: Memory::new(MEMORY),
            stop: CancellationToken::new(),
        }))
    }
}

impl Listeners {
    /// Tells whoever listens that the source with this hidden application has received something.
    pub fn tell(&self, environment: EnvironmentId, app: AppId) {
        self.notify(Notice::Received(environment, app));
    }

    /// Ends all listening, for good.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }

    /// Ends with [`Listeners::stop`].
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    /// To be called before listeners are told of the message: its answer, if a listener on this node is there to give
    /// one.
    #[must_use]
    pub fn expect(
        &self,
        (environment, app): (EnvironmentId, AppId),
        event_type: &str,
        message: MessageId,
    ) -> Option<Awaited> {
        let is_answered = |one: &Answering| {
            one.environment == environment
                && (one.apps.is_empty() || one.apps.contains(&app))
                && wants_type(&one.types, event_type)
        };
        if !self.0.answering.lock().values().any(is_answered) {
            return None;
        }
        let mut waiting = self.0.waiting.lock();
        if waiting.len() >= WAITING {
            return None;
        }
        let (sender, answer) = oneshot::channel();
        waiting.insert(message, Waiting { environment, answer: sender });
        Some(Awaited { hub: Arc::clone(&self.0), message, answer })
    }

    pub(super) fn awaits(&self, message: MessageId) -> bool {
        self.0.waiting.lock().contains_key(&message)
    }

    pub(super) fn acknowledged(&self, member: MemberKey) {
        self.notify(Notice::Acknowledged(member));
    }

    /// Hands an answer to the request that waits for it; whether one did.
    pub(super) fn answer(&self, environment: EnvironmentId, message: MessageId, answer: LocalAnswer) -> bool {
        self.end_wait(environment, message).is_some_and(|waiting| waiting.answer.send(Some(answer)).is_ok())
    }

    /// Ends the wait for an answer that will not come.
    pub(super) fn no_answer(&self, environment: EnvironmentId, message: MessageId) {
        if let Some(waiting) = self.end_wait(environment, message) {
            waiting.answer.send(None).ok();
        }
    }

    fn end_wait(&self, environment: EnvironmentId, message: MessageId) -> Option<Waiting> {
        let mut waiting = self.0.waiting.lock();
        let is_its = waiting.get(&message).is_some_and(|one| one.environment == environment);
        is_its.then(|| waiting.remove(&message)).flatten()
    }

    fn notify(&self, notice: Notice) {
        if self.0.notices.receiver_count() > 0 {
            self.0.notices.send(notice).ok();
        }
    }

    /// Memory for what a listener is given, if there is any just now. One that is too large for all of it gets what there
    /// may be.
    pub(super) fn room(&self, bytes: usize) -> Option<Held> {
        let mut held = self.0.memory.hold();
        held.grow(bytes.min(MEMORY / 2)).ok()?;
        Some(held)
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.0.notices.subscribe()
    }

    /// A place for a listener of the environment, if there is one.
    pub(super) fn place(&self, environment: EnvironmentId) -> Result<Place, Error> {
        if self.0.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        let mut places = self.0.places.lock();
        if places.values().sum::<usize>() >= IN_ALL {
            return Err(Error::TooMany { limit: IN_ALL });
        }
        let own = places.entry(environment).or_default();
        if *own >= OF_ENVIRONMENT {
            return Err(Error::TooMany { limit: OF_ENVIRONMENT });
        }
        *own += 1;
        Ok(Place { hub: Arc::clone(&self.0), environment, answering: None })
    }
}

impl Place {
    /// Notes that this listener answers providers.
    pub(super) fn answers(&mut self, selection: &Selection) {
        let number = self.hub.next.fetch_add(1, Ordering::Relaxed);
        let named = selection.sources.iter().filter(|_| !selection.is_of_all());
        let answering = Answering {
            environment: self.environment,
            apps: named.map(|heard| heard.scope.app()).collect(),
            types: selection.wanted.types.clone(),
        };
        self.hub.answering.lock().insert(number, answering);
        self.answering = Some(number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(number) = self.answering {
            self.hub.answering.lock().remove(&number);
        }
        let mut places = self.hub.places.lock();
        if let Some(own) = places.get_mut(&self.environment) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.environment);
            }
        }
    }
}

impl Awaited {
    /// The answer; `None` when there is none in time.
    pub async fn wait(mut self) -> Option<LocalAnswer> {
        let stop = self.hub.stop.clone();
        tokio::select! {
            answer = tokio::time::timeout(WAIT, &mut self.answer) => answer.ok()?.ok()?,
            () = stop.cancelled() => None,
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.hub.waiting.lock().remove(&self.message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_ceilings_and_are_free_again() {
        let listeners = Listeners::default();
        let environment = |number: u8| EnvironmentId::from_bytes([number; 20]);
        let take = |number| listeners.place(environment(number));
        let mut held: Vec<_> = (0..OF_ENVIRONMENT).map(|_| take(0).ok().unwrap()).collect();
        assert!(matches!(take(0), Err(Error::TooMany { limit: OF_ENVIRONMENT })));
        for number in 1..8 {
            held.extend((0..OF_ENVIRONMENT).map(|_| take(number).ok().unwrap()));
        }
        assert!(matches!(take(9), Err(Error::TooMany { limit: IN_ALL })));
        drop(held);
        assert!(take(0).is_ok());
        listeners.stop();
        assert!(matches!(take(0), Err(Error::Stopping)));
    }

    #[test]
    fn what_is_not_taken_has_a_ceiling_and_small_things_have_room_beside_it() {
        let listeners = Listeners::default();
        let large = listeners.room(usize::MAX).expect("the largest of all goes, too");
        assert!(listeners.room(MEMORY / 2).is_none());
        assert!(listeners.room(1_024).is_some());
        drop(large);
        assert!(listeners.room(MEMORY / 2).is_some());
    }

    #[tokio::test]
    async fn an_answer_reaches_who_waits_for_it_and_nobody_else() {
        let listeners = Listeners::default();
        let (environment, app) = (EnvironmentId::from_bytes([1; 20]), AppId::from_bytes([2; 20]));
        let message = MessageId::from_bytes([3; 20]);
        let expect = || listeners.expect((environment, app), "push", message);
        assert!(expect().is_none(), "nobody answers");
        let types = vec!["pus*".to_owned()];
        listeners.0.answering.lock().insert(0, Answering { environment, apps: vec![app], types });
        assert!(listeners.expect((environment, app), "issues", message).is_none());
        let answer = || LocalAnswer { status: 200, headers: Vec::new(), body: bytes::Bytes::new() };
        let awaited = expect().unwrap();
        assert!(listeners.awaits(message));
        let other = EnvironmentId::from_bytes([9; 20]);
        assert!(!listeners.answer(other, message, answer()), "of another environment");
        assert!(listeners.answer(environment, message, answer()));
        assert!(!listeners.answer(environment, message, answer()), "once");
        assert_eq!(awaited.wait().await.unwrap().status, 200);
        let awaited = expect().unwrap();
        listeners.no_answer(environment, message);
        assert!(awaited.wait().await.is_none());
        drop(expect().unwrap());
        assert!(!listeners.awaits(message), "who is gone waits no more");
    }
}
