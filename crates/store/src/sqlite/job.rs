//! One verb on its way to the writer: what it does inside the transaction, and who waits for its outcome.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::handed::Held;
use super::queue::Queue;
use super::session::Session;
use crate::Error;
use crate::failure::Failure;

/// Whether a job is still done when the disk is nearly full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It adds something new, and is refused.
    Room,
    /// It ends or forgets something, and must go on.
    Little,
}

/// A verb as the writer sees it.
pub(super) trait Job: Send {
    /// Does it inside the open transaction. May be called again after a rollback. An error means that the transaction
    /// cannot be committed; a refusal is an outcome.
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Error>;
    /// Tells the caller the outcome of the last run, which is durable now.
    fn answer(self: Box<Self>, queue: &Arc<Queue>);
    /// Tells the caller that nothing happened.
    fn fail(self: Box<Self>, error: Error);
    /// Whether it waits for better times when the disk is full.
    fn need(&self) -> Need;
}

/// A job made of a closure.
pub(super) struct Act<F, T, U, E> {
    pub(super) need: Need,
    pub(super) run: F,
    /// Makes the answer of the outcome when it has become durable.
    pub(super) hand: fn(T, &Arc<Queue>) -> U,
    pub(super) outcome: Option<Result<T, E>>,
    pub(super) caller: oneshot::Sender<Result<U, E>>,
}

impl<F, T, U, E> Job for Act<F, T, U, E>
where
    F: FnMut(&mut Session<'_>) -> Result<T, E> + Send,
    T: Send,
    U: Send,
    E: Failure,
{
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        self.outcome = Some(match (self.run)(session).map_err(Failure::into_engine) {
            Ok(value) => Ok(value),
            Err(Err(refusal)) => Err(refusal),
            Err(Ok(error)) => return Err(error),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, queue: &Arc<Queue>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(Error::Closed.into()));
        // A caller that has gone does not want to know.
        let _ = self.caller.send(outcome.map(|value| (self.hand)(value, queue)));
    }

    fn fail(self: Box<Self>, error: Error) {
        let _ = self.caller.send(Err(error.into()));
    }

    fn need(&self) -> Need {
        self.need
    }
}

/// Puts deliveries back to waiting that a caller was given and never took.
pub(super) struct Release(pub(super) Vec<Held>);

impl Job for Release {
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        super::claim::release(session, &self.0)
    }

    fn answer(self: Box<Self>, _: &Arc<Queue>) {}

    fn fail(self: Box<Self>, error: Error) {
        // They stay held until the store is opened again, which is when they are taken over.
        tracing::error!(error = %error, deliveries = self.0.len(), "failed to put deliveries back");
    }

    fn need(&self) -> Need {
        Need::Little
    }
}
