//! Outcomes are recorded in batches: all that came while the store wrote the last batch is the next one.
//!
//! In reading order: here, the way in and the task that takes the batches; `batch`, what one transaction records and
//! who is told of it; `aside`, what becomes of a batch that the store refuses. A store that is full or overloaded is
//! asked until it can write. One that is broken or closed ends settling: a restart attempts what is not settled again.

mod aside;
mod batch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId, MessageId};
use postrider_core::time::Timestamp;
use postrider_store::{EndpointMark, Error, Settlement};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::aside::Suspects;
use self::batch::Batch;
use crate::context::Context;

/// Outcomes in one transaction.
const BATCH: usize = 1_024;
/// How long to wait before a store that cannot write is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Something to record.
enum Outcome {
    Attempted(Box<Settlement>),
    Noted {
        app: AppId,
        mark: EndpointMark,
    },
    Released(Vec<Released>),
    /// Somebody waits until what came before is recorded.
    Awaited(oneshot::Sender<()>),
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

    /// Whether outcomes can still be recorded, now or later. Once they cannot, only a restart helps.
    pub(super) fn is_running(&self) -> bool {
        !self.outcomes.is_closed()
    }

    /// Whether nothing is left to record, or nothing can be recorded any more.
    pub(super) fn is_idle(&self) -> bool {
        self.unsettled() == 0 || !self.is_running()
    }

    pub(super) fn attempted(&self, settlement: Settlement) {
        self.send(Outcome::Attempted(Box::new(settlement)));
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

    /// Waits until everything that was given to be recorded so far has been, but for what the store refuses by itself,
    /// which takes its time. Does not end when settling has.
    pub(super) async fn settled_so_far(&self) {
        let (done, awaited) = oneshot::channel();
        self.send(Outcome::Awaited(done));
        if awaited.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn send(&self, outcome: Outcome) {
        self.unsettled.fetch_add(1, Ordering::Relaxed);
        // Settling ends before its senders only when the store is broken; a restart attempts what is not settled again.
        self.outcomes.send(outcome).ok();
    }
}

async fn settle_all(context: Context, inbox: mpsc::UnboundedReceiver<Outcome>, unsettled: Arc<AtomicUsize>) {
    let (suspects, refused) = mpsc::unbounded_channel();
    let batches = settle_batches(&context, inbox, suspects, &unsettled);
    let refused = aside::settle(&context, refused, &unsettled);
    if let Err(error) = tokio::try_join!(batches, refused) {
        tracing::error!(%error, "failed to record outcomes, and will not try again");
    }
}

async fn settle_batches(
    context: &Context,
    mut inbox: mpsc::UnboundedReceiver<Outcome>,
    suspects: mpsc::UnboundedSender<Suspects>,
    unsettled: &AtomicUsize,
) -> Result<(), Error> {
    let mut outcomes = Vec::with_capacity(BATCH);
    loop {
        let count = inbox.recv_many(&mut outcomes, BATCH).await;
        if count == 0 {
            return Ok(());
        }
        let refused = Batch::of(outcomes.drain(..)).settle(context).await?;
        let left = refused.map_or(0, |refused| {
            let (suspected, left) = Suspects::new(refused);
            // Ends only together with this loop.
            suspects.send(suspected).ok();
            left
        });
        recount(unsettled, count, left);
    }
}

/// Of `before` outcomes, `after` are left.
fn recount(unsettled: &AtomicUsize, before: usize, after: usize) {
    if after > before {
        unsettled.fetch_add(after - before, Ordering::Release);
    } else {
        unsettled.fetch_sub(before - after, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
