//! Accepting messages: the one act that a publisher's 2xx stands on, many at a time.
//!
//! First a [look](mod@look), in one round trip: which applications are there, which requests and event ids are known,
//! which orders have somebody in front. Then every acceptance of the batch is [decided](mod@decide) in turn, as if those
//! before it were written already; and then all of them are [written](mod@write) with COMMIT, in one round trip. What
//! another node does between the look and the writing breaks a unique constraint, and the batch runs again one by one.

use async_trait::async_trait;
use postrider_core::id::MessageId;
use postrider_core::scope::AppScope;

use super::handed::{Handed, Held};
use super::job::Accept;
use super::session::{Session, Shared};
use super::transaction::{End, Witness};
use super::writer::Batch;
use crate::{AcceptError, Acceptance, Accepted, Error, NewDelivery, Placement, crash};

mod decide;
mod look;
mod write;

/// What can be accepted: by itself, or as a part of something larger.
pub(super) trait Acceptable: Send + Sync {
    /// Whose message it is.
    fn scope(&self) -> AppScope;
    /// The message and where it goes.
    fn acceptance(&self) -> &Acceptance;
}

/// What became of an acceptance: refused, or placed, with what is held.
pub(super) type Outcome = Result<(Accepted, Vec<Held>), AcceptError>;

#[async_trait]
impl Batch for Accept {
    type Outcome = Outcome;

    async fn write(session: Session, jobs: &[Self]) -> Result<(Vec<Outcome>, End), Error> {
        let missing = session.shared.partitions.missing(jobs.iter().map(|job| job.message().row()));
        session.shared.partitions.make(&session.conn, missing).await?;
        let (seen, number) = match session.begin(Box::pin(look::look(&session, jobs))).await {
            Ok(begun) => begun,
            Err(error) => {
                session.roll_back().await;
                return Err(error);
            }
        };
        let outcomes = decide::all(jobs, seen, &session.shared.cluster);
        let accepted = accepted(jobs, &outcomes);
        let Some((first, _)) = accepted.first() else {
            session.roll_back().await;
            return Ok((outcomes, End::Committed));
        };
        let witness = Witness::Message(first.scope.app().row(), first.message().row());
        let columns = write::Columns::of(&session, &accepted);
        crash::point("accept.before_commit");
        let end = columns.commit(session, &number, witness).await?;
        Ok((outcomes, end))
    }

    fn answer(self, outcome: Outcome, shared: &Shared) {
        if let Ok((accepted, _)) = &outcome {
            self.tell_owners(accepted, shared);
        }
        // A caller that has gone does not want to know, and what was held for it is put back.
        let _ = self.caller.send(outcome.map(|accepted| Handed::new(accepted, &shared.returns)));
    }

    fn fail(self, error: Error, outcome: Option<Outcome>, shared: &Shared) {
        if let Some(Ok((_, held))) = outcome {
            shared.returns.put_back(held);
        }
        let _ = self.caller.send(Err(error.into()));
    }
}

/// Those that are not refused.
fn accepted<'b, A>(jobs: &'b [A], outcomes: &'b [Outcome]) -> Vec<(&'b A, &'b Accepted)> {
    let outcomes = jobs.iter().zip(outcomes);
    outcomes.filter_map(|(job, outcome)| Some((job, &outcome.as_ref().ok()?.0))).collect()
}

/// Accepts all of `jobs` inside an open transaction, or fails with what is wrong with the first that is refused.
pub(super) async fn in_transaction<A: Acceptable>(
    session: &Session,
    jobs: &[A],
) -> Result<Vec<(Accepted, Vec<Held>)>, AcceptError> {
    let seen = look::look(session, jobs).await?;
    let outcomes = decide::all(jobs, seen, &session.shared.cluster);
    if outcomes.iter().all(Result::is_ok) {
        write::Columns::of(session, &accepted(jobs, &outcomes)).write(session).await?;
    }
    outcomes.into_iter().collect()
}

impl Acceptable for Accept {
    fn scope(&self) -> AppScope {
        self.scope
    }

    fn acceptance(&self) -> &Acceptance {
        &self.acceptance
    }
}

impl Accept {
    fn message(&self) -> MessageId {
        self.acceptance.message.id
    }

    /// Tells other nodes what waits for them now. What is due later they find in time.
    fn tell_owners(&self, accepted: &Accepted, shared: &Shared) {
        for (delivery, placement) in self.acceptance.deliveries.iter().zip(&accepted.placements) {
            if matches!(placement, Placement::Waiting { due } if *due <= self.acceptance.now) {
                shared.hint(self.scope.app(), delivery.endpoint);
            }
        }
    }
}

/// About how much memory the acceptance keeps while it waits.
pub(super) fn size(acceptance: &Acceptance) -> usize {
    const FIXED: usize = 1_024;
    let payload = acceptance.message.payload.as_ref().map_or(0, |payload| payload.body.len());
    FIXED + payload + acceptance.deliveries.len() * size_of::<NewDelivery>()
}
