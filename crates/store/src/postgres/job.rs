//! What waits for the writers: acceptances and settlements, which are written many at once, and every other verb, each
//! in a transaction of its own.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use postrider_core::scope::AppScope;
use tokio::sync::oneshot;

use super::handed::{Handed, Held, Returns};
use super::session::Session;
use crate::failure::Failure;
use crate::{AcceptError, Acceptance, Accepted, EndpointMark, Error, Settled, Settlement};

/// Whether a job is still done when the disk is nearly full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It adds something new, and is refused.
    Room,
    /// It ends or forgets something, and must go on.
    Little,
}

/// A message to be accepted.
pub(super) struct Accept {
    pub(super) scope: AppScope,
    pub(super) acceptance: Acceptance,
    pub(super) caller: oneshot::Sender<Result<Handed<Accepted>, AcceptError>>,
}

/// Outcomes to be recorded.
pub(super) struct Settle {
    pub(super) settlements: Arc<Vec<Settlement>>,
    pub(super) marks: Vec<EndpointMark>,
    pub(super) caller: oneshot::Sender<Result<Handed<Vec<Settled>>, Error>>,
}

/// Any other verb, as the writer sees it.
#[async_trait]
pub(super) trait Job: Send {
    /// Does it inside the open transaction. May be called again after a rollback. An error means that the transaction
    /// cannot be committed; a refusal is an outcome.
    async fn run(&mut self, session: &Session) -> Result<(), Error>;
    /// Tells the caller the outcome of the last run, which is durable now.
    fn answer(self: Box<Self>, returns: &Arc<Returns>);
    /// Tells the caller that it failed. After [`Error::Unknown`] what the last run took for the caller is put back in
    /// case it was taken.
    fn fail(self: Box<Self>, error: Error, returns: &Arc<Returns>);
}

/// A verb on its way to a writer, of its arguments and a function.
pub(super) struct Act<A, T, U, E> {
    pub(super) args: A,
    pub(super) run: Run<A, T, E>,
    /// Makes the answer of the outcome when it has become durable.
    pub(super) hand: fn(T, &Arc<Returns>) -> U,
    pub(super) outcome: Option<Result<T, E>>,
    pub(super) caller: oneshot::Sender<Result<U, E>>,
}

/// What a verb does: a function and not a closure, so that it can run again with the same arguments.
pub(super) type Run<A, T, E> = for<'r> fn(&'r Session, &'r A) -> BoxFuture<'r, Result<T, E>>;

#[async_trait]
impl<A, T, U, E> Job for Act<A, T, U, E>
where
    A: Send + Sync + 'static,
    T: Send + 'static,
    U: Send + 'static,
    E: Failure,
{
    async fn run(&mut self, session: &Session) -> Result<(), Error> {
        self.outcome = Some(match (self.run)(session, &self.args).await.map_err(Failure::into_engine) {
            Ok(value) => Ok(value),
            Err(Err(refusal)) => Err(refusal),
            Err(Ok(error)) => return Err(error),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, returns: &Arc<Returns>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(Error::Closed.into()));
        // A caller that has gone does not want to know.
        let _ = self.caller.send(outcome.map(|value| (self.hand)(value, returns)));
    }

    fn fail(self: Box<Self>, error: Error, returns: &Arc<Returns>) {
        if matches!(error, Error::Unknown)
            && let Some(Ok(value)) = self.outcome
        {
            // Handed to nobody, it puts itself back.
            drop((self.hand)(value, returns));
        }
        let _ = self.caller.send(Err(error.into()));
    }
}

/// Puts deliveries back to waiting that a caller was given and never took.
pub(super) struct Release(pub(super) Vec<Held>);

#[async_trait]
impl Job for Release {
    async fn run(&mut self, session: &Session) -> Result<(), Error> {
        super::claim::release(session, &self.0).await
    }

    fn answer(self: Box<Self>, _: &Arc<Returns>) {}

    fn fail(self: Box<Self>, error: Error, returns: &Arc<Returns>) {
        tracing::warn!(error = %error, deliveries = self.0.len(), "failed to put deliveries back; trying again");
        returns.keep(self.0);
    }
}
