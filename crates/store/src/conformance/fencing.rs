//! Who does not hold a delivery cannot write to it.

use postrider_core::delivery::State;

use super::world::{held, whole};
use super::{Tenant, World};
use crate::{AttemptFilter, Settled, Then};

async fn attempts(world: &World, tenant: &Tenant, message: postrider_core::id::MessageId) -> usize {
    let filter = AttemptFilter::default();
    world.store.attempts_by_message(tenant.scope, message, filter, whole()).await.unwrap().rows.len()
}

/// The same delivery settled twice.
pub async fn a_second_settlement_changes_nothing(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    world.finish(message, endpoint, 0, Then::Succeeded).await;
    for number in [1, 2] {
        let again = world.settle(world.attempt(message, endpoint, number), Then::Failed).await;
        assert!(matches!(again, Settled::Stale), "{again:?}");
    }
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Succeeded);
    assert_eq!(attempts(&world, &tenant, message).await, 1);
}

/// The count of attempts is a part of the token.
pub async fn a_wrong_count_changes_nothing(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    for number in [0, 2, u32::MAX] {
        let settled = world.settle(world.attempt(message, endpoint, number), Then::Succeeded).await;
        assert!(matches!(settled, Settled::Stale), "{number}: {settled:?}");
    }
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Held);
    assert_eq!(attempts(&world, &tenant, message).await, 0);
}

/// Waiting deliveries.
pub async fn what_is_not_held_cannot_be_settled_or_released(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.queue(&tenant, endpoint).await;
    let settled = world.settle(world.attempt(message, endpoint, 1), Then::Succeeded).await;
    assert!(matches!(settled, Settled::Stale), "{settled:?}");
    let done = world.hold(&tenant, endpoint).await;
    world.finish(done, endpoint, 0, Then::Succeeded).await;
    world.store.release(world.system(), vec![(done, endpoint), (message, endpoint)]).await.unwrap();
    assert_eq!(world.state(&tenant, done, endpoint).await, State::Succeeded);
    assert_eq!(world.claim_ids(endpoint).await, [message]);
}

/// Skipping takes a delivery out of its holder's hands.
pub async fn a_skipped_delivery_cannot_be_settled(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    assert!(world.store.skip(tenant.scope, message, endpoint, world.now()).await.unwrap());
    let settled = world.settle(world.attempt(message, endpoint, 1), Then::Succeeded).await;
    assert!(matches!(settled, Settled::Stale), "{settled:?}");
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Canceled);
}

/// Holders before this one.
pub async fn a_restart_takes_everything_over(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let first = world.hold(&tenant, endpoint).await;
    let due = world.now();
    world.reopen().await;
    // Before the new one takes over: the old token fits nothing.
    let settled = world.settle(world.attempt(first, endpoint, 1), Then::Succeeded).await;
    assert!(matches!(settled, Settled::Stale), "{settled:?}");
    world.store.release(world.system(), vec![(first, endpoint)]).await.unwrap();
    assert_eq!(world.state(&tenant, first, endpoint).await, State::Held, "it is not this one's to release");
    let own = world.new_message(&tenant);
    let own_id = own.id;
    world.accept(&tenant, own, &[held(endpoint)]).await;

    assert_eq!(world.store.take_over(world.system()).await.unwrap(), 1, "what it holds itself stays");
    let claimed = world.claim(endpoint).await;
    assert_eq!(claimed.work.len(), 1);
    assert_eq!((claimed.work[0].message.id, claimed.work[0].due), (first, due));
    world.finish(first, endpoint, 0, Then::Succeeded).await;
    world.finish(own_id, endpoint, 0, Then::Succeeded).await;
    assert_eq!(world.store.take_over(world.system()).await.unwrap(), 0);
}
