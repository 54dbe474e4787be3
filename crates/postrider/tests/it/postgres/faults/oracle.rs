//! What must be true, whatever happened.
//!
//! The oracle knows nothing of nodes. It is told what was sent, what came, and which deliveries may come again: those
//! that could be under way at a node that others had to take for dead ([`Excuse`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use postrider_core::id::MessageId;

use super::publisher::Sent;
use super::receiver::{Arrival, Endpoint, Kind, RATE};

/// Beyond the rate, within any second: what a new owner may send at once, and what the receiver was late to see.
const BURST: usize = 8;
/// Faults that are told one by one.
const TOLD_MAX: usize = 10;

/// A delivery to one of these endpoints that first arrived within this time may come again.
#[derive(Debug, Clone)]
pub(super) struct Excuse {
    pub(super) from: Instant,
    pub(super) until: Instant,
    pub(super) endpoints: BTreeSet<Endpoint>,
}

/// What is known of one delivery.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    first_at: Instant,
    has_succeeded: bool,
}

/// What the oracle has heard.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    deliveries: HashMap<(u64, Endpoint), Delivery>,
    ids: HashMap<u64, MessageId>,
    /// Numbers by the order of their first arrival, where there is an order.
    orders: BTreeMap<(Endpoint, u8), Vec<u64>>,
    throttled: Vec<Instant>,
    excuses: Vec<Excuse>,
    /// Deliveries that came again after a success, with when they came first.
    again: Vec<(u64, Endpoint, Instant)>,
    judged: usize,
    /// Those of them that had no reason to.
    unexcused: Vec<(MessageId, Endpoint)>,
    /// The first numbers that were not looked at, and those before that are not known to have arrived.
    next: u64,
    open: BTreeSet<u64>,
    troubles: Vec<String>,
}

fn wanting(sent: Sent) -> impl Iterator<Item = Endpoint> {
    Endpoint::all().filter(move |endpoint| endpoint.wants(sent.topic))
}

impl Oracle {
    pub(super) fn excuse(&mut self, excuse: Excuse) {
        self.excuses.push(excuse);
    }

    /// Hears what came, of what was sent.
    pub(super) fn hear(&mut self, sent: &[Sent], arrivals: &[Arrival]) {
        for arrival in arrivals {
            let Arrival { endpoint, n, id, is_success, at } = *arrival;
            let Some(known) = sent.get(n as usize).filter(|sent| endpoint.wants(sent.topic)) else {
                self.troubles.push(format!("{n} came to {endpoint:?}, and was not sent there"));
                continue;
            };
            if *self.ids.entry(n).or_insert(id) != id {
                self.troubles.push(format!("two ids for {n}"));
            }
            if endpoint.kind() == Kind::Throttled {
                self.throttled.push(at);
            }
            match self.deliveries.get_mut(&(n, endpoint)) {
                None => {
                    self.deliveries
                        .insert((n, endpoint), Delivery { first_at: at, has_succeeded: is_success });
                    if matches!(endpoint.kind(), Kind::Fifo | Kind::Keyed) {
                        self.orders.entry((endpoint, known.publisher)).or_default().push(n);
                    }
                }
                Some(delivery) => {
                    if delivery.has_succeeded {
                        self.again.push((n, endpoint, delivery.first_at));
                    }
                    delivery.has_succeeded |= is_success;
                }
            }
        }
    }

    /// An acknowledged message before this number that has not succeeded everywhere; `None` when there is none.
    pub(super) fn first_missing(&mut self, sent: &[Sent], before: u64) -> Option<String> {
        self.open.extend(self.next..before.max(self.next));
        self.next = self.next.max(before);
        let has_come =
            |n: u64, endpoint| self.deliveries.get(&(n, endpoint)).is_some_and(|it| it.has_succeeded);
        let lacks = |n: u64| wanting(sent[n as usize]).find(|endpoint| !has_come(n, *endpoint));
        let mut missing = None;
        self.open.retain(|n| {
            let Some(id) = sent[*n as usize].acknowledged else { return true };
            let lacking = lacks(*n);
            if let (None, Some(endpoint)) = (&missing, lacking) {
                missing = Some(format!("message {n}, {id}, at {endpoint:?}, {:?}", endpoint.kind()));
            }
            lacking.is_some()
        });
        missing
    }

    /// How many deliveries came again since this was asked last, after everything that is wrong was added to
    /// `troubles`. For a moment when nothing acknowledged is missing.
    pub(super) fn judge(&mut self, sent: &[Sent], troubles: &mut Vec<String>) -> usize {
        troubles.append(&mut self.troubles);
        let repeated = self.again.len() - self.judged;
        for (n, endpoint, first_at) in &self.again[self.judged..] {
            let covers = |excuse: &Excuse| {
                (excuse.from..=excuse.until).contains(first_at) && excuse.endpoints.contains(endpoint)
            };
            if !self.excuses.iter().any(covers) {
                let kind = endpoint.kind();
                self.unexcused.push((self.ids[n], *endpoint));
                troubles.push(format!("{n} came again to {endpoint:?}, {kind:?}, and had no reason to"));
            }
        }
        self.judged = self.again.len();
        for ((endpoint, publisher), numbers) in &self.orders {
            let is_known = |n: &&u64| sent[**n as usize].acknowledged.is_some();
            let known: Vec<_> = numbers.iter().filter(is_known).collect();
            if let Some(pair) = known.windows(2).find(|pair| pair[0] > pair[1]) {
                let (first, second) = (pair[0], pair[1]);
                troubles.push(format!("{first} came before {second} to {endpoint:?}, key {publisher}"));
            }
        }
        let most = busiest_second(&self.throttled);
        if most > RATE + BURST {
            troubles.push(format!("{most} came within a second where {RATE} may"));
        }
        // Only the last second may be part of a busier one.
        let recent = self.throttled.last().and_then(|last| last.checked_sub(Duration::from_secs(1)));
        self.throttled.retain(|at| recent.is_none_or(|recent| *at >= recent));
        if let Some((n, id)) = self.ids.iter().find_map(|(n, id)| {
            let own = sent[*n as usize].acknowledged?;
            (own != *id).then_some((n, id))
        }) {
            troubles.push(format!("{n} was acknowledged with another id than {id}"));
        }
        troubles.truncate(TOLD_MAX);
        repeated
    }

    /// Deliveries that came again and had no reason to.
    pub(super) fn unexcused(&self) -> &[(MessageId, Endpoint)] {
        &self.unexcused
    }

    /// At the end, when nothing is left: a message that nobody acknowledged was accepted for all its endpoints or for
    /// none. Gives how many deliveries there were.
    pub(super) fn judge_unknown(&self, sent: &[Sent], troubles: &mut Vec<String>) -> usize {
        for n in self.ids.keys() {
            let lacks = |endpoint: &Endpoint| {
                !self.deliveries.get(&(*n, *endpoint)).is_some_and(|delivery| delivery.has_succeeded)
            };
            if let Some(endpoint) = wanting(sent[*n as usize]).find(lacks) {
                troubles.push(format!("{n} came, and not to {endpoint:?}"));
            }
        }
        self.deliveries.len()
    }
}

fn busiest_second(times: &[Instant]) -> usize {
    let mut first = 0;
    let within = times.iter().enumerate().map(|(last, at)| {
        while at.saturating_duration_since(times[first]) >= Duration::from_secs(1) {
            first += 1;
        }
        last + 1 - first
    });
    within.max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
