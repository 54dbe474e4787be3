//! Pauses, probes, and what is noted of an endpoint.

use std::time::Duration;

use postrider_core::endpoint::DisabledReason;
use postrider_store::Mark;

use super::super::*;
use super::world::*;

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
