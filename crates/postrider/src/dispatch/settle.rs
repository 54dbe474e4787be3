//! Outcomes are recorded in batches: all that came while the store wrote the last batch is the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId, MessageId};
use postrider_core::scope::SystemScope;
use postrider_core::time::Timestamp;
use postrider_store::{EndpointMark, Error, Mark, Settled, Settlement, Then};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::context::Context;

/// Outcomes in one transaction.
const BATCH: usize = 1_024;
/// How long to wait before a store that cannot write is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(250);

enum Outcome {
    Attempted { app: AppId, settlement: Box<Settlement> },
    Noted { app: AppId, mark: EndpointMark },
    Released(Vec<Released>),
}

/// A delivery that goes back to the store.
#[derive(Debug, Clone, Copy)]
struct Released {
    app: AppId,
    message: MessageId,
    endpoint: EndpointId,
    due: Timestamp,
}

/// The way into settling. Cheap to clone; when the last one is dropped, settling ends after what is queued.
#[derive(Clone)]
pub(super) struct Settler {
    outcomes: mpsc::UnboundedSender<Outcome>,
    unsettled: Arc<AtomicUsize>,
}

impl Settler {
    pub(super) fn start(context: Context) -> (Self, JoinHandle<()>) {
        let (outcomes, inbox) = mpsc::unbounded_channel();
        let unsettled = Arc::new(AtomicUsize::new(0));
        let settling = tokio::spawn(settle_all(context, inbox, Arc::clone(&unsettled)));
        (Self { outcomes, unsettled }, settling)
    }

    /// Outcomes that the store has not recorded yet.
    pub(super) fn unsettled(&self) -> usize {
        // Pairs with the release below: what the lanes were told of settled outcomes is seen by who sees this count.
        self.unsettled.load(Ordering::Acquire)
    }

    /// Whether nothing is left to record, or nothing can be recorded any more.
    pub(super) fn is_idle(&self) -> bool {
        self.unsettled() == 0 || self.outcomes.is_closed()
    }

    pub(super) fn attempted(&self, app: AppId, settlement: Settlement) {
        self.send(Outcome::Attempted { app, settlement: Box::new(settlement) });
    }

    pub(super) fn mark(&self, app: AppId, mark: EndpointMark) {
        self.send(Outcome::Noted { app, mark });
    }

    pub(super) fn release(&self, work: &[Work]) {
        let released = |work: &Work| Released {
            app: work.app,
            message: work.message.id,
            endpoint: work.endpoint,
            due: work.due,
        };
        if !work.is_empty() {
            self.send(Outcome::Released(work.iter().map(released).collect()));
        }
    }

    fn send(&self, outcome: Outcome) {
        self.unsettled.fetch_add(1, Ordering::Relaxed);
        // Settling ends before its senders only when the store is broken; a restart attempts what is not settled again.
        self.outcomes.send(outcome).ok();
    }
}

async fn settle_all(
    context: Context,
    mut inbox: mpsc::UnboundedReceiver<Outcome>,
    unsettled: Arc<AtomicUsize>,
) {
    let mut outcomes = Vec::with_capacity(BATCH);
    loop {
        let count = inbox.recv_many(&mut outcomes, BATCH).await;
        if count == 0 {
            return;
        }
        let mut batch = Batch::default();
        for outcome in outcomes.drain(..) {
            batch.add(outcome);
        }
        if let Err(error) = batch.settle(&context).await {
            tracing::error!(%error, "failed to record outcomes, and will not try again");
            return;
        }
        unsettled.fetch_sub(count, Ordering::Release);
    }
}

#[derive(Default)]
struct Batch {
    settlements: Vec<Settlement>,
    apps: Vec<AppId>,
    marks: Vec<(AppId, EndpointMark)>,
    released: Vec<Released>,
}

impl Batch {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Attempted { app, settlement } => {
                self.settlements.push(*settlement);
                self.apps.push(app);
            }
            Outcome::Noted { app, mark } => self.marks.push((app, mark)),
            Outcome::Released(released) => self.released.extend(released),
        }
    }

    /// Records everything, as often as it takes; an error is final.
    async fn settle(self, context: &Context) -> Result<(), Error> {
        let system = SystemScope::assume();
        let marks: Vec<EndpointMark> = self.marks.iter().map(|(_, mark)| *mark).collect();
        let thens: Vec<Then> = self.settlements.iter().map(|settlement| settlement.then).collect();
        let endpoints: Vec<EndpointId> =
            self.settlements.iter().map(|settlement| settlement.attempt.endpoint).collect();
        if !self.settlements.is_empty() || !marks.is_empty() {
            let settlements = Arc::new(self.settlements);
            let settled =
                persist(|| context.store.settle(system, Arc::clone(&settlements), marks.clone())).await?;
            for (((settled, then), app), endpoint) in
                settled.into_iter().zip(thens).zip(self.apps).zip(endpoints)
            {
                follow_up(context, app, endpoint, then, settled);
            }
        }
        for (app, mark) in self.marks {
            after_mark(context, app, mark);
        }
        if !self.released.is_empty() {
            let held: Vec<_> =
                self.released.iter().map(|released| (released.message, released.endpoint)).collect();
            persist(|| context.store.release(system, held.clone())).await?;
            // The lane may have looked into the store before they were there again: it was enabled meanwhile.
            for Released { app, endpoint, due, .. } in self.released {
                context.lanes.waiting(app, endpoint, due);
            }
        }
        Ok(())
    }
}

/// Repeats `act` until the store can write again; only a store that is broken or closed ends it.
async fn persist<T, F: Future<Output = Result<T, Error>>>(act: impl Fn() -> F) -> Result<T, Error> {
    loop {
        match act().await {
            Ok(done) => return Ok(done),
            Err(error @ (Error::Broken(_) | Error::Closed)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "failed to record outcomes; trying again");
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
}

fn follow_up(context: &Context, app: AppId, endpoint: EndpointId, then: Then, settled: Settled) {
    match settled {
        Settled::Stale => {
            tracing::warn!(%endpoint, "an outcome came for a delivery that is not ours any more");
        }
        Settled::Recorded { held, waiting } => {
            if let Then::Waiting { due } = then {
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

#[cfg(test)]
mod tests {
    use super::super::lanes::Event;
    use super::*;
    use crate::context::fixture::Fixture;

    #[tokio::test]
    async fn a_lane_is_told_of_what_was_given_back_once_it_can_be_claimed_again() {
        let mut fixture = Fixture::new().await;
        let message = fixture.publish().await;
        let work = loop {
            match fixture.inbox.0.recv().await {
                Some(Event::Held(work)) => break work,
                Some(_) => {}
                None => panic!("the lanes are gone"),
            }
        };
        let context = &fixture.context;
        let (settler, settling) = Settler::start(Arc::clone(context));
        settler.release(&[work]);
        let Some(Event::Waiting { endpoint, due, manual: false, .. }) = fixture.inbox.0.recv().await else {
            panic!("not told")
        };
        let claim = postrider_store::Claim { endpoint, now: due, limit: 1, max_bytes: 0 };
        let claimed = context.store.claim(SystemScope::assume(), claim).await.unwrap();
        assert_eq!(claimed.work.iter().map(|work| work.message.id).collect::<Vec<_>>(), [message.id]);
        drop(settler);
        settling.await.unwrap();
    }
}
