//! The scheduler driven through made-up time, against endpoints that are functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use postrider_core::attempt::Trigger;
use postrider_core::id::{IdGenerator, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::rng::TestRng;
use postrider_core::time::TestClock;

use super::*;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// How an endpoint answers: after how long, and what.
type Answers = fn(Timestamp) -> (Duration, Outcome);

/// A world of endpoints, and a store that is a list of due times.
struct World {
    scheduler: Scheduler<EndpointId>,
    handle: Lanes,
    _inbox: super::super::lanes::Inbox,
    now: Timestamp,
    ids: IdGenerator,
    clock: TestClock,
    rng: TestRng,
    answers: HashMap<EndpointId, Answers>,
    apps: HashMap<EndpointId, AppId>,
    throttle: HashMap<EndpointId, u32>,
    app_throttle: HashMap<AppId, u32>,
    disabled: Vec<EndpointId>,
    // What happens when: attempts that end.
    ends: BTreeMap<(Timestamp, u64), Ended>,
    sequence: u64,
    stored: HashMap<EndpointId, Vec<Work>>,
    sent: Vec<Sent>,
    marks: Vec<EndpointMark>,
    released: usize,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    endpoint: EndpointId,
    at: Timestamp,
    waited: Duration,
}

impl World {
    fn new() -> Self {
        let ceilings =
            Ceilings { steady_slots: 64, probation_slots: 32, endpoint_concurrency: 16, breaker_failures: 5 };
        let (handle, inbox) = Lanes::new(100_000, 64 * 1024 * 1024);
        Self {
            scheduler: Scheduler::new(ceilings, handle.clone()),
            handle,
            _inbox: inbox,
            now: START,
            ids: IdGenerator::default(),
            clock: TestClock::at(START),
            rng: TestRng::seed(11),
            answers: HashMap::new(),
            apps: HashMap::new(),
            throttle: HashMap::new(),
            app_throttle: HashMap::new(),
            disabled: Vec::new(),
            ends: BTreeMap::new(),
            sequence: 0,
            stored: HashMap::new(),
            sent: Vec::new(),
            marks: Vec::new(),
            released: 0,
        }
    }

    fn app(&self) -> AppId {
        AppId::make(&self.ids, &self.clock, &self.rng)
    }

    fn endpoint(&mut self, app: AppId, answers: Answers) -> EndpointId {
        let endpoint = EndpointId::make(&self.ids, &self.clock, &self.rng);
        self.answers.insert(endpoint, answers);
        self.apps.insert(endpoint, app);
        endpoint
    }

    fn work(&self, endpoint: EndpointId) -> Work {
        let app = self.apps[&endpoint];
        let message = Message {
            id: MessageId::make(&self.ids, &self.clock, &self.rng),
            app,
            event_type: "a".to_owned(),
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            ordering_key: None,
            deliver_at: None,
            expire_at: None,
            payload: Some(Payload { body: Bytes::from_static(b"{}"), raw: None }),
        };
        Work {
            app,
            endpoint,
            message: Arc::new(message),
            attempts: 0,
            uncounted: 0,
            trigger: Trigger::Scheduled,
            ordered: false,
            due: self.now,
        }
    }

    /// A message is accepted for the endpoint, as intake does it: into memory where there is room, else stored.
    fn accept(&mut self, endpoint: EndpointId) {
        let work = self.work(endpoint);
        let mut room = self.handle.room(work.payload_len());
        if room.reserve(endpoint) {
            room.deliver(work.clone());
            self.scheduler.held(self.now, work);
        } else {
            self.store(work);
        }
    }

    fn store(&mut self, work: Work) {
        let (app, endpoint, due) = (work.app, work.endpoint, work.due);
        self.stored.entry(endpoint).or_default().push(work);
        self.scheduler.waiting(self.now, app, endpoint, due, false);
    }

    fn act(&mut self) {
        while let Some(action) = self.scheduler.next_action(self.now, true) {
            match action {
                Action::Send { work, destination } => self.send(&work, destination),
                Action::Claim { endpoint, limit } => {
                    let stored = self.stored.entry(endpoint).or_default();
                    let due = stored.iter().filter(|work| work.due <= self.now).count();
                    let work: Vec<Work> = stored.drain(..limit.min(due)).collect();
                    let next_due = stored.first().map(|work| work.due);
                    self.scheduler.claimed(self.now, endpoint, work, next_due);
                }
                Action::Load { app, endpoint } => {
                    let settings = Settings {
                        disabled: self.disabled.contains(&endpoint),
                        throttle_rate: self.throttle.get(&endpoint).copied(),
                        ..plain(endpoint)
                    };
                    let app_rate = self.app_throttle.get(&app).copied();
                    self.scheduler.loaded(self.now, endpoint, app_rate, Some(settings));
                }
                Action::Release(work) => {
                    self.released += work.len();
                    for given_back in work {
                        self.store(given_back);
                    }
                }
                Action::Mark(_, mark) => self.marks.push(mark),
            }
        }
    }

    fn send(&mut self, work: &Work, endpoint: EndpointId) {
        assert_eq!(endpoint, work.endpoint);
        let (after, result) = self.answers[&endpoint](self.now);
        self.sent.push(Sent { endpoint, at: self.now, waited: self.now.since(work.due) });
        let ended = Ended { endpoint, size: work.payload_len(), started: self.now, result };
        self.sequence += 1;
        self.ends.insert((self.now.after(after), self.sequence), ended);
    }

    /// Goes on to `until`, event by event.
    fn run(&mut self, until: Timestamp) {
        loop {
            self.act();
            let end = self.ends.keys().next().map(|(time, _)| *time);
            let wake = self.scheduler.wake_at();
            let next = end.into_iter().chain(wake).min().filter(|time| *time <= until);
            let Some(next) = next else { break };
            assert!(next >= self.now || wake == Some(next), "time goes on");
            self.now = self.now.max(next);
            self.clock.set(self.now);
            while let Some(entry) = self.ends.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let ended = entry.remove();
                self.scheduler.ended(self.now, ended);
            }
        }
        self.now = until;
        self.clock.set(until);
    }

    fn run_for(&mut self, duration: Duration) {
        self.run(self.now.after(duration));
    }

    fn sent_to(&self, endpoint: EndpointId) -> usize {
        self.sent.iter().filter(|sent| sent.endpoint == endpoint).count()
    }

    fn worst_wait(&self, endpoints: &[EndpointId]) -> Duration {
        let waits =
            self.sent.iter().filter(|sent| endpoints.contains(&sent.endpoint)).map(|sent| sent.waited);
        waits.max().unwrap_or_default()
    }
}

/// Settings of an endpoint that has none of its own.
fn plain(endpoint: EndpointId) -> Settings<EndpointId> {
    Settings { destination: endpoint, disabled: false, throttle_rate: None, failing_since: None }
}

fn fast(_: Timestamp) -> (Duration, Outcome) {
    (Duration::from_millis(2), Outcome::Arrived)
}

fn hangs(_: Timestamp) -> (Duration, Outcome) {
    (Duration::from_secs(15), Outcome::Overloaded)
}

fn fails(_: Timestamp) -> (Duration, Outcome) {
    (Duration::from_millis(2), Outcome::Refused)
}

fn fails_for_a_minute(now: Timestamp) -> (Duration, Outcome) {
    if now < START.after(Duration::from_secs(60)) { fails(now) } else { fast(now) }
}

#[test]
fn hanging_endpoints_do_not_make_healthy_ones_wait() {
    let mut world = World::new();
    let (good_app, bad_app) = (world.app(), world.app());
    let good: Vec<_> = (0..20).map(|_| world.endpoint(good_app, fast)).collect();
    let bad: Vec<_> = (0..50).map(|_| world.endpoint(bad_app, hangs)).collect();
    for round in 0..2_000 {
        world.accept(good[round % good.len()]);
        world.accept(bad[round % bad.len()]);
        world.run_for(Duration::from_millis(5));
    }
    assert_eq!(good.iter().map(|endpoint| world.sent_to(*endpoint)).sum::<usize>(), 2_000);
    let worst = world.worst_wait(&good);
    assert!(worst <= Duration::from_millis(10), "a healthy delivery waited {worst:?}");
}

#[test]
fn endpoints_that_turn_bad_free_the_healthy_slots_within_a_second() {
    fn turns_bad(now: Timestamp) -> (Duration, Outcome) {
        if now < START.after(Duration::from_secs(5)) { fast(now) } else { hangs(now) }
    }
    let mut world = World::new();
    let (good_app, bad_app) = (world.app(), world.app());
    let good = world.endpoint(good_app, fast);
    let bad: Vec<_> = (0..50).map(|_| world.endpoint(bad_app, turns_bad)).collect();
    for _ in 0..2_000 {
        world.accept(good);
        for endpoint in &bad {
            world.accept(*endpoint);
        }
        world.run_for(Duration::from_millis(5));
    }
    assert_eq!(world.sent_to(good), 2_000);
    let late =
        world.sent.iter().filter(|sent| sent.endpoint == good && sent.waited > Duration::from_millis(50));
    let worst = world.worst_wait(&[good]);
    assert!(worst <= SLOW + Duration::from_millis(50), "a healthy delivery waited {worst:?}");
    assert!(late.count() <= 250, "only those of the second in which the slots were taken");
}

#[test]
fn a_rate_limit_is_kept_over_thirty_seconds_with_a_backlog() {
    for rate in [5, 100, 2_000] {
        let mut world = World::new();
        let app = world.app();
        let endpoint = world.endpoint(app, fast);
        world.throttle.insert(endpoint, rate);
        for _ in 0..rate * 32 {
            world.accept(endpoint);
        }
        world.run_for(Duration::from_secs(30));
        let (sent, wanted) = (world.sent_to(endpoint), rate as usize * 30);
        assert!(sent.abs_diff(wanted) * 50 <= wanted.max(50), "rate {rate}: {sent} of {wanted}");
    }
}

#[test]
fn a_failing_lane_is_paused_probed_and_ramped_up_and_its_backlog_waits_in_the_store() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fails_for_a_minute);
    for _ in 0..50_000 {
        world.accept(endpoint);
    }
    world.run_for(Duration::from_secs(1));
    let at_first = world.sent_to(endpoint);
    assert!((5..=5 + 8).contains(&at_first), "the threshold and what was under way: {at_first}");
    assert!(!world.handle.room(2).reserve(endpoint), "a paused lane takes nothing into memory");
    world.run_for(Duration::from_secs(58));
    let probes = world.sent_to(endpoint) - at_first;
    assert!((3..=4).contains(&probes), "pauses of 5, 10, 20 and 40 seconds: {probes}");
    world.run_for(Duration::from_secs(120));
    assert_eq!(world.sent_to(endpoint), 50_000, "everything arrives in the end");
    let after_recovery: Vec<_> =
        world.sent.iter().filter(|sent| sent.at > START.after(Duration::from_secs(60))).collect();
    assert!(after_recovery[1].at > after_recovery[0].at, "nothing goes before the probe has arrived");
    assert!(world.handle.status().held == 0 && world.handle.status().bytes == 0);
}

#[test]
fn what_is_noted_while_a_claim_is_under_way_is_not_forgotten() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    let stored = world.work(endpoint);
    world.store(stored);
    let mut claims = 0;
    // The claim is answered by hand, as if the store had seen it before the second delivery was written.
    while let Some(action) = world.scheduler.next_action(world.now, true) {
        match action {
            Action::Load { endpoint, .. } => {
                world.scheduler.loaded(world.now, endpoint, None, Some(plain(endpoint)));
            }
            Action::Claim { endpoint, .. } => {
                claims += 1;
                let late = world.work(endpoint);
                if claims == 1 {
                    world.store(late);
                    let first = world.stored.get_mut(&endpoint).expect("stored").remove(0);
                    world.scheduler.claimed(world.now, endpoint, vec![first], None);
                } else {
                    let rest = world.stored.remove(&endpoint).unwrap_or_default();
                    world.scheduler.claimed(world.now, endpoint, rest, None);
                }
            }
            Action::Send { work, destination } => world.send(&work, destination),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((claims, world.sent_to(endpoint)), (2, 2));
}

#[test]
fn a_disabled_endpoint_gets_nothing_and_goes_on_when_it_is_enabled() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.disabled.push(endpoint);
    for _ in 0..10 {
        world.accept(endpoint);
    }
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.sent_to(endpoint), world.handle.status().held), (0, 0));
    assert_eq!(world.released, 10);
    world.disabled.clear();
    world.scheduler.changed(world.now, app, endpoint);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(endpoint), 10);
}

#[test]
fn gone_disables_at_once_and_five_days_of_failure_do_too() {
    fn gone(_: Timestamp) -> (Duration, Outcome) {
        (Duration::from_millis(2), Outcome::Gone)
    }
    let mut world = World::new();
    let app = world.app();
    let (left, failing) = (world.endpoint(app, gone), world.endpoint(app, fails));
    world.accept(left);
    world.run_for(Duration::from_secs(1));
    let reason = |mark: &EndpointMark| match mark.mark {
        Mark::Disabled { reason, .. } => Some(reason),
        _ => None,
    };
    assert_eq!(world.marks.iter().find_map(reason), Some(DisabledReason::Gone));
    world.marks.clear();
    for hour in 0..=121 {
        world.accept(failing);
        world.run(START.after(Duration::from_secs(hour * 3_600 + 3_599)));
        let disabled = world.marks.iter().find_map(reason);
        assert_eq!(disabled.is_some(), hour > 120, "hour {hour}");
    }
    let noted = world.marks.iter().filter(|mark| matches!(mark.mark, Mark::Failing { .. })).count();
    assert_eq!(noted, 1, "it was noted as failing once");
}

#[test]
fn an_endpoint_that_fails_now_and_then_is_not_noted() {
    fn flaps(now: Timestamp) -> (Duration, Outcome) {
        if now.as_micros() / 1_000_000 % 10 == 0 { fails(now) } else { fast(now) }
    }
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, flaps);
    for _ in 0..3_000 {
        world.accept(endpoint);
        world.run_for(Duration::from_millis(100));
    }
    assert_eq!(world.sent_to(endpoint), 3_000);
    assert!(world.marks.is_empty(), "{:?}", world.marks);
}

#[test]
fn idle_lanes_are_forgotten() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.accept(endpoint);
    world.run_for(Duration::from_secs(1));
    world.scheduler.sweep(world.now);
    assert_eq!(world.scheduler.lanes(), 1);
    world.run_for(IDLE_KEPT);
    world.scheduler.sweep(world.now);
    assert_eq!(world.scheduler.lanes(), 0);
}

#[test]
fn a_disabled_lane_is_forgotten_although_deliveries_wait_for_it_and_nothing_of_it_is_overdue() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.disabled.push(endpoint);
    world.accept(endpoint);
    world.run_for(IDLE_KEPT);
    assert_eq!(world.scheduler.oldest_due(), None);
    world.scheduler.sweep(world.now);
    assert_eq!(world.scheduler.lanes(), 0);
    world.disabled.clear();
    world.scheduler.changed(world.now, app, endpoint);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(endpoint), 1);
}

#[test]
fn a_lane_that_turns_out_to_be_quick_does_not_stand_behind_slow_ones() {
    let mut world = World::new();
    let app = world.app();
    let good = world.endpoint(app, fast);
    // Enough of them to take the place that the first quick answer frees.
    let bad: Vec<_> = (0..8).map(|_| world.endpoint(app, hangs)).collect();
    for _ in 0..20 {
        world.accept(good);
        for endpoint in &bad {
            world.accept(*endpoint);
        }
    }
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(good), 20);
}

#[test]
fn a_change_to_one_endpoint_does_not_lift_the_limit_of_its_application() {
    let mut world = World::new();
    let app = world.app();
    world.app_throttle.insert(app, 5);
    let endpoints = [world.endpoint(app, fast), world.endpoint(app, fast)];
    for _ in 0..100 {
        for endpoint in endpoints {
            world.accept(endpoint);
        }
    }
    for _ in 0..100 {
        world.scheduler.changed(world.now, app, endpoints[0]);
        world.run_for(Duration::from_millis(100));
    }
    assert!((49..=51).contains(&world.sent.len()), "5 a second for 10 seconds: {}", world.sent.len());
    world.app_throttle.insert(app, 50);
    world.scheduler.changed(world.now, app, endpoints[0]);
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.sent.len(), 200, "a new limit counts");
}

#[test]
fn settings_that_were_read_before_a_change_are_read_again() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.accept(endpoint);
    let is_load = |action: Option<Action<EndpointId>>| matches!(action, Some(Action::Load { .. }));
    assert!(is_load(world.scheduler.next_action(world.now, true)));
    world.scheduler.changed(world.now, app, endpoint);
    assert!(
        world.scheduler.next_action(world.now, true).is_none(),
        "one reading at a time, so none overtakes"
    );
    world.scheduler.loaded(world.now, endpoint, None, Some(plain(endpoint)));
    assert!(is_load(world.scheduler.next_action(world.now, true)), "what came may be the state before");
    world.scheduler.loaded(world.now, endpoint, None, Some(Settings { disabled: true, ..plain(endpoint) }));
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.sent_to(endpoint), world.released), (0, 1));
}

#[test]
fn an_endpoint_that_is_enabled_again_gets_its_days_anew() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fails);
    let disabled =
        |world: &World| world.marks.iter().filter(|mark| matches!(mark.mark, Mark::Disabled { .. })).count();
    for hours in [0, 121] {
        world.run(START.after(Duration::from_secs(hours * 3_600)));
        world.accept(endpoint);
        world.run_for(Duration::from_secs(1));
    }
    assert_eq!(disabled(&world), 1);
    world.scheduler.changed(world.now, app, endpoint);
    world.accept(endpoint);
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.sent_to(endpoint), disabled(&world)), (3, 1));
}

#[test]
fn the_lane_of_an_endpoint_that_is_gone_gives_back_what_it_has_and_is_forgotten() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, hangs);
    for _ in 0..20 {
        world.accept(endpoint);
    }
    world.run_for(Duration::from_secs(1));
    world.scheduler.changed(world.now, app, endpoint);
    let mut released = 0;
    let mut answer = |scheduler: &mut Scheduler<EndpointId>, now| {
        while let Some(action) = scheduler.next_action(now, true) {
            match action {
                Action::Load { endpoint, .. } => scheduler.loaded(now, endpoint, None, None),
                Action::Release(work) => released += work.len(),
                other => panic!("{other:?}"),
            }
        }
    };
    answer(&mut world.scheduler, world.now);
    let under_way = world.scheduler.in_flight();
    assert_eq!((under_way, world.handle.status().held), (8, 8));
    let later = world.now.after(Duration::from_secs(15));
    for ended in std::mem::take(&mut world.ends).into_values() {
        world.scheduler.ended(later, ended);
        answer(&mut world.scheduler, later);
    }
    assert_eq!((released, world.scheduler.lanes(), world.scheduler.in_flight()), (12, 0, 0));
    assert_eq!(world.handle.status(), super::super::lanes::Status::default());
}
