//! Lanes that come from other nodes and go there.

use std::collections::HashSet;
use std::time::Duration;

use postrider_store::partition::lane_partition;

use super::super::*;
use super::world::*;

/// The partitions of these endpoints.
fn of(endpoints: &[EndpointId]) -> Partitions {
    endpoints.iter().map(|endpoint| lane_partition(endpoint.row())).collect()
}

/// As many endpoints as are asked for, no two of one partition.
fn apart<const N: usize>(world: &mut World, app: AppId, answers: Answers) -> [EndpointId; N] {
    let mut seen = HashSet::new();
    std::array::from_fn(|_| {
        loop {
            let endpoint = world.endpoint(app, answers);
            if seen.insert(lane_partition(endpoint.row())) {
                return endpoint;
            }
        }
    })
}

impl World {
    fn gain(&mut self, endpoints: &[EndpointId]) {
        self.scheduler.gained(self.now, &of(endpoints));
        // What a look finds.
        let waiting: Vec<_> =
            self.stored.iter().filter_map(|(id, work)| Some((*id, work.first()?.due))).collect();
        for (endpoint, due) in waiting {
            self.scheduler.waiting(self.now, self.apps[&endpoint], endpoint, due, false);
        }
    }

    fn leave(&mut self, endpoints: &[EndpointId]) {
        self.scheduler.leaving(self.now, &of(endpoints));
    }

    fn waiting_for(&self, endpoint: EndpointId) -> usize {
        self.stored.get(&endpoint).map_or(0, Vec::len)
    }
}

#[test]
fn lanes_of_others_are_left_alone() {
    let mut world = World::shared();
    let app = world.app();
    let [ours, theirs] = apart(&mut world, app, fast);
    world.gain(&[ours]);
    for endpoint in [ours, theirs] {
        world.accept(endpoint);
        let stored = world.work(endpoint);
        world.store(stored);
        world.scheduler.changed(world.now, app, endpoint);
    }
    world.run_for(Duration::from_secs(5));
    assert_eq!((world.sent_to(ours), world.sent_to(theirs)), (2, 0));
    assert_eq!((world.released, world.waiting_for(theirs)), (1, 2), "what was accepted as ours goes back");
    assert_eq!(world.scheduler.lanes(), 1);
    assert_eq!(world.handle.status().held, 0);

    world.gain(&[theirs]);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.sent_to(theirs), 2);
}

#[test]
fn what_leaves_is_handed_over_when_nothing_of_it_is_on_its_way() {
    let mut world = World::shared();
    let app = world.app();
    let [quiet, busy] = apart(&mut world, app, hangs);
    world.gain(&[quiet, busy]);
    for _ in 0..40 {
        world.accept(busy);
    }
    world.run_for(Duration::from_secs(1));
    let started = world.sent_to(busy);
    assert!(started > 0 && started < 40);

    world.leave(&[quiet, busy]);
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.released, world.waiting_for(busy)), (40 - started, 40 - started));
    assert_eq!(world.handed_over, of(&[quiet]), "each for itself");
    assert_eq!(world.scheduler.in_flight(), started);

    world.run_for(Duration::from_secs(20));
    assert_eq!(world.handed_over, of(&[quiet, busy]));
    assert_eq!((world.sent_to(busy), world.scheduler.lanes()), (started, 0), "nothing more was sent");
    assert_eq!(world.handle.status().held, 0);
    assert!(world.scheduler.wake_at().is_none(), "nothing is waited for");
}

#[test]
fn what_is_being_accepted_keeps_a_partition_back() {
    let mut world = World::shared();
    let app = world.app();
    let [endpoint] = apart(&mut world, app, fast);
    world.gain(&[endpoint]);
    let work = world.work(endpoint);
    let mut room = world.handle.room(work.payload_len());
    assert!(room.reserve(endpoint));
    world.leave(&[endpoint]);
    world.run_for(Duration::from_secs(1));
    assert!(world.handed_over.is_empty(), "it may still come");

    room.deliver(work.clone());
    drop(room);
    world.scheduler.held(world.now, work);
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.sent_to(endpoint), world.released), (0, 1));
    assert_eq!(world.handed_over, of(&[endpoint]));
}

#[test]
fn a_claim_under_way_is_waited_for_and_what_it_brings_goes_back() {
    let mut world = World::shared();
    let app = world.app();
    let [endpoint] = apart(&mut world, app, fast);
    world.gain(&[endpoint]);
    let stored = world.work(endpoint);
    world.store(stored);
    assert!(matches!(world.scheduler.next_action(world.now, true), Some(Action::Load { .. })));
    world.scheduler.loaded(world.now, endpoint, None, Some(plain(endpoint)));
    assert!(matches!(world.scheduler.next_action(world.now, true), Some(Action::Claim { .. })));
    world.leave(&[endpoint]);
    world.run_for(Duration::from_secs(1));
    assert!(world.handed_over.is_empty());

    world.claim(endpoint, 10);
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.sent_to(endpoint), world.released, world.waiting_for(endpoint)), (0, 1, 1));
    assert_eq!(world.handed_over, of(&[endpoint]));
    assert_eq!((world.scheduler.claiming(), world.scheduler.lanes()), (0, 0));
}

#[test]
fn whoever_stands_in_line_for_the_store_when_it_leaves_is_passed_over() {
    let mut world = World::shared();
    let app = world.app();
    let endpoints = apart::<20>(&mut world, app, fast);
    world.gain(&endpoints);
    for endpoint in endpoints {
        let stored = world.work(endpoint);
        world.store(stored);
    }
    // Only the first readings are asked for; the others stand in line.
    let mut asked = Vec::new();
    while let Some(Action::Load { endpoint, .. }) = world.scheduler.next_action(world.now, true) {
        asked.push(endpoint);
    }
    assert!(!asked.is_empty() && asked.len() < endpoints.len());
    world.leave(&endpoints);
    for endpoint in &asked {
        world.scheduler.loaded(world.now, *endpoint, None, Some(plain(*endpoint)));
    }
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.scheduler.lanes(), 0);
    assert_eq!(world.handed_over, of(&endpoints));

    world.gain(&endpoints);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent.len(), endpoints.len());
}

#[test]
fn what_is_lost_is_not_handed_over_and_goes_on_if_it_comes_back() {
    let mut world = World::shared();
    let app = world.app();
    let [endpoint] = apart(&mut world, app, hangs);
    world.gain(&[endpoint]);
    for _ in 0..40 {
        world.accept(endpoint);
    }
    world.run_for(Duration::from_secs(1));
    let started = world.sent_to(endpoint);
    world.scheduler.lost(world.now, &of(&[endpoint]));
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.sent_to(endpoint), world.released), (started, 40 - started));

    // The attempts of before are still under way, and count.
    world.answers.insert(endpoint, fast);
    world.gain(&[endpoint]);
    assert_eq!(world.scheduler.in_flight(), started);
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.sent_to(endpoint), 40);
    assert!(world.handed_over.is_empty());
    assert_eq!((world.scheduler.in_flight(), world.handle.status().held), (0, 0));
}

#[test]
fn one_that_is_leaving_and_lost_is_not_handed_over() {
    let mut world = World::shared();
    let app = world.app();
    let [endpoint] = apart(&mut world, app, hangs);
    world.gain(&[endpoint]);
    world.accept(endpoint);
    world.run_for(Duration::from_secs(1));
    world.leave(&[endpoint]);
    world.scheduler.lost(world.now, &of(&[endpoint]));
    world.run_for(Duration::from_secs(60));
    assert!(world.handed_over.is_empty());
    assert!(world.scheduler.wake_at().is_none());
}

#[test]
fn what_a_lane_had_learned_goes_with_it() {
    let mut world = World::shared();
    let app = world.app();
    let [endpoint] = apart(&mut world, app, fails);
    world.gain(&[endpoint]);
    for _ in 0..20 {
        world.accept(endpoint);
    }
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.scheduler.paused_lanes(), 1);
    let before = world.sent_to(endpoint);
    world.leave(&[endpoint]);
    world.run_for(Duration::from_secs(1));
    assert_eq!((world.scheduler.lanes(), world.handed_over), (0, of(&[endpoint])));

    world.answers.insert(endpoint, fast);
    world.gain(&[endpoint]);
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.scheduler.paused_lanes(), 0, "the next owner begins with what the store notes");
    assert_eq!(world.waiting_for(endpoint), 0);
    assert!(world.sent_to(endpoint) > before);
}

#[test]
fn where_endpoints_come_or_go_the_rate_of_their_application_is_shared_anew() {
    let mut world = World::shared();
    let app = world.app();
    let [stays, comes] = apart(&mut world, app, fast);
    world.gain(&[stays]);
    world.app_throttle.insert(app, 5);
    for _ in 0..1_000 {
        world.accept(stays);
    }
    world.run_for(Duration::from_secs(10));
    let slow = world.sent_to(stays);
    assert!(slow.abs_diff(50) <= 10, "{slow}");
    world.app_throttle.insert(app, 50);
    world.gain(&[comes]);
    world.run_for(Duration::from_secs(10));
    let quick = world.sent_to(stays) - slow;
    assert!(quick.abs_diff(500) <= 60, "{quick}");
}
