//! Settling: outcomes of attempts and what becomes of their deliveries, many at a time.
//!
//! The token that a settlement must show is the holder's number and the count of attempts before this one. Whoever
//! lost the delivery (the node was fenced, a person skipped it) has a token that fits no row, and changes nothing.
//!
//! First all deliveries are moved on, which says which tokens were good; where a finished one belonged to an order, its
//! [next](mod@next) goes on; and then the attempts are [recorded](mod@record) with COMMIT.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use postrider_core::attempt::Attempt;
use postrider_core::delivery::{State, Work};
use postrider_core::time::Timestamp;

use super::endpoints;
use super::handed::{Handed, Held};
use super::job::Settle;
use super::order::Order;
use super::session::{Session, Shared};
use super::tally;
use super::transaction::{End, Number, Witness};
use super::writer::Batch;
use crate::tally::Tally;
use crate::{EndpointMark, Error, Settled, Settlement, Then, crash};

mod next;
mod record;

/// What became of a caller's settlements, and what is in its hands now.
pub(super) type Outcome = (Vec<Settled>, Vec<Held>);

#[async_trait]
impl Batch for Settle {
    type Outcome = Outcome;

    async fn write(session: Session, jobs: &[Self]) -> Result<(Vec<Outcome>, End), Error> {
        let all: Vec<&Settlement> = jobs.iter().flat_map(|job| job.settlements.iter()).collect();
        let rows = all.iter().map(|settlement| settlement.attempt.id.row());
        let missing = session.shared.partitions.missing(rows);
        session.shared.partitions.make(&session.conn, missing).await?;
        let done = match settle(&session, jobs, &all).await {
            Ok(done) => done,
            Err(error) => {
                session.roll_back().await;
                return Err(error);
            }
        };
        let recorded: Vec<(i64, &Attempt)> = all
            .iter()
            .zip(&done.moved)
            .filter_map(|(settlement, moved)| Some((moved.as_ref()?.app_row, &settlement.attempt)))
            .collect();
        let tally = count(&session, &all, &done.moved).await;
        let tally = match tally {
            Ok(tally) => tally,
            Err(error) => {
                session.roll_back().await;
                return Err(error);
            }
        };
        let witness = recorded.first().map(|(app_row, attempt)| Witness::Attempt(*app_row, attempt.id.row()));
        crash::point("settle.before_commit");
        let end = record::commit(session, &done.number, witness, &recorded, &tally).await?;
        Ok((outcomes(jobs, done), end))
    }

    fn answer(self, outcome: Outcome, shared: &Shared) {
        self.tell_owners(&outcome.0, shared);
        // A caller that has gone does not want to know, and what was held for it is put back.
        let _ = self.caller.send(Ok(Handed::new(outcome, &shared.returns)));
    }

    fn fail(self, error: Error, outcome: Option<Outcome>, shared: &Shared) {
        if let Some((_, held)) = outcome {
            shared.returns.put_back(held);
        }
        let _ = self.caller.send(Err(error));
    }
}

impl Settle {
    /// Tells other nodes of marks, and of what waits in lanes that are not this node's any more.
    fn tell_owners(&self, settled: &[Settled], shared: &Shared) {
        if !self.marks.is_empty() {
            shared.wire.changed();
        }
        for (settlement, settled) in self.settlements.iter().zip(settled) {
            let endpoint = settlement.attempt.endpoint;
            if matches!(settled, Settled::Recorded { waiting: Some(_), .. }) && !shared.cluster.owns(endpoint)
            {
                shared.wire.look_at(endpoint.row());
            }
        }
    }
}

/// What was done inside the transaction.
struct Done {
    number: Number,
    /// For each settlement, where its token was good.
    moved: Vec<Option<Moved>>,
    /// Who goes on, by the settlement that let them.
    next: HashMap<usize, Next>,
}

/// A delivery that went to its next state.
pub(super) struct Moved {
    app_row: i64,
    /// The order that it belongs to.
    order: Option<Order>,
}

/// The next of an order.
pub(super) enum Next {
    Held(Work),
    Waiting(Timestamp),
}

async fn settle(session: &Session, jobs: &[Settle], all: &[&Settlement]) -> Result<Done, Error> {
    let (moved, number) = session.begin(move_on(session, all)).await?;
    let mut finished = Vec::new();
    for (index, (settlement, moved)) in all.iter().zip(&moved).enumerate() {
        if let Some(Moved { order: Some(order), app_row }) = moved
            && !matches!(settlement.then, Then::Waiting { .. })
        {
            let attempt = &settlement.attempt;
            let now = attempt.at.after(attempt.timings.total);
            finished.push(next::Finished { index, order: *order, app_row: *app_row, attempt, now });
        }
    }
    let next = next::go_on(session, &finished).await?;
    for mark in marks(jobs) {
        endpoints::mark(session, mark).await?;
    }
    Ok(Done { number, moved, next })
}

/// What the settlements come to whose tokens were good.
async fn count(
    session: &Session,
    all: &[&Settlement],
    moved: &[Option<Moved>],
) -> Result<tally::Writes, Error> {
    let recorded =
        || all.iter().zip(moved).filter_map(|(settlement, moved)| Some((settlement, moved.as_ref()?)));
    let owners = tally::owners(session, recorded().map(|(_, moved)| moved.app_row)).await?;
    let mut sums = Tally::default();
    for (settlement, moved) in recorded() {
        if let Some(owner) = owners.get(&moved.app_row) {
            sums.settled(*owner, settlement);
        }
    }
    tally::Writes::of(session, &sums).await
}

/// The marks of all jobs. In the sequence of their endpoints, so that two batches never wait for each other in a circle;
/// those of one endpoint in the sequence in which they were made.
fn marks(jobs: &[Settle]) -> Vec<&EndpointMark> {
    let mut marks: Vec<_> = jobs.iter().flat_map(|job| &job.marks).collect();
    marks.sort_by_key(|mark| mark.endpoint);
    marks
}

/// Moves the deliveries to their next states, where the tokens are good.
async fn move_on(session: &Session, all: &[&Settlement]) -> Result<Vec<Option<Moved>>, Error> {
    const MOVE_ON: &str = "-- settle::move_on
         UPDATE delivery d SET state = new.state, attempts = new.number, trigger = 0, due = new.due
           FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[])
                AS new (message_row, endpoint_row, state, number, due, index)
          WHERE d.endpoint_row = new.endpoint_row AND d.message_row = new.message_row
            AND d.state = 1 AND d.holder = $7 AND d.attempts = new.number - 1
         RETURNING new.index, d.app_row, d.ord";
    let (mut messages, mut endpoints, mut states) = (Vec::new(), Vec::new(), Vec::new());
    let (mut numbers, mut dues, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    let mut tokens = HashSet::new();
    for (index, Settlement { attempt, then, .. }) in all.iter().enumerate() {
        let (message, endpoint) = (attempt.message.row(), attempt.endpoint.row());
        // The second with the same token is stale once the first is written.
        if !tokens.insert((message, endpoint, attempt.number)) {
            continue;
        }
        let (state, due) = match then {
            Then::Succeeded => (State::Succeeded, None),
            Then::Failed => (State::Failed, None),
            Then::Waiting { due } => (State::Waiting, Some(due.as_micros())),
        };
        messages.push(message);
        endpoints.push(endpoint);
        states.push(state as i16);
        numbers.push(i64::from(attempt.number));
        dues.push(due);
        indexes.push(index as i64);
    }
    let mut moved: Vec<_> = all.iter().map(|_| None).collect();
    if all.is_empty() {
        return Ok(moved);
    }
    let params: super::connection::Params<'_> =
        &[&messages, &endpoints, &states, &numbers, &dues, &indexes, &session.holder()];
    for row in session.conn.rows(MOVE_ON, params).await? {
        let index = row.try_get::<_, i64>(0)? as usize;
        let order = row.try_get::<_, Option<i64>>(2)?;
        let order = order.map(|order| (all[index].attempt.endpoint.row(), order));
        moved[index] = Some(Moved { app_row: row.try_get(1)?, order });
    }
    Ok(moved)
}

/// What each caller is told.
fn outcomes(jobs: &[Settle], mut done: Done) -> Vec<Outcome> {
    let mut index = 0;
    let mut outcome = |job: &Settle| {
        let (mut settled, mut in_hand) = (Vec::with_capacity(job.settlements.len()), Vec::new());
        for settlement in job.settlements.iter() {
            settled.push(match (&done.moved[index], done.next.remove(&index)) {
                (None, _) => Settled::Stale,
                (Some(_), None) => Settled::Recorded { held: None, waiting: None },
                (Some(_), Some(Next::Waiting(due))) => Settled::Recorded { held: None, waiting: Some(due) },
                (Some(_), Some(Next::Held(work))) => {
                    in_hand.push((work.message.id.row(), settlement.attempt.endpoint.row()));
                    Settled::Recorded { held: Some(work), waiting: None }
                }
            });
            index += 1;
        }
        (settled, in_hand)
    };
    jobs.iter().map(&mut outcome).collect()
}

/// About how much memory the settlements keep while they wait.
pub(super) fn size(settlements: &[Settlement]) -> usize {
    const FIXED: usize = 1_024;
    let bytes = |settlement: &Settlement| {
        let attempt = &settlement.attempt;
        let response = attempt.response.as_ref().map_or(0, bytes::Bytes::len);
        FIXED + attempt.request_headers.len() + attempt.response_headers.len() + response
    };
    settlements.iter().map(bytes).sum()
}
