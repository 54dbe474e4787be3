//! Random verbs against one endpoint, compared with a model that fits on a page.
//!
//! The seed of a run that fails is in its message; the same seed makes the same run.

use std::time::Duration;

use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::rng::{Rng, TestRng};
use postrider_core::time::Timestamp;

use super::world::whole;
use super::{Tenant, World};
use crate::{Claim, DeliveryFilter, NewDelivery, Placement, Settled, Then};

const RUNS: u64 = 12;
const VERBS: usize = 150;

/// A delivery as it should be.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    message: MessageId,
    order: Option<i64>,
    state: State,
    attempts: u32,
    due: Timestamp,
}

struct Run {
    world: World,
    tenant: Tenant,
    endpoint: EndpointId,
    rng: TestRng,
    /// In the order in which they were published.
    deliveries: Vec<Expected>,
}

/// The model and the store agree after every verb.
pub async fn random_verbs_agree_with_the_model(mut world: World) {
    for seed in 0..RUNS {
        let tenant = world.tenant().await;
        let endpoint = world.endpoint(&tenant).await;
        let mut run = Run { world, tenant, endpoint, rng: TestRng::seed(seed), deliveries: Vec::new() };
        for step in 0..VERBS {
            let verb = run.verb().await;
            assert_eq!(run.stored().await, run.expected(), "seed {seed}, step {step}: {verb}");
        }
        world = run.world;
        // What this run leaves held must not be counted in the next.
        world.restart().await;
    }
}

impl Run {
    async fn verb(&mut self) -> &'static str {
        self.world.pass(Duration::from_secs(1));
        match self.rng.below(100) {
            0..30 => self.publish().await,
            30..45 => self.claim().await,
            45..75 => self.settle().await,
            75..80 => self.release().await,
            80..87 => self.skip().await,
            87..97 => self.resend().await,
            _ => self.restart().await,
        }
    }

    fn any(&self, wanted: impl Fn(&Expected) -> bool) -> Option<usize> {
        let all: Vec<_> =
            (0..self.deliveries.len()).filter(|index| wanted(&self.deliveries[*index])).collect();
        all.get(self.rng.below(all.len() as u64) as usize).copied()
    }

    async fn publish(&mut self) -> &'static str {
        let order = [None, Some(0), Some(3)][self.rng.below(3) as usize];
        let hold = self.rng.below(2) == 0;
        let message = self.world.new_message(&self.tenant);
        let (id, now) = (message.id, self.world.now());
        let blocked = order.is_some()
            && self.deliveries.iter().any(|other| other.order == order && !other.state.is_finished());
        let (state, placement) = match (blocked, hold) {
            (true, _) => (State::Parked, Placement::Parked),
            (false, true) => (State::Held, Placement::Held),
            (false, false) => (State::Waiting, Placement::Waiting { due: now }),
        };
        let delivery = NewDelivery { endpoint: self.endpoint, hold, order };
        assert_eq!(self.world.accept(&self.tenant, message, &[delivery]).await, [placement]);
        self.deliveries.push(Expected { message: id, order, state, attempts: 0, due: now });
        "publish"
    }

    async fn claim(&mut self) -> &'static str {
        let limit = self.rng.below(4) as usize + 1;
        let now = self.world.now();
        let mut due: Vec<_> = (0..self.deliveries.len())
            .filter(|index| {
                self.deliveries[*index].state == State::Waiting && self.deliveries[*index].due <= now
            })
            .collect();
        due.sort_by_key(|index| (self.deliveries[*index].due, self.deliveries[*index].message));
        due.truncate(limit);
        let claim = Claim { endpoint: self.endpoint, now, limit, max_bytes: usize::MAX };
        let claimed = self.world.store.claim(self.world.system(), claim).await.unwrap();
        let claimed: Vec<_> = claimed.work.iter().map(|work| (work.message.id, work.attempts)).collect();
        let expected: Vec<_> = due
            .iter()
            .map(|index| (self.deliveries[*index].message, self.deliveries[*index].attempts))
            .collect();
        assert_eq!(claimed, expected);
        for index in due {
            self.deliveries[index].state = State::Held;
        }
        "claim"
    }

    async fn settle(&mut self) -> &'static str {
        let Some(index) = self.any(|_| true) else { return "nothing" };
        let now = self.world.now();
        let then = match self.rng.below(4) {
            0 => Then::Failed,
            1 => Then::Waiting { due: now.after(Duration::from_secs(self.rng.below(4))) },
            _ => Then::Succeeded,
        };
        let chosen = &self.deliveries[index];
        let attempt = self.world.attempt(chosen.message, self.endpoint, chosen.attempts + 1);
        let settled = self.world.settle(attempt, then).await;
        if chosen.state != State::Held {
            assert!(matches!(settled, Settled::Stale), "{settled:?}");
            return "settle what is not held";
        }
        let chosen = &mut self.deliveries[index];
        chosen.attempts += 1;
        chosen.state = match then {
            Then::Succeeded => State::Succeeded,
            Then::Failed => State::Failed,
            Then::Waiting { due } => {
                chosen.due = due;
                State::Waiting
            }
        };
        let next = if chosen.state.is_finished() { self.unpark(index, State::Held) } else { None };
        match settled {
            Settled::Recorded { held, waiting: None } => {
                assert_eq!(held.map(|work| work.message.id), next);
            }
            other => panic!("{other:?}"),
        }
        "settle"
    }

    /// Lets the next in the order of the delivery at `index` go.
    fn unpark(&mut self, index: usize, state: State) -> Option<MessageId> {
        let order = self.deliveries[index].order?;
        let parked = |other: &&mut Expected| other.order == Some(order) && other.state == State::Parked;
        let next = self.deliveries.iter_mut().find(parked)?;
        next.state = state;
        Some(next.message)
    }

    async fn release(&mut self) -> &'static str {
        let Some(index) = self.any(|delivery| delivery.state == State::Held) else { return "nothing" };
        let held = vec![(self.deliveries[index].message, self.endpoint)];
        self.world.store.release(self.world.system(), held).await.unwrap();
        self.deliveries[index].state = State::Waiting;
        "release"
    }

    async fn skip(&mut self) -> &'static str {
        let Some(index) = self.any(|_| true) else { return "nothing" };
        let Expected { message, state, .. } = self.deliveries[index];
        let (scope, now) = (self.tenant.scope, self.world.now());
        let skipped = self.world.store.skip(scope, message, self.endpoint, now).await.unwrap();
        assert_eq!(skipped, !state.is_finished());
        if skipped {
            self.deliveries[index].state = State::Canceled;
            if state != State::Parked {
                self.unpark(index, State::Waiting);
            }
        }
        "skip"
    }

    async fn resend(&mut self) -> &'static str {
        let Some(index) = self.any(|_| true) else { return "nothing" };
        let now = self.world.now();
        let chosen = &mut self.deliveries[index];
        self.world
            .store
            .resend(self.tenant.scope, chosen.message, vec![self.endpoint], now, None)
            .await
            .unwrap();
        if chosen.state.is_finished() {
            (chosen.state, chosen.order, chosen.due) = (State::Waiting, None, now);
        } else if chosen.state == State::Waiting {
            chosen.due = chosen.due.min(now);
        }
        "resend"
    }

    async fn restart(&mut self) -> &'static str {
        let held = self.deliveries.iter_mut().filter(|delivery| delivery.state == State::Held);
        let held = held.map(|delivery| delivery.state = State::Waiting).count();
        assert_eq!(self.world.restart().await, held as u64);
        "restart"
    }

    async fn stored(&self) -> Vec<(MessageId, State, u32)> {
        let (scope, filter) = (self.tenant.scope, DeliveryFilter::default());
        let mut page = whole();
        page.order = Some(crate::Order::Ascending);
        let listed =
            self.world.store.deliveries_by_endpoint(scope, self.endpoint, filter, page).await.unwrap();
        let seen = |(delivery, _): &(postrider_core::delivery::Delivery, _)| {
            (delivery.message, delivery.state, delivery.attempts)
        };
        listed.rows.iter().map(seen).collect()
    }

    fn expected(&self) -> Vec<(MessageId, State, u32)> {
        let seen = |delivery: &Expected| (delivery.message, delivery.state, delivery.attempts);
        self.deliveries.iter().map(seen).collect()
    }
}
