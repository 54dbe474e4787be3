//! The scheduler driven through made-up time, against endpoints that are functions.
//!
//! Here: what one endpoint does to others, and the rates.

mod forget;
mod health;
mod ownership;
mod settings;
mod store;
mod world;

use std::time::Duration;

use super::lane::SLOW;
use super::*;
use world::*;

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
