//! What goes, and what must not.

use std::time::Duration;

use postrider_core::delivery::State;
use postrider_core::endpoint::DisabledReason;
use postrider_core::environment::Settings;
use postrider_core::id::{EndpointId, MessageId};

use super::world::{ordered, whole};
use super::{Tenant, World};
use crate::{AttemptFilter, EndpointMark, Mark, Retained, Then};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn short_lived(world: &World) -> Tenant {
    let environment = world.environment(Settings { retention_days: 2, ..Settings::default() }).await;
    world.app(environment).await
}

async fn deliver(world: &World, tenant: &Tenant, endpoint: EndpointId) -> MessageId {
    let message = world.hold(tenant, endpoint).await;
    world.finish(message, endpoint, 0, Then::Waiting { due: world.now() }).await;
    world.claim(endpoint).await;
    world.finish(message, endpoint, 1, Then::Succeeded).await;
    message
}

/// Age.
pub async fn old_messages_go_with_everything_of_theirs(world: World) {
    let tenant = short_lived(&world).await;
    let endpoint = world.endpoint(&tenant).await;
    let old = deliver(&world, &tenant, endpoint).await;
    world.pass(DAY);
    let young = deliver(&world, &tenant, endpoint).await;
    assert_eq!(world.retain(100).await, Retained::default());
    world.pass(DAY + HOUR);
    assert_eq!(world.retain(100).await, Retained { messages: 1, ..Retained::default() });
    assert_eq!(world.message(&tenant, old).await, None);
    assert!(world.message(&tenant, young).await.is_some());
    let attempts = AttemptFilter::default();
    let page = world.store.attempts_by_endpoint(tenant.scope, endpoint, attempts, whole()).await.unwrap();
    assert!(page.rows.len() == 2 && page.rows.iter().all(|attempt| attempt.message == young));
}

/// Settings of environments.
pub async fn each_environment_has_its_own(world: World) {
    let (short, long) = (short_lived(&world).await, world.tenant().await);
    let ids = [&short, &long].map(|tenant| (tenant, world.new_message(tenant)));
    let [first, second] = ids.clone().map(|(_, message)| message.id);
    for (tenant, message) in ids {
        world.accept(tenant, message, &[]).await;
    }
    world.pass(3 * DAY);
    assert_eq!(world.retain(100).await.messages, 1);
    assert!(world.message(&short, first).await.is_none() && world.message(&long, second).await.is_some());
    world.pass(90 * DAY);
    assert_eq!(world.retain(100).await.messages, 1);
    assert_eq!(world.message(&long, second).await, None);
}

/// Unfinished deliveries.
pub async fn an_unfinished_delivery_keeps_its_message(world: World) {
    let tenant = short_lived(&world).await;
    let endpoint = world.endpoint(&tenant).await;
    let mut kept = Vec::new();
    // Held, parked behind it, and waiting, with payloads that would expire.
    for delivery in [ordered(endpoint, 0), ordered(endpoint, 0), super::world::waiting(endpoint)] {
        let mut message = world.new_message(&tenant);
        message.expire_at = Some(world.now().after(HOUR));
        kept.push(message.id);
        world.accept(&tenant, message, &[delivery]).await;
    }
    let done = deliver(&world, &tenant, endpoint).await;
    world.pass(10 * DAY);
    assert_eq!(world.retain(1).await, Retained { messages: 1, ..Retained::default() });
    assert_eq!(world.message(&tenant, done).await, None);
    for id in &kept {
        assert!(world.message(&tenant, *id).await.unwrap().payload.is_some());
    }
    world.finish(kept[0], endpoint, 0, Then::Succeeded).await;
    world.finish(kept[1], endpoint, 0, Then::Failed).await;
    world.retain(100).await;
    assert_eq!(world.message(&tenant, kept[0]).await, None);
    assert_eq!(world.message(&tenant, kept[1]).await, None);
    assert!(world.message(&tenant, kept[2]).await.unwrap().payload.is_some());
}

/// `expire_at`.
pub async fn a_payload_expires_when_nothing_needs_it(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let mut message = world.new_message(&tenant);
    message.expire_at = Some(world.now().after(HOUR));
    let id = message.id;
    world.accept(&tenant, message, &[super::world::held(endpoint)]).await;
    let payload = async || world.message(&tenant, id).await.unwrap().payload;
    world.retain(100).await;
    assert!(payload().await.is_some(), "not yet");
    world.pass(HOUR);
    assert_eq!(world.retain(100).await, Retained::default());
    assert!(payload().await.is_some(), "its delivery is unfinished");
    world.finish(id, endpoint, 0, Then::Succeeded).await;
    assert_eq!(world.retain(100).await, Retained { payloads: 1, ..Retained::default() });
    assert!(payload().await.is_none());
    assert_eq!(world.retain(100).await, Retained::default());
}

/// Endpoints that nobody enables again.
pub async fn a_disabled_endpoint_does_not_keep_messages_for_ever(world: World) {
    let tenant = short_lived(&world).await;
    let endpoint = world.endpoint(&tenant).await;
    let mut ids = Vec::new();
    for delivery in [ordered(endpoint, 0), ordered(endpoint, 0), super::world::waiting(endpoint)] {
        let message = world.new_message(&tenant);
        ids.push(message.id);
        world.accept(&tenant, message, &[delivery]).await;
    }
    world.store.release(world.system(), vec![(ids[0], endpoint)]).await.unwrap();
    world.pass(DAY);
    let mark = Mark::Disabled { at: world.now(), reason: DisabledReason::Failing };
    let marks = vec![EndpointMark { endpoint, mark }];
    world.store.settle(world.system(), std::sync::Arc::default(), marks).await.unwrap();
    world.pass(DAY + HOUR);
    assert_eq!(world.retain(100).await, Retained::default(), "not disabled for long enough");
    world.pass(DAY);
    assert_eq!(world.retain(100).await, Retained { canceled: 3, messages: 3, ..Retained::default() });
    for id in ids {
        assert_eq!(world.message(&tenant, id).await, None);
    }
}

/// Deleted endpoints.
pub async fn a_deleted_endpoints_deliveries_are_canceled(world: World) {
    let tenant = world.tenant().await;
    let (endpoint, other) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let done = deliver(&world, &tenant, endpoint).await;
    let waiting = world.queue(&tenant, endpoint).await;
    let mut in_order = Vec::new();
    for _ in 0..3 {
        let message = world.new_message(&tenant);
        in_order.push(message.id);
        world.accept(&tenant, message, &[ordered(endpoint, 0)]).await;
    }
    let elsewhere = world.queue(&tenant, other).await;
    world.store.delete_endpoint(tenant.scope, endpoint, world.now()).await.unwrap();
    assert_eq!(world.retain(1).await.canceled, 3);
    assert_eq!(world.state(&tenant, waiting, endpoint).await, State::Canceled);
    assert_eq!(world.state(&tenant, in_order[1], endpoint).await, State::Canceled);
    assert_eq!(world.state(&tenant, done, endpoint).await, State::Succeeded);
    assert_eq!(world.state(&tenant, elsewhere, other).await, State::Waiting);
    // The one under way ends by itself.
    assert_eq!(world.state(&tenant, in_order[0], endpoint).await, State::Held);
    world.finish(in_order[0], endpoint, 0, Then::Waiting { due: world.now() }).await;
    assert_eq!(world.retain(1).await.canceled, 1);
    // Once nothing refers to it, the endpoint itself goes, and nothing of it is left to look at.
    world.pass(91 * DAY);
    world.store.skip(tenant.scope, elsewhere, other, world.now()).await.unwrap();
    world.retain(100).await;
    assert_eq!(world.message(&tenant, done).await, None);
    assert_eq!(world.retain(100).await, Retained::default());
}

/// Deleted applications.
pub async fn a_deleted_apps_messages_are_removed(world: World) {
    let tenant = world.tenant().await;
    let neighbour = world.app(tenant.environment).await;
    let endpoint = world.endpoint(&tenant).await;
    for _ in 0..5 {
        deliver(&world, &tenant, endpoint).await;
        world.queue(&tenant, endpoint).await;
    }
    let held = world.hold(&tenant, endpoint).await;
    let theirs = world.new_message(&neighbour);
    let theirs_id = theirs.id;
    world.accept(&neighbour, theirs, &[]).await;
    world.store.delete_app(tenant.scope, world.now()).await.unwrap();
    let retained = world.retain(3).await;
    assert_eq!(retained.messages, 11);
    let settled = world.settle(world.attempt(held, endpoint, 1), Then::Succeeded).await;
    assert!(matches!(settled, crate::Settled::Stale), "{settled:?}");
    world.pass(2 * HOUR);
    world.retain(3).await;
    world.retain(3).await;
    assert_eq!(world.retain(3).await, Retained::default());
    assert!(world.message(&neighbour, theirs_id).await.is_some());
}

/// Limits of a pass.
pub async fn short_passes_come_to_the_same_end(world: World) {
    let tenant = short_lived(&world).await;
    let endpoints = [world.endpoint(&tenant).await, world.endpoint(&tenant).await];
    for index in 0..20 {
        let endpoint = endpoints[index % 2];
        if index % 5 == 0 {
            // What stays, between what goes.
            world.hold(&tenant, endpoint).await;
        } else {
            deliver(&world, &tenant, endpoint).await;
        }
    }
    world.pass(3 * DAY);
    for _ in 0..100 {
        let pass = world.store.retain(world.system(), world.now(), 3).await.unwrap();
        assert!(pass.messages <= 3, "{pass:?}");
        if !pass.more {
            break;
        }
    }
    let left = world.store.messages(tenant.scope, crate::MessageFilter::default(), whole(), false).await;
    assert_eq!(left.unwrap().rows.len(), 4);
}
