//! What waits in the store: claims, and the ceilings of what is asked at once.

use std::time::Duration;

use super::super::lane::GATHER;
use super::super::*;
use super::world::*;
use crate::dispatch::lanes::WINDOW;

#[test]
fn what_is_noted_while_a_claim_is_under_way_is_not_forgotten() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    let stored = world.work(endpoint);
    world.store(stored);
    let late = world.work(endpoint);
    // The claim is answered by hand, as if the store had seen it before the second delivery was written.
    while let Some(action) = world.scheduler.next_action(world.now, true) {
        match action {
            Action::Load { endpoint, .. } => {
                world.scheduler.loaded(world.now, endpoint, None, Some(plain(endpoint)));
            }
            Action::Claim { endpoint, .. } => {
                world.store(late.clone());
                let first = world.stored.get_mut(&endpoint).expect("stored").remove(0);
                world.scheduler.claimed(world.now, endpoint, vec![first], None);
            }
            Action::Send { work, destination } => world.send(&work, destination),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.sent_to(endpoint), 1, "what comes after a claim gathers for the next one");
    world.run_for(GATHER);
    assert_eq!(world.sent_to(endpoint), 2);
}

#[test]
fn only_so_many_claims_are_under_way_and_each_lane_gets_its_turn() {
    let mut world = World::new();
    let app = world.app();
    let endpoints: Vec<_> = (0..50).map(|_| world.endpoint(app, fast)).collect();
    for endpoint in &endpoints {
        let work = world.work(*endpoint);
        world.store(work);
    }
    let mut asked = VecDeque::new();
    loop {
        match world.scheduler.next_action(world.now, true) {
            Some(Action::Load { endpoint, .. }) => {
                world.scheduler.loaded(world.now, endpoint, None, Some(plain(endpoint)));
            }
            Some(Action::Claim { endpoint, .. }) => asked.push_back(endpoint),
            Some(Action::Send { work, destination }) => world.send(&work, destination),
            Some(other) => panic!("{other:?}"),
            None => {
                assert!(asked.len() <= 4, "{} at once", asked.len());
                assert_eq!(world.scheduler.claiming(), asked.len());
                let Some(endpoint) = asked.pop_front() else { break };
                let work = world.stored.remove(&endpoint).unwrap_or_default();
                world.scheduler.claimed(world.now, endpoint, work, None);
            }
        }
    }
    world.run_for(Duration::from_secs(1));
    assert!(endpoints.iter().all(|endpoint| world.sent_to(*endpoint) == 1));
}

#[test]
fn a_lane_that_is_paused_while_it_stands_in_line_does_not_claim_and_is_not_forgotten() {
    let mut world = World::new();
    let app = world.app();
    let failing = world.endpoint(app, fails_for_a_minute);
    for _ in 0..5 {
        world.accept(failing);
    }
    world.act();
    // Others take all the places, and do not get their answers yet.
    for _ in 0..4 {
        let other = world.endpoint(app, fast);
        let work = world.work(other);
        world.store(work);
    }
    let mut asked = Vec::new();
    while let Some(action) = world.scheduler.next_action(world.now, true) {
        match action {
            Action::Load { app, endpoint } => world.load(app, endpoint),
            Action::Claim { endpoint, limit } => asked.push((endpoint, limit)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(asked.len(), 4);
    let work = world.work(failing);
    world.store(work);
    for ended in std::mem::take(&mut world.ends).into_values() {
        world.scheduler.ended(world.now, ended);
    }
    for (endpoint, limit) in asked {
        world.claim(endpoint, limit);
        while let Some(action) = world.scheduler.next_action(world.now, false) {
            assert!(!matches!(action, Action::Claim { .. }), "{action:?}");
        }
    }
    world.run_for(Duration::from_secs(100));
    assert_eq!(world.sent_to(failing), 6, "it is the probe when the pause is over");
}

#[test]
fn once_reading_has_stopped_nothing_is_claimed_or_read() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    let work = world.work(endpoint);
    world.store(work);
    world.scheduler.stop_reading();
    assert!(world.scheduler.next_action(world.now, false).is_none());
    assert_eq!(world.scheduler.claiming(), 0);
}

#[test]
fn a_claim_for_a_few_does_not_send_what_is_published_meanwhile_through_the_store() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.accept(endpoint);
    world.act();
    let retry = world.work(endpoint);
    world.store(retry);
    assert!(matches!(world.scheduler.next_action(world.now, true), Some(Action::Claim { .. })));
    world.accept(endpoint);
    assert_eq!(world.stored[&endpoint].len(), 1, "only the retry is there, what was published is in memory");
    world.claim(endpoint, 1);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(endpoint), 3);
}

#[test]
fn behind_a_backlog_new_deliveries_queue_until_it_is_claimed() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    for _ in 0..2 * WINDOW {
        let work = world.work(endpoint);
        world.store(work);
    }
    world.act();
    assert!(!world.handle.room(2).reserve(endpoint), "older ones are still in the store");
    world.accept(endpoint);
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.sent_to(endpoint), 2 * WINDOW + 1);
    assert!(world.handle.room(2).reserve(endpoint), "nothing is left there");
}
