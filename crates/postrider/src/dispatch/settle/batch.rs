//! One batch: what a transaction records, and who is told of it.

use std::sync::Arc;

use postrider_core::id::AppId;
use postrider_core::scope::SystemScope;
use postrider_store::{EndpointMark, Error, Mark, Settled, Settlement, Then};
use tokio::sync::oneshot;

use super::{ASK_AGAIN, Outcome, Released};
use crate::context::Context;

/// Outcomes that are recorded together.
#[derive(Default)]
pub(super) struct Batch {
    settlements: Vec<Settlement>,
    marks: Vec<(AppId, EndpointMark)>,
    released: Vec<Released>,
    awaited: Vec<oneshot::Sender<()>>,
}

/// Outcomes that the store would not record, for a reason that asking again does not mend.
pub(super) struct Refused {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) error: Error,
}

impl Batch {
    pub(super) fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut batch = Self::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Attempted(settlement) => batch.settlements.push(*settlement),
                Outcome::Noted { app, mark } => batch.marks.push((app, mark)),
                Outcome::Released(released) => batch.released.extend(released),
                Outcome::Awaited(done) => batch.awaited.push(done),
            }
        }
        batch
    }

    /// Records everything, waiting for a store that is full or overloaded; gives back what is refused. An error is
    /// final.
    pub(super) async fn settle(self, context: &Context) -> Result<Option<Refused>, Error> {
        let Self { settlements, marks, released, awaited } = self;
        let unsettled = settle(context, settlements, marks).await?;
        let unreleased = release(context, released).await?;
        for done in awaited {
            // Whoever waited may have gone away.
            done.send(()).ok();
        }
        Ok(match (unsettled, unreleased) {
            (Some(mut unsettled), Some(unreleased)) => {
                unsettled.outcomes.extend(unreleased.outcomes);
                Some(unsettled)
            }
            (unsettled, unreleased) => unsettled.or(unreleased),
        })
    }
}

async fn settle(
    context: &Context,
    settlements: Vec<Settlement>,
    marks: Vec<(AppId, EndpointMark)>,
) -> Result<Option<Refused>, Error> {
    if settlements.is_empty() && marks.is_empty() {
        return Ok(None);
    }
    let settlements = Arc::new(settlements);
    let noted: Vec<EndpointMark> = marks.iter().map(|(_, mark)| *mark).collect();
    let settled =
        persist(|| context.store.settle(SystemScope::assume(), Arc::clone(&settlements), noted.clone()));
    match settled.await? {
        Ok(settled) => {
            for (settlement, settled) in settlements.iter().zip(settled) {
                follow_up(context, settlement, settled);
            }
            for (app, mark) in marks {
                after_mark(context, app, mark);
            }
            Ok(None)
        }
        Err(error) => {
            let settlements = Arc::unwrap_or_clone(settlements).into_iter();
            let attempted = settlements.map(|settlement| Outcome::Attempted(Box::new(settlement)));
            let noted = marks.into_iter().map(|(app, mark)| Outcome::Noted { app, mark });
            Ok(Some(Refused { outcomes: noted.chain(attempted).collect(), error }))
        }
    }
}

async fn release(context: &Context, released: Vec<Released>) -> Result<Option<Refused>, Error> {
    if released.is_empty() {
        return Ok(None);
    }
    let held: Vec<_> = released.iter().map(|released| (released.message, released.endpoint)).collect();
    match persist(|| context.store.release(SystemScope::assume(), held.clone())).await? {
        Ok(()) => {
            // The lane may have looked into the store before they were there again: it was enabled meanwhile.
            for Released { app, endpoint, due, .. } in released {
                context.lanes.waiting(app, endpoint, due);
            }
            Ok(None)
        }
        Err(error) => Ok(Some(Refused { outcomes: vec![Outcome::Released(released)], error })),
    }
}

/// Repeats `act` while the store is full or overloaded. The outer error is final: the store is broken or closed. The
/// inner one is about what it was asked to do.
async fn persist<T, F: Future<Output = Result<T, Error>>>(
    act: impl Fn() -> F,
) -> Result<Result<T, Error>, Error> {
    loop {
        match act().await {
            Err(error @ (Error::Broken(_) | Error::Closed)) => return Err(error),
            Err(error @ (Error::Full | Error::Overloaded { .. } | Error::Unknown)) => {
                tracing::warn!(%error, "failed to record outcomes; trying again");
                tokio::time::sleep(ASK_AGAIN).await;
            }
            done => return Ok(done),
        }
    }
}

fn follow_up(context: &Context, settlement: &Settlement, settled: Settled) {
    let app = settlement.app;
    let endpoint = settlement.attempt.endpoint;
    match settled {
        Settled::Stale => {
            tracing::warn!(%endpoint, "an outcome came for a delivery that is not ours any more");
        }
        Settled::Recorded { held, waiting } => {
            if let Then::Waiting { due } = settlement.then {
                context.lanes.waiting(app, endpoint, due);
            }
            if let Some(due) = waiting {
                context.lanes.waiting(app, endpoint, due);
            }
            if let Some(work) = held {
                context.lanes.adopt(work);
            }
        }
    }
}

fn after_mark(context: &Context, app: AppId, mark: EndpointMark) {
    if let Mark::Disabled { reason, .. } = mark.mark {
        tracing::warn!(app = %app, endpoint = %mark.endpoint, ?reason, "disabled an endpoint");
        context.directory.forget(app);
        context.lanes.changed(app, mark.endpoint);
    }
}
