//! Outcomes that the store refused together with others: found out one by one, while new batches go on.
//!
//! One row that makes no sense must not keep the outcomes beside it from being recorded. A refused batch is halved
//! until the refusal stands alone. What is refused alone, by a store that does write otherwise, is left out after a few
//! tries: an error is logged, and the delivery stays held until the next start takes it over and attempts it again.
//!
//! Nothing waits here for something else: the deliveries of a refused outcome are not attempted before it is recorded,
//! so no later outcome of theirs can overtake it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use postrider_core::scope::SystemScope;
use postrider_store::Error;
use tokio::sync::mpsc;

use super::batch::{Batch, Refused};
use super::{ASK_AGAIN, Outcome, recount};
use crate::context::Context;

/// How often an outcome is tried alone.
const TRIES: u32 = 3;

/// Outcomes of which at least one is refused. Never empty.
pub(super) struct Suspects {
    outcomes: Vec<Outcome>,
    tries: u32,
}

impl Suspects {
    /// What a batch was refused for, and how many outcomes that are.
    pub(super) fn new(refused: Refused) -> (Self, usize) {
        let Refused { outcomes, error } = refused;
        let count = outcomes.len();
        tracing::warn!(outcomes = count, %error, "failed to record outcomes; trying fewer at once");
        (Self { outcomes, tries: 0 }, count)
    }

    /// Halves them; `Err` with the same when there is only one.
    fn halves(mut self) -> Result<[Self; 2], Self> {
        let halves = match &mut self.outcomes[..] {
            [Outcome::Released(released)] if released.len() > 1 => {
                vec![Outcome::Released(released.split_off(released.len() / 2))]
            }
            [_] => return Err(self),
            several => {
                let half = several.len() / 2;
                self.outcomes.split_off(half)
            }
        };
        Ok([Self { tries: 0, ..self }, Self { outcomes: halves, tries: 0 }])
    }
}

/// Records what comes from `inbox` until it is closed and empty. An error is final.
pub(super) async fn settle(
    context: &Context,
    mut inbox: mpsc::UnboundedReceiver<Suspects>,
    unsettled: &AtomicUsize,
) -> Result<(), Error> {
    let mut suspects = VecDeque::new();
    loop {
        if suspects.is_empty() {
            let Some(first) = inbox.recv().await else { return Ok(()) };
            suspects.push_back(first);
        }
        while let Ok(more) = inbox.try_recv() {
            suspects.push_back(more);
        }
        // A store that refuses everything says nothing of these.
        if writes(context).await? {
            suspects = round(context, suspects, unsettled).await?;
        }
        if !suspects.is_empty() {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

/// Whether the store makes an empty change.
async fn writes(context: &Context) -> Result<bool, Error> {
    match context.store.settle(SystemScope::assume(), Arc::default(), Vec::new()).await {
        Ok(_) => Ok(true),
        Err(error @ (Error::Broken(_) | Error::Closed)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "failed to record anything; trying again");
            Ok(false)
        }
    }
}

/// Halves and tries them until each was recorded or refused alone; gives those that are to be tried again.
async fn round(
    context: &Context,
    mut suspects: VecDeque<Suspects>,
    unsettled: &AtomicUsize,
) -> Result<VecDeque<Suspects>, Error> {
    let mut again = VecDeque::new();
    while let Some(Suspects { outcomes, tries }) = suspects.pop_front() {
        let before = outcomes.len();
        let Some(Refused { outcomes, error }) = Batch::of(outcomes).settle(context).await? else {
            recount(unsettled, before, 0);
            continue;
        };
        let after = match (Suspects { outcomes, tries: tries + 1 }).halves() {
            Ok(halves) => {
                let after = halves.iter().map(|half| half.outcomes.len()).sum();
                suspects.extend(halves);
                after
            }
            Err(alone) if alone.tries < TRIES => {
                again.push_back(alone);
                1
            }
            Err(alone) => {
                alone.outcomes.iter().for_each(|outcome| leave_out(outcome, &error));
                0
            }
        };
        recount(unsettled, before, after);
    }
    Ok(again)
}

/// Tells what is not recorded, and what follows from it.
fn leave_out(outcome: &Outcome, error: &Error) {
    metrics::counter!("postrider_dispatch_left_out_total").increment(1);
    match outcome {
        Outcome::Attempted(settlement) => {
            let attempt = &settlement.attempt;
            tracing::error!(
                message = %attempt.message, endpoint = %attempt.endpoint, number = attempt.number,
                succeeded = attempt.succeeded, %error,
                "failed to record an attempt, and will not try again: the delivery is attempted anew after a restart"
            );
        }
        Outcome::Noted { mark, .. } => tracing::error!(
            endpoint = %mark.endpoint, mark = ?mark.mark, %error,
            "failed to note how an endpoint fares, and will not try again"
        ),
        // Answered with the batch, and so never refused.
        Outcome::Awaited(_) => {}
        Outcome::Released(released) => {
            for released in released {
                tracing::error!(
                    message = %released.message, endpoint = %released.endpoint, %error,
                    "failed to put a delivery back, and will not try again: it is taken over after a restart"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::{AppId, EndpointId, MessageId};
    use postrider_core::time::Timestamp;

    use super::super::Released;
    use super::*;

    /// How many deliveries each outcome puts back.
    fn sizes(suspects: &Suspects) -> Vec<usize> {
        let size = |outcome: &Outcome| match outcome {
            Outcome::Released(released) => released.len(),
            _ => 0,
        };
        suspects.outcomes.iter().map(size).collect()
    }

    #[test]
    fn groups_are_halved_until_each_delivery_stands_alone() {
        let released = Released {
            app: AppId::from_bytes([0; 20]),
            message: MessageId::from_bytes([0; 20]),
            endpoint: EndpointId::from_bytes([0; 20]),
            due: Timestamp::from_micros(0),
        };
        let outcomes = [3, 1, 1].map(|count| Outcome::Released(vec![released; count])).into();
        let mut groups = VecDeque::from([Suspects { outcomes, tries: 2 }]);
        let (mut alone, mut steps) = (0, 0);
        while let Some(group) = groups.pop_front() {
            steps += 1;
            match group.halves() {
                Ok(halves) => {
                    assert!(halves.iter().all(|half| half.tries == 0 && !half.outcomes.is_empty()));
                    groups.extend(halves);
                }
                Err(single) => {
                    assert_eq!(sizes(&single), [1]);
                    alone += 1;
                }
            }
        }
        assert_eq!((alone, steps), (5, 9));
    }
}
