//! Endpoints that are functions, a store that is a list of due times, and a clock that a test moves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::attempt::Trigger;
use postrider_core::id::{IdGenerator, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::rng::TestRng;
use postrider_core::time::TestClock;
use postrider_store::cluster::Cluster;

use super::super::*;
use crate::dispatch::lanes::Inbox;

pub(super) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// How an endpoint answers: after how long, and what.
pub(super) type Answers = fn(Timestamp) -> (Duration, Outcome);

/// A world of endpoints, and a store that is a list of due times.
pub(super) struct World {
    pub(super) scheduler: Scheduler<EndpointId>,
    pub(super) handle: Lanes,
    _inbox: Inbox,
    pub(super) now: Timestamp,
    pub(super) ids: IdGenerator,
    pub(super) clock: TestClock,
    pub(super) rng: TestRng,
    pub(super) answers: HashMap<EndpointId, Answers>,
    pub(super) apps: HashMap<EndpointId, AppId>,
    pub(super) throttle: HashMap<EndpointId, u32>,
    pub(super) app_throttle: HashMap<AppId, u32>,
    pub(super) disabled: Vec<EndpointId>,
    pub(super) changed_at: HashMap<EndpointId, Timestamp>,
    pub(super) gone: Vec<EndpointId>,
    pub(super) unreadable: Vec<EndpointId>,
    // What happens when: attempts that end.
    pub(super) ends: BTreeMap<(Timestamp, u64), Ended>,
    pub(super) sequence: u64,
    pub(super) stored: HashMap<EndpointId, Vec<Work>>,
    pub(super) sent: Vec<Sent>,
    pub(super) marks: Vec<EndpointMark>,
    pub(super) released: usize,
    pub(super) handed_over: Partitions,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) endpoint: EndpointId,
    pub(super) at: Timestamp,
    pub(super) waited: Duration,
}

impl World {
    pub(super) fn new() -> Self {
        let ceilings = Ceilings {
            steady_slots: 64,
            probation_slots: 32,
            endpoint_concurrency: 16,
            breaker_failures: 5,
            claims: 4,
            loads: 4,
        };
        let (handle, inbox) = Lanes::new(100_000, 64 * 1024 * 1024, Cluster::alone());
        Self {
            scheduler: Scheduler::new(ceilings, Ownership::all(), handle.clone()),
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
            changed_at: HashMap::new(),
            gone: Vec::new(),
            unreadable: Vec::new(),
            ends: BTreeMap::new(),
            sequence: 0,
            stored: HashMap::new(),
            sent: Vec::new(),
            marks: Vec::new(),
            released: 0,
            handed_over: Partitions::NONE,
        }
    }

    /// One among several nodes, which owns nothing yet.
    pub(super) fn shared() -> Self {
        let mut world = Self::new();
        world.scheduler.ownership = Ownership::none();
        world
    }

    pub(super) fn app(&self) -> AppId {
        AppId::make(&self.ids, &self.clock, &self.rng)
    }

    pub(super) fn endpoint(&mut self, app: AppId, answers: Answers) -> EndpointId {
        let endpoint = EndpointId::make(&self.ids, &self.clock, &self.rng);
        self.answers.insert(endpoint, answers);
        self.apps.insert(endpoint, app);
        endpoint
    }

    pub(super) fn work(&self, endpoint: EndpointId) -> Work {
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
            edited_of: None,
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
    pub(super) fn accept(&mut self, endpoint: EndpointId) {
        let work = self.work(endpoint);
        let mut room = self.handle.room(work.payload_len());
        if room.reserve(endpoint) {
            room.deliver(work.clone());
            self.scheduler.held(self.now, work);
        } else {
            self.store(work);
        }
    }

    pub(super) fn store(&mut self, work: Work) {
        let (app, endpoint, due) = (work.app, work.endpoint, work.due);
        self.stored.entry(endpoint).or_default().push(work);
        self.scheduler.waiting(self.now, app, endpoint, due, false);
    }

    pub(super) fn act(&mut self) {
        while let Some(action) = self.scheduler.next_action(self.now, true) {
            match action {
                Action::Send { work, destination } => self.send(&work, destination),
                Action::Claim { endpoint, limit } => self.claim(endpoint, limit),
                Action::Load { app, endpoint } => self.load(app, endpoint),
                Action::Release(work) => {
                    self.released += work.len();
                    for given_back in work {
                        self.store(given_back);
                    }
                }
                Action::Mark(_, mark) => self.marks.push(mark),
                Action::HandOver(partitions) => self.handed_over = self.handed_over.union(&partitions),
            }
        }
    }

    pub(super) fn claim(&mut self, endpoint: EndpointId, limit: usize) {
        let stored = self.stored.entry(endpoint).or_default();
        let due = stored.iter().filter(|work| work.due <= self.now).count();
        let work: Vec<Work> = stored.drain(..limit.min(due)).collect();
        let next_due = stored.first().map(|work| work.due);
        self.scheduler.claimed(self.now, endpoint, work, next_due);
    }

    pub(super) fn load(&mut self, app: AppId, endpoint: EndpointId) {
        if self.unreadable.contains(&endpoint) {
            return self.scheduler.not_loaded(self.now, endpoint);
        }
        let settings = Settings {
            disabled: self.disabled.contains(&endpoint),
            throttle_rate: self.throttle.get(&endpoint).copied(),
            changed_at: self.changed_at.get(&endpoint).copied().unwrap_or(START),
            ..plain(endpoint)
        };
        let app_rate = self.app_throttle.get(&app).copied();
        let settings = (!self.gone.contains(&endpoint)).then_some(settings);
        self.scheduler.loaded(self.now, endpoint, app_rate, settings);
    }

    pub(super) fn send(&mut self, work: &Work, endpoint: EndpointId) {
        assert_eq!(endpoint, work.endpoint);
        let (after, result) = self.answers[&endpoint](self.now);
        self.sent.push(Sent { endpoint, at: self.now, waited: self.now.since(work.due) });
        let ended = Ended { endpoint, size: work.payload_len(), started: self.now, result };
        self.sequence += 1;
        self.ends.insert((self.now.after(after), self.sequence), ended);
    }

    /// Goes on to `until`, event by event.
    pub(super) fn run(&mut self, until: Timestamp) {
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

    pub(super) fn run_for(&mut self, duration: Duration) {
        self.run(self.now.after(duration));
    }

    pub(super) fn sent_to(&self, endpoint: EndpointId) -> usize {
        self.sent.iter().filter(|sent| sent.endpoint == endpoint).count()
    }

    pub(super) fn worst_wait(&self, endpoints: &[EndpointId]) -> Duration {
        let waits =
            self.sent.iter().filter(|sent| endpoints.contains(&sent.endpoint)).map(|sent| sent.waited);
        waits.max().unwrap_or_default()
    }
}

/// Settings of an endpoint that has none of its own.
pub(super) fn plain(endpoint: EndpointId) -> Settings<EndpointId> {
    Settings {
        destination: endpoint,
        disabled: false,
        changed_at: START,
        throttle_rate: None,
        failing_since: None,
    }
}

pub(super) fn fast(_: Timestamp) -> (Duration, Outcome) {
    (Duration::from_millis(2), Outcome::Arrived)
}

pub(super) fn hangs(_: Timestamp) -> (Duration, Outcome) {
    (Duration::from_secs(15), Outcome::Overloaded)
}

pub(super) fn fails(_: Timestamp) -> (Duration, Outcome) {
    (Duration::from_millis(2), Outcome::Refused)
}

pub(super) fn fails_for_a_minute(now: Timestamp) -> (Duration, Outcome) {
    if now < START.after(Duration::from_secs(60)) { fails(now) } else { fast(now) }
}
