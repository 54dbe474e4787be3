//! Lanes, claims and settlements.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::attempt::{Failure, FailureClass, Timings, Trigger};
use postrider_core::delivery::State;
use postrider_core::message::Payload;

use super::World;
use super::world::{held, waiting, whole};
use crate::{AttemptFilter, Claim, LaneDue, Settled, Then};

const MINUTE: Duration = Duration::from_secs(60);

/// Where the dispatcher finds its work after a start.
pub async fn lanes_are_found_page_by_page(world: World) {
    let (a, b) = (world.tenant().await, world.tenant().await);
    let mut expected = Vec::new();
    for tenant in [&a, &b, &a, &b, &a] {
        let endpoint = world.endpoint(tenant).await;
        let idle = world.endpoint(tenant).await;
        world.hold(tenant, idle).await;
        expected.push(LaneDue { app: tenant.app.id, endpoint, due: world.now() });
        for _ in 0..3 {
            world.queue(tenant, endpoint).await;
            world.pass(MINUTE);
        }
    }
    let (mut lanes, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.lanes_due(world.system(), after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.endpoint);
        lanes.extend(page);
    }
    assert_eq!(lanes, expected);
}

/// The order of claims.
pub async fn due_deliveries_are_claimed_oldest_first(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let (late, early) = (world.new_message(&tenant), world.new_message(&tenant));
    let mut later = world.new_message(&tenant);
    later.deliver_at = Some(world.now().after(2 * MINUTE));
    let ids = [late.id, early.id, later.id];
    let due = later.deliver_at;
    world.accept(&tenant, early, &[waiting(endpoint)]).await;
    world.pass(MINUTE);
    world.accept(&tenant, late.clone(), &[waiting(endpoint)]).await;
    world.accept(&tenant, later, &[waiting(endpoint)]).await;
    let claimed = world.claim(endpoint).await;
    assert_eq!(claimed.work.iter().map(|work| work.message.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
    assert_eq!(claimed.next_due, due);
    let work = &claimed.work[1];
    assert_eq!((work.app, work.endpoint, work.due), (tenant.app.id, endpoint, world.now()));
    assert_eq!((work.attempts, work.uncounted, work.trigger), (0, 0, Trigger::Scheduled));
    assert!(!work.ordered);
    assert_eq!(*work.message, late, "with its payload");
    assert_eq!(world.state(&tenant, ids[0], endpoint).await, State::Held);
    assert_eq!(world.claim_ids(endpoint).await, [], "what is held is not claimed again");
    world.pass(MINUTE);
    assert_eq!(world.claim_ids(endpoint).await, [ids[2]]);
    assert_eq!(world.claim(endpoint).await.next_due, None);
}

/// Deliveries and bytes.
pub async fn a_claim_keeps_to_its_limits(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    for _ in 0..10 {
        let mut message = world.new_message(&tenant);
        message.payload = Some(Payload { body: Bytes::from(vec![b'x'; 1_000]), raw: None });
        world.accept(&tenant, message, &[waiting(endpoint)]).await;
    }
    let claim = async |limit, max_bytes| {
        let claim = Claim { endpoint, now: world.now(), limit, max_bytes };
        let claimed = world.store.claim(world.system(), claim).await.unwrap();
        (claimed.work.len(), claimed.next_due.is_some())
    };
    assert_eq!(claim(3, 1 << 20).await, (3, true));
    assert_eq!(claim(100, 2_500).await, (2, true));
    assert_eq!(claim(100, 1).await, (1, true), "one is always given");
    assert_eq!(claim(100, 1 << 20).await, (4, false));
    assert_eq!(claim(100, 1 << 20).await, (0, false));
}

/// Every field of an attempt.
pub async fn an_attempt_is_recorded_whole(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    let mut failed = world.attempt(message, endpoint, 1);
    failed.succeeded = false;
    failed.status_code = 0;
    failed.failure = Some(Failure { class: FailureClass::Timeout, sentence: "It took too long.".into() });
    failed.remote = Some(([192, 0, 2, 7], 443).into());
    failed.timings = Timings {
        dns: Duration::from_micros(1),
        connect: Duration::from_millis(2),
        tls: Duration::from_millis(3),
        first_byte: Duration::ZERO,
        total: Duration::from_secs(15),
    };
    failed.response = None;
    failed.response_headers = Bytes::new();
    world.settle(failed.clone(), Then::Waiting { due: world.now() }).await;
    assert_eq!(world.claim_ids(endpoint).await, [message]);
    let mut answered = world.attempt(message, endpoint, 2);
    answered.trigger = Trigger::Manual;
    answered.remote = Some("[2001:db8::1]:8443".parse().unwrap());
    // What a receiver answers need not be text.
    answered.response = Some(Bytes::from_static(b"\0\xff\xfe"));
    answered.response_headers = Bytes::from_static(b"x: \xff\n");
    world.settle(answered.clone(), Then::Succeeded).await;
    for attempt in [&failed, &answered] {
        let found = world.store.attempt(tenant.scope, message, attempt.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(attempt));
    }
    let filter = AttemptFilter { with_content: true, ..AttemptFilter::default() };
    let page = world.store.attempts_by_message(tenant.scope, message, filter, whole()).await.unwrap();
    assert_eq!(page.rows, [answered, failed], "newest first");
    let delivery = world.delivery(&tenant, message, endpoint).await.unwrap();
    assert_eq!((delivery.state, delivery.attempts, delivery.due), (State::Succeeded, 2, None));
}

/// Retries.
pub async fn a_retry_waits_for_its_time(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    let due = world.now().after(MINUTE);
    world.finish(message, endpoint, 0, Then::Waiting { due }).await;
    let claimed = world.claim(endpoint).await;
    assert_eq!((claimed.work.len(), claimed.next_due), (0, Some(due)));
    world.pass(MINUTE);
    let work = world.claim(endpoint).await.work.pop().unwrap();
    assert_eq!((work.message.id, work.attempts, work.due), (message, 1, due));
    world.finish(message, endpoint, 1, Then::Failed).await;
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Failed);
    assert_eq!(world.store.lanes_due(world.system(), None, 10).await.unwrap(), []);
}

/// Giving back.
pub async fn released_deliveries_can_be_claimed_again(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let due = world.now();
    let ids = [world.hold(&tenant, endpoint).await, world.hold(&tenant, endpoint).await];
    world.pass(MINUTE);
    world.store.release(world.system(), vec![(ids[0], endpoint), (ids[1], endpoint)]).await.unwrap();
    let claimed = world.claim(endpoint).await;
    assert_eq!(claimed.work.iter().map(|work| work.message.id).collect::<Vec<_>>(), ids);
    assert!(claimed.work.iter().all(|work| work.due == due), "due as they were");
}

/// `deliver_at`.
pub async fn a_scheduled_message_waits_for_its_time(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let mut message = world.new_message(&tenant);
    message.deliver_at = Some(world.now().after(MINUTE));
    let id = message.id;
    world.accept(&tenant, message, &[held(endpoint)]).await;
    assert_eq!(world.claim_ids(endpoint).await, []);
    let lanes = world.store.lanes_due(world.system(), None, 10).await.unwrap();
    assert_eq!(lanes[0].due, world.now().after(MINUTE));
    world.pass(MINUTE);
    assert_eq!(world.claim_ids(endpoint).await, [id]);
}

/// Deleted endpoints.
pub async fn a_deleted_endpoint_gets_nothing_more(world: World) {
    let tenant = world.tenant().await;
    let (gone, stays) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    world.queue(&tenant, gone).await;
    world.queue(&tenant, stays).await;
    let message = world.hold(&tenant, gone).await;
    world.store.delete_endpoint(tenant.scope, gone, world.now()).await.unwrap();
    assert_eq!(world.claim_ids(gone).await, []);
    let lanes = world.store.lanes_due(world.system(), None, 10).await.unwrap();
    assert_eq!(lanes.iter().map(|lane| lane.endpoint).collect::<Vec<_>>(), [stays]);
    // What was under way is recorded, and stays readable by its message.
    world.finish(message, gone, 0, Then::Succeeded).await;
    let page =
        world.store.attempts_by_message(tenant.scope, message, AttemptFilter::default(), whole()).await;
    assert_eq!(page.unwrap().rows.len(), 1);
    assert_eq!(world.state(&tenant, message, gone).await, State::Succeeded);
}

/// Batches.
pub async fn many_settlements_have_an_answer_each(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let mut settlements = Vec::new();
    for index in 0..50 {
        let message = world.hold(&tenant, endpoint).await;
        // Every third is stale.
        let attempt = world.attempt(message, endpoint, if index % 3 == 0 { 2 } else { 1 });
        settlements.push(world.settlement(attempt, Then::Succeeded));
    }
    let settled = world.store.settle(world.system(), Arc::new(settlements), Vec::new()).await.unwrap();
    let stale: Vec<_> = settled.iter().map(|settled| matches!(settled, Settled::Stale)).collect();
    assert_eq!(stale, (0..50).map(|index| index % 3 == 0).collect::<Vec<_>>());
}
