//! What is forgotten, and when.

use std::time::Duration;

use super::super::forget::IDLE_KEPT;
use super::super::*;
use super::world::*;

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
    assert_eq!(world.handle.status(), crate::dispatch::lanes::Status::default());
}

#[test]
fn the_rate_of_an_application_is_forgotten_with_its_last_lane_but_never_what_was_used_of_it() {
    let mut world = World::new();
    let app = world.app();
    world.app_throttle.insert(app, 1);
    let endpoint = world.endpoint(app, fast);
    world.accept(endpoint);
    world.run_for(Duration::from_millis(10));
    // Its endpoint is deleted at once.
    world.gone.push(endpoint);
    world.scheduler.changed(world.now, app, endpoint);
    world.run_for(Duration::from_millis(10));
    world.scheduler.sweep(world.now);
    assert_eq!((world.scheduler.lanes(), world.scheduler.app_buckets.len()), (0, 1));
    world.run_for(Duration::from_secs(1));
    world.scheduler.sweep(world.now);
    assert_eq!(world.scheduler.app_buckets.len(), 0);

    let endpoint = world.endpoint(app, fast);
    world.accept(endpoint);
    world.run_for(Duration::from_secs(5));
    world.scheduler.sweep(world.now);
    assert_eq!(world.scheduler.app_buckets.len(), 1, "its lane is kept a while");
    world.run_for(IDLE_KEPT);
    world.scheduler.sweep(world.now);
    assert_eq!(world.scheduler.app_buckets.len(), 0);
}

#[test]
fn a_lane_with_a_retry_far_away_keeps_one_timer_however_often_it_is_used() {
    let mut world = World::new();
    let app = world.app();
    let endpoint = world.endpoint(app, fast);
    world.throttle.insert(endpoint, 5);
    let mut later = world.work(endpoint);
    later.due = world.now.after(Duration::from_secs(36_000));
    world.store(later);
    for _ in 0..100 {
        world.accept(endpoint);
        world.accept(endpoint);
        world.run_for(Duration::from_secs(2));
        assert_eq!(world.scheduler.timers.len(), 1);
    }
    assert_eq!(world.sent_to(endpoint), 200);
    world.run_for(Duration::from_secs(36_000));
    assert_eq!(world.sent_to(endpoint), 201);
    world.run_for(IDLE_KEPT);
    world.scheduler.sweep(world.now);
    assert_eq!((world.scheduler.lanes(), world.scheduler.timers.len()), (0, 0));
}
