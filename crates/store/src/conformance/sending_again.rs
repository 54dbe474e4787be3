//! Resending and skipping.

use std::time::Duration;

use postrider_core::attempt::Trigger;
use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId};

use super::World;
use crate::{ResendError, Then};

const MINUTE: Duration = Duration::from_secs(60);

/// Finished deliveries.
pub async fn a_finished_delivery_starts_anew(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    for then in [Then::Succeeded, Then::Failed] {
        let message = world.hold(&tenant, endpoint).await;
        world.finish(message, endpoint, 0, Then::Waiting { due: world.now() }).await;
        world.claim(endpoint).await;
        world.finish(message, endpoint, 1, then).await;
        world.pass(MINUTE);
        world.store.resend(tenant.scope, message, vec![endpoint], world.now(), None).await.unwrap();
        let work = world.claim(endpoint).await.work.pop().unwrap();
        assert_eq!((work.attempts, work.uncounted, work.trigger), (2, 2, Trigger::Manual));
        assert_eq!(work.due, world.now());
        world.finish(message, endpoint, 2, Then::Waiting { due: world.now() }).await;
        let work = world.claim(endpoint).await.work.pop().unwrap();
        assert_eq!((work.attempts, work.uncounted, work.trigger), (3, 2, Trigger::Scheduled));
        world.finish(message, endpoint, 3, Then::Succeeded).await;
    }
}

/// Deliveries between two attempts.
pub async fn a_waiting_delivery_is_hastened_once(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    world.finish(message, endpoint, 0, Then::Waiting { due: world.now().after(MINUTE) }).await;
    for _ in 0..2 {
        world.store.resend(tenant.scope, message, vec![endpoint], world.now(), None).await.unwrap();
    }
    let work = world.claim(endpoint).await.work.pop().unwrap();
    assert_eq!((work.attempts, work.uncounted, work.trigger), (1, 1, Trigger::Manual));
    // Under way it stays as it is.
    world.store.resend(tenant.scope, message, vec![endpoint], world.now(), None).await.unwrap();
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Held);
    world.finish(message, endpoint, 1, Then::Succeeded).await;
}

/// An endpoint that did not want the message, or was not there yet.
pub async fn a_missing_delivery_is_made(world: World) {
    let tenant = world.tenant().await;
    let message = world.new_message(&tenant);
    let id = message.id;
    world.accept(&tenant, message, &[]).await;
    let endpoint = world.endpoint(&tenant).await;
    world.store.resend(tenant.scope, id, vec![endpoint], world.now(), None).await.unwrap();
    let work = world.claim(endpoint).await.work.pop().unwrap();
    assert_eq!((work.attempts, work.uncounted, work.trigger), (0, 0, Trigger::Manual));
}

/// Refusals.
pub async fn what_cannot_be_sent_again_is_refused(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    let resend = async |message, endpoint| {
        world.store.resend(tenant.scope, message, vec![endpoint], world.now(), None).await.unwrap_err()
    };
    let unknown = resend(world.id(MessageId::make), endpoint).await;
    assert!(matches!(unknown, ResendError::NoMessage), "{unknown}");
    let unknown = resend(message, world.id(EndpointId::make)).await;
    assert!(matches!(unknown, ResendError::NoEndpoint), "{unknown}");
    world.store.expunge_message(tenant.scope, message, world.now()).await.unwrap();
    let empty = resend(message, endpoint).await;
    assert!(matches!(empty, ResendError::NoPayload), "{empty}");
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Canceled);
}

/// Skipping.
pub async fn skipping_ends_a_delivery(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.queue(&tenant, endpoint).await;
    let skip = async |message, endpoint| {
        world.store.skip(tenant.scope, message, endpoint, world.now()).await.unwrap()
    };
    assert!(skip(message, endpoint).await);
    assert!(!skip(message, endpoint).await, "it is finished");
    assert!(!skip(world.id(MessageId::make), endpoint).await);
    assert!(!skip(message, world.id(EndpointId::make)).await);
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Canceled);
    assert_eq!(world.claim_ids(endpoint).await, []);
}

/// Several endpoints get a message again, or none does.
pub async fn a_message_is_sent_to_all_that_are_named_or_to_none(world: World) {
    let tenant = world.tenant().await;
    let (one, two) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let message = world.new_message(&tenant);
    let id = message.id;
    world.accept(&tenant, message, &[]).await;
    let unknown = world.id(EndpointId::make);
    let resend = async |to| world.store.resend(tenant.scope, id, to, world.now(), None).await;
    let refused = resend(vec![one, unknown]).await.unwrap_err();
    assert!(matches!(refused, ResendError::NoEndpoint), "{refused}");
    assert_eq!(world.delivery(&tenant, id, one).await, None);
    resend(vec![one, two]).await.unwrap();
    for endpoint in [one, two] {
        assert_eq!(world.claim_ids(endpoint).await, [id]);
    }
}
