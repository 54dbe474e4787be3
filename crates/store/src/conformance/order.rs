//! Deliveries that wait for each other.

use std::time::Duration;

use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId};

use super::world::ordered;
use super::{Tenant, World};
use crate::accept::FIFO;
use crate::{Placement, Settled, Then, order_of_key};

const MINUTE: Duration = Duration::from_secs(60);

async fn publish(world: &World, tenant: &Tenant, endpoint: EndpointId, order: i64) -> (MessageId, Placement) {
    let message = world.new_message(tenant);
    let id = message.id;
    (id, world.accept(tenant, message, &[ordered(endpoint, order)]).await[0])
}

/// Three messages of one order: the first held, the others parked.
async fn three(world: &World) -> (Tenant, EndpointId, [MessageId; 3]) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let (first, placement) = publish(world, &tenant, endpoint, FIFO).await;
    assert_eq!(placement, Placement::Held);
    let mut ids = [first; 3];
    for id in &mut ids[1..] {
        let (message, placement) = publish(world, &tenant, endpoint, FIFO).await;
        assert_eq!(placement, Placement::Parked);
        *id = message;
    }
    (tenant, endpoint, ids)
}

/// Success lets the next go.
pub async fn one_goes_after_another(world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    assert_eq!(world.claim_ids(endpoint).await, [], "parked ones are not due");
    for pair in ids.windows(2) {
        let next = world.finish(pair[0], endpoint, 0, Then::Succeeded).await.expect("the next is held");
        assert_eq!((next.message.id, next.ordered, next.attempts), (pair[1], true, 0));
        assert!(next.message.payload.is_some() && next.app == tenant.app.id && next.endpoint == endpoint);
        assert_eq!(world.state(&tenant, pair[1], endpoint).await, State::Held);
    }
    assert!(world.finish(ids[2], endpoint, 0, Then::Succeeded).await.is_none());
    let (_, placement) = publish(&world, &tenant, endpoint, FIFO).await;
    assert_eq!(placement, Placement::Held, "an order that is done begins anew");
}

/// A retry lets nobody pass.
pub async fn a_failure_holds_the_others_back(world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    let due = world.now().after(MINUTE);
    assert!(world.finish(ids[0], endpoint, 0, Then::Waiting { due }).await.is_none());
    let (late, placement) = publish(&world, &tenant, endpoint, FIFO).await;
    assert_eq!(placement, Placement::Parked);
    world.pass(MINUTE);
    let claimed = world.claim(endpoint).await;
    assert_eq!(claimed.work.len(), 1);
    assert!(claimed.work[0].ordered && claimed.work[0].message.id == ids[0]);
    // Also a failure for good lets the next go: what is stuck for ever would be lost.
    let next = world.finish(ids[0], endpoint, 1, Then::Failed).await.unwrap();
    assert_eq!(next.message.id, ids[1]);
    assert_eq!(world.state(&tenant, late, endpoint).await, State::Parked);
}

/// Orders are apart from each other.
pub async fn keys_and_endpoints_do_not_wait_for_each_other(world: World) {
    let tenant = world.tenant().await;
    let (a, b) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let (x, y) = (order_of_key("x"), order_of_key("y"));
    let expected = [(a, x, true), (a, y, true), (b, x, true), (a, x, false), (b, x, false), (a, FIFO, true)];
    for (endpoint, order, free) in expected {
        let (_, placement) = publish(&world, &tenant, endpoint, order).await;
        assert_eq!(placement == Placement::Held, free, "{endpoint} {order}: {placement:?}");
    }
}

/// Scheduled messages in an order.
pub async fn the_next_may_have_to_wait_for_its_time(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let (first, _) = publish(&world, &tenant, endpoint, FIFO).await;
    let mut scheduled = world.new_message(&tenant);
    let due = world.now().after(MINUTE);
    scheduled.deliver_at = Some(due);
    let second = scheduled.id;
    world.accept(&tenant, scheduled, &[ordered(endpoint, FIFO)]).await;
    match world.settle(world.attempt(first, endpoint, 1), Then::Succeeded).await {
        Settled::Recorded { held: None, waiting } => assert_eq!(waiting, Some(due)),
        other => panic!("{other:?}"),
    }
    let (_, placement) = publish(&world, &tenant, endpoint, FIFO).await;
    assert_eq!(placement, Placement::Parked, "a waiting one holds the order");
    world.pass(MINUTE);
    assert_eq!(world.claim_ids(endpoint).await, [second]);
}

/// Skipping the one in front.
pub async fn a_skipped_one_lets_the_next_go(world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    assert!(world.store.skip(tenant.scope, ids[0], endpoint, world.now()).await.unwrap());
    assert_eq!(world.claim_ids(endpoint).await, [ids[1]]);
    assert_eq!(world.state(&tenant, ids[2], endpoint).await, State::Parked);
}

/// Skipping one behind it.
pub async fn a_skipped_parked_one_lets_nobody_go(world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    assert!(world.store.skip(tenant.scope, ids[1], endpoint, world.now()).await.unwrap());
    assert_eq!(world.claim_ids(endpoint).await, []);
    let next = world.finish(ids[0], endpoint, 0, Then::Succeeded).await.unwrap();
    assert_eq!(next.message.id, ids[2]);
}

/// Expunging the one in front.
pub async fn an_expunged_one_lets_the_next_go(world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    assert!(world.store.expunge_message(tenant.scope, ids[0], world.now()).await.unwrap());
    assert_eq!(world.state(&tenant, ids[0], endpoint).await, State::Canceled);
    assert_eq!(world.claim_ids(endpoint).await, [ids[1]]);
}

/// Restarts.
pub async fn the_order_survives_a_restart(mut world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    assert_eq!(world.restart().await, 1);
    assert_eq!(world.claim_ids(endpoint).await, [ids[0]]);
    assert_eq!(world.state(&tenant, ids[1], endpoint).await, State::Parked);
    assert_eq!(world.finish(ids[0], endpoint, 0, Then::Succeeded).await.unwrap().message.id, ids[1]);
}

/// Sending again by hand is outside the order.
pub async fn what_is_sent_again_has_left_the_order(world: World) {
    let (tenant, endpoint, ids) = three(&world).await;
    world.finish(ids[0], endpoint, 0, Then::Succeeded).await;
    world.store.resend(tenant.scope, ids[0], vec![endpoint], world.now(), None).await.unwrap();
    let claimed = world.claim(endpoint).await;
    assert_eq!(claimed.work.len(), 1);
    assert!(!claimed.work[0].ordered, "nobody waits for it");
    assert!(world.finish(ids[0], endpoint, 1, Then::Succeeded).await.is_none(), "and it lets nobody go");
    assert_eq!(world.state(&tenant, ids[2], endpoint).await, State::Parked);
}
