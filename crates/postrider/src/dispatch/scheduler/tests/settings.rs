//! Settings are read, change, and are read again.

use std::time::Duration;

use super::super::*;
use super::world::*;

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
fn settings_that_cannot_be_read_hold_up_nobody_and_are_asked_for_again() {
    let mut world = World::new();
    let app = world.app();
    let unreadable: Vec<_> = (0..40).map(|_| world.endpoint(app, fast)).collect();
    world.unreadable.extend(&unreadable);
    let good = world.endpoint(app, fast);
    for endpoint in unreadable.iter().chain([&good]) {
        world.accept(*endpoint);
    }
    world.run_for(Duration::from_secs(5));
    assert_eq!((world.sent_to(good), world.sent.len()), (1, 1));
    world.unreadable.clear();
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.sent.len(), 41);
}

#[test]
fn a_change_to_everything_reads_a_few_lanes_at_a_time_and_those_with_nothing_to_do_not_at_all() {
    let mut world = World::new();
    let (one, other) = (world.app(), world.app());
    let busy: Vec<_> = (0..50).map(|_| world.endpoint(one, hangs)).collect();
    let idle: Vec<_> = (0..50).map(|_| world.endpoint(other, fast)).collect();
    for endpoint in busy.iter().chain(&idle) {
        world.accept(*endpoint);
    }
    world.run_for(Duration::from_secs(5));
    assert_eq!(idle.iter().map(|endpoint| world.sent_to(*endpoint)).sum::<usize>(), 50);

    world.scheduler.all_changed(world.now);
    let (mut asked, mut read) = (VecDeque::new(), 0);
    loop {
        match world.scheduler.next_action(world.now, false) {
            Some(Action::Load { endpoint, .. }) => asked.push_back(endpoint),
            Some(Action::Claim { endpoint, limit }) => world.claim(endpoint, limit),
            Some(other) => panic!("{other:?}"),
            None => {
                assert!(asked.len() <= 4, "{} at once", asked.len());
                let Some(endpoint) = asked.pop_front() else { break };
                read += 1;
                world.scheduler.loaded(world.now, endpoint, None, Some(plain(endpoint)));
            }
        }
    }
    assert_eq!(read, 50);
    world.accept(idle[0]);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(idle[0]), 2, "it is read when it has something to do");
}

#[test]
fn what_others_have_changed_is_found_by_reading_it() {
    let mut world = World::new();
    let app = world.app();
    let [mended, other] = [world.endpoint(app, fails), world.endpoint(app, fails)];
    for _ in 0..20 {
        world.accept(mended);
        world.accept(other);
    }
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.scheduler.paused_lanes(), 2);
    for endpoint in [mended, other] {
        world.answers.insert(endpoint, fast);
    }
    let before = [mended, other].map(|endpoint| world.sent_to(endpoint));
    world.changed_at.insert(mended, world.now);
    world.scheduler.apps_changed(world.now, &[app].into());
    world.run_for(Duration::from_millis(100));
    let after = [mended, other].map(|endpoint| world.sent_to(endpoint));
    assert!(after[0] > before[0], "the change may have mended it");
    assert_eq!(after[1], before[1], "a sibling that nobody touched stays paused");
}

#[test]
fn an_endpoint_that_others_enable_goes_on() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.disabled.push(endpoint);
    world.accept(endpoint);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(endpoint), 0);
    world.disabled.clear();
    world.changed_at.insert(endpoint, world.now);
    world.scheduler.apps_changed(world.now, &[app].into());
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.sent_to(endpoint), 1);
}
