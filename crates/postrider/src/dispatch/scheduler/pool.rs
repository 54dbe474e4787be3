//! Slots for deliveries that are on their way, handed out fairly: application by application, and within one
//! endpoint by endpoint (deficit round robin, Shreedhar and Varghese 1996).
//!
//! There are two pools. Lanes that answer quickly have the **steady** one; lanes that nothing is known of yet, or that
//! are slow, have the **probation** one, of which one application gets at most a quarter. So whatever hangs can only
//! hold slots that the others do not need.

use std::collections::{HashMap, VecDeque};

use postrider_core::id::{AppId, EndpointId};

/// Which pool a lane's deliveries take their slots from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Answers quickly.
    Steady,
    /// Not known yet, or slow.
    Probation,
}

/// What an application may send before it is the next one's turn, in units of [`cost`].
const QUANTUM: i64 = 8;

/// What sending a payload of `bytes` costs: one for the request, and one for each 4 KiB.
pub(super) fn cost(bytes: usize) -> i64 {
    1 + (bytes / 4096) as i64
}

/// Both pools. Every lane that stands in line stands in the line of its class, once.
#[derive(Debug)]
pub(super) struct Pools {
    steady: Pool,
    probation: Pool,
}

impl Pools {
    /// Pools of so many slots.
    pub(super) fn new(steady: usize, probation: usize) -> Self {
        Self { steady: Pool::new(steady, steady), probation: Pool::new(probation, probation / 4) }
    }

    /// The pool of a class.
    pub(super) fn of(&mut self, class: Class) -> &mut Pool {
        match class {
            Class::Steady => &mut self.steady,
            Class::Probation => &mut self.probation,
        }
    }

    /// Deliveries on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.steady.in_flight + self.probation.in_flight
    }

    /// Takes the lane out of line whose turn it is; `None` when no slot is free for any.
    pub(super) fn next(&mut self) -> Option<(AppId, EndpointId)> {
        self.steady.next().or_else(|| self.probation.next())
    }
}

/// One pool: its slots, and the lanes that want one.
#[derive(Debug)]
pub(super) struct Pool {
    slots: usize,
    app_slots: usize,
    in_flight: usize,
    turns: VecDeque<AppId>,
    apps: HashMap<AppId, Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    lanes: VecDeque<EndpointId>,
    deficit: i64,
    in_flight: usize,
    // Whether it is in `turns`.
    queued: bool,
}

impl Pool {
    /// A pool of `slots`, of which one application gets at most `app_slots`.
    fn new(slots: usize, app_slots: usize) -> Self {
        Self {
            slots: slots.max(1),
            app_slots: app_slots.max(1),
            in_flight: 0,
            turns: VecDeque::new(),
            apps: HashMap::new(),
        }
    }

    /// Puts a lane in its application's line. A lane must be in line at most once.
    pub(super) fn enroll(&mut self, app: AppId, endpoint: EndpointId) {
        let turn = self.apps.entry(app).or_default();
        turn.lanes.push_back(endpoint);
        if !turn.queued {
            turn.queued = true;
            self.turns.push_back(app);
        }
    }

    /// Takes a lane out of its application's line before its turn.
    pub(super) fn withdraw(&mut self, app: AppId, endpoint: EndpointId) {
        if let Some(turn) = self.apps.get_mut(&app) {
            turn.lanes.retain(|lane| *lane != endpoint);
        }
    }

    fn next(&mut self) -> Option<(AppId, EndpointId)> {
        let (mut passed, mut saving) = (0, false);
        while self.in_flight < self.slots {
            let app = *self.turns.front()?;
            let turn = self.apps.entry(app).or_default();
            if turn.lanes.is_empty() {
                self.turns.pop_front();
                turn.queued = false;
                turn.deficit = 0;
                self.forget_if_idle(app);
                continue;
            }
            if turn.in_flight < self.app_slots {
                if turn.deficit > 0 {
                    return turn.lanes.pop_front().map(|lane| (app, lane));
                }
                turn.deficit += QUANTUM;
                saving = true;
            }
            self.turns.rotate_left(1);
            passed += 1;
            if passed >= self.turns.len() {
                // A whole round in which everyone was at its share: only the end of a delivery helps.
                if !saving {
                    return None;
                }
                (passed, saving) = (0, false);
            }
        }
        None
    }

    /// Counts a delivery in that was started for the lane that [`Pool::next`] gave.
    pub(super) fn started(&mut self, app: AppId, cost: i64) {
        let turn = self.apps.entry(app).or_default();
        turn.deficit -= cost;
        turn.in_flight += 1;
        self.in_flight += 1;
    }

    /// Counts `deliveries` of an application in (a lane came from the other pool).
    pub(super) fn take_in(&mut self, app: AppId, deliveries: usize) {
        if deliveries > 0 {
            self.apps.entry(app).or_default().in_flight += deliveries;
            self.in_flight += deliveries;
        }
    }

    /// Counts `deliveries` of an application out: they ended, or their lane went to the other pool.
    pub(super) fn let_go(&mut self, app: AppId, deliveries: usize) {
        self.in_flight -= deliveries;
        if let Some(turn) = self.apps.get_mut(&app) {
            turn.in_flight -= deliveries;
        }
        self.forget_if_idle(app);
    }

    fn forget_if_idle(&mut self, app: AppId) {
        if self.apps.get(&app).is_some_and(|turn| !turn.queued && turn.in_flight == 0) {
            self.apps.remove(&app);
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::IdGenerator;
    use postrider_core::rng::TestRng;
    use postrider_core::time::{TestClock, Timestamp};

    use super::*;

    fn ids<const N: usize>() -> ([AppId; N], [EndpointId; N]) {
        let (ids, rng) = (IdGenerator::default(), TestRng::seed(1));
        let clock = TestClock::at(Timestamp::from_seconds(1_800_000_000));
        (
            std::array::from_fn(|_| AppId::make(&ids, &clock, &rng)),
            std::array::from_fn(|_| EndpointId::make(&ids, &clock, &rng)),
        )
    }

    /// Sends of each application among the first `sends`, when all lanes always have more.
    fn shares(pool: &mut Pool, lanes: &[(AppId, EndpointId, i64)], sends: usize) -> HashMap<AppId, usize> {
        let mut shares = HashMap::new();
        for (app, lane, _) in lanes {
            pool.enroll(*app, *lane);
        }
        for _ in 0..sends {
            let (app, lane) = pool.next().expect("a free slot and a waiting lane");
            let cost = lanes.iter().find(|(_, id, _)| *id == lane).expect("known").2;
            pool.started(app, cost);
            pool.let_go(app, 1);
            pool.enroll(app, lane);
            *shares.entry(app).or_default() += 1;
        }
        shares
    }

    #[test]
    fn an_application_with_many_endpoints_gets_no_more_than_one_with_one() {
        let (apps, lanes) = ids::<4>();
        let wanting =
            [(apps[0], lanes[0], 1), (apps[0], lanes[1], 1), (apps[0], lanes[2], 1), (apps[1], lanes[3], 1)];
        let shares = shares(&mut Pool::new(10, 10), &wanting, 1_600);
        assert!(shares[&apps[0]].abs_diff(shares[&apps[1]]) <= 16, "{shares:?}");
    }

    #[test]
    fn large_payloads_use_up_the_turn_sooner() {
        let (apps, lanes) = ids::<2>();
        let wanting = [(apps[0], lanes[0], cost(1024 * 1024)), (apps[1], lanes[1], cost(100))];
        let shares = shares(&mut Pool::new(10, 10), &wanting, 2_570);
        assert!(shares[&apps[1]] > 200 * shares[&apps[0]], "{shares:?}");
    }

    #[test]
    fn one_application_leaves_slots_for_others() {
        let (apps, lanes) = ids::<2>();
        let mut pool = Pool::new(8, 2);
        for _ in 0..4 {
            pool.enroll(apps[0], lanes[0]);
        }
        for _ in 0..2 {
            let (app, _) = pool.next().expect("within its share");
            pool.started(app, 1);
        }
        assert_eq!(pool.next(), None, "its share is used up");
        pool.enroll(apps[1], lanes[1]);
        assert_eq!(pool.next(), Some((apps[1], lanes[1])));
    }

    #[test]
    fn no_more_than_all_slots_and_nothing_is_kept_of_idle_applications() {
        let (apps, lanes) = ids::<1>();
        let mut pool = Pool::new(2, 2);
        for _ in 0..3 {
            pool.enroll(apps[0], lanes[0]);
        }
        for _ in 0..2 {
            let (app, _) = pool.next().expect("a slot");
            pool.started(app, 1);
        }
        assert_eq!(pool.next(), None);
        pool.let_go(apps[0], 2);
        assert!(pool.next().is_some());
        assert_eq!(pool.next(), None);
        assert!(pool.apps.is_empty() && pool.turns.is_empty());
    }
}
