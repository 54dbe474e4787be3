//! What is outside a scope does not exist.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::environment::Settings;
use postrider_core::id::{AppId, EndpointId, MessageId};
use postrider_core::scope::AppScope;

use super::world::{held, whole};
use super::{Tenant, World};
use crate::{AppFilter, AttemptFilter, DeliveryFilter, MessageFilter, ResendError, Then};

/// Environments are walls.
pub async fn an_app_is_invisible_from_another_environment(world: World) {
    let tenant = world.tenant().await;
    let elsewhere = world.environment(Settings::default()).await;
    let scope = world.system().environment(elsewhere);
    let app = world.store.app(scope.lookup(), &Ref::Id(tenant.app.id)).await.unwrap();
    assert_eq!(app, None);
    let apps = world.store.apps(scope, AppFilter::default(), whole()).await.unwrap();
    assert_eq!(apps.rows, []);
    let wrong = world.system().app(elsewhere, tenant.app.id);
    assert!(!world.store.delete_app(wrong, world.now()).await.unwrap());
    let change = Arc::new(|_: &mut _| ());
    assert_eq!(world.store.change_app(wrong, change, world.now()).await.unwrap(), None);
    let endpoint = world.endpoint(&tenant).await;
    assert_eq!(world.store.endpoint(wrong, &Ref::Id(endpoint)).await.unwrap(), None);
    assert_eq!(world.store.all_endpoints(wrong).await.unwrap(), []);
}

struct Things {
    endpoint: EndpointId,
    message: MessageId,
    attempt: postrider_core::id::AttemptId,
}

async fn things(world: &World, tenant: &Tenant) -> Things {
    let endpoint = world.endpoint(tenant).await;
    let mut message = world.new_message(tenant);
    message.event_id = Some("event".into());
    let id = message.id;
    world.accept(tenant, message, &[held(endpoint)]).await;
    let attempt = world.attempt(id, endpoint, 1);
    let attempt_id = attempt.id;
    world.settle(attempt, Then::Waiting { due: world.now() }).await;
    Things { endpoint, message: id, attempt: attempt_id }
}

/// Asks every verb that takes an application's scope for things that are not in it.
async fn assert_nothing(world: &World, scope: AppScope, things: &Things) {
    let (store, now) = (&world.store, world.now());
    let Things { endpoint, message, attempt } = *things;
    assert_eq!(store.endpoint(scope, &Ref::Id(endpoint)).await.unwrap(), None);
    let change = Arc::new(|_: &mut _| ());
    assert_eq!(store.change_endpoint(scope, endpoint, change, now, None).await.unwrap(), None);
    assert!(!store.delete_endpoint(scope, endpoint, now).await.unwrap());
    for name in [Ref::Id(message), Ref::Uid("event".into())] {
        assert_eq!(store.message(scope, &name, true).await.unwrap(), None);
    }
    assert_eq!(store.messages(scope, MessageFilter::default(), whole(), false).await.unwrap().rows, []);
    assert!(!store.expunge_message(scope, message, now).await.unwrap());
    let filter = AttemptFilter::default;
    let by_endpoint = store.attempts_by_endpoint(scope, endpoint, filter(), whole()).await.unwrap();
    assert_eq!(by_endpoint.rows, []);
    let by_message = store.attempts_by_message(scope, message, filter(), whole()).await.unwrap();
    assert_eq!(by_message.rows, []);
    assert_eq!(store.attempt(scope, message, attempt).await.unwrap(), None);
    assert!(!store.expunge_attempt(scope, message, attempt).await.unwrap());
    let filter = DeliveryFilter::default();
    let by_endpoint = store.deliveries_by_endpoint(scope, endpoint, filter, whole()).await.unwrap();
    assert_eq!(by_endpoint.rows, []);
    assert_eq!(store.deliveries_by_message(scope, message, whole()).await.unwrap().rows, []);
    let stats = store.stats(scope, endpoint, now.before(DAY), now.after(DAY)).await.unwrap();
    assert_eq!(stats, crate::DeliveryStats::default());
    let resent = store.resend(scope, message, vec![endpoint], now, None).await;
    assert!(matches!(resent, Err(ResendError::NoMessage)), "{resent:?}");
    assert!(!store.skip(scope, message, endpoint, now).await.unwrap());
}

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// Applications are walls.
pub async fn another_apps_things_do_not_exist(world: World) {
    let tenant = world.tenant().await;
    let neighbour = world.app(tenant.environment).await;
    let things = things(&world, &tenant).await;
    assert_nothing(&world, neighbour.scope, &things).await;
    let own_endpoint = world.endpoint(&neighbour).await;
    let crossed =
        world.store.resend(tenant.scope, things.message, vec![own_endpoint], world.now(), None).await;
    assert!(matches!(crossed, Err(ResendError::NoEndpoint)), "{crossed:?}");
    assert!(world.message(&tenant, things.message).await.unwrap().payload.is_some(), "nothing was touched");
    let own = world.store.attempt(tenant.scope, things.message, things.attempt).await.unwrap().unwrap();
    assert!(own.response.is_some());
}

/// The random part of an id is what makes it unguessable.
pub async fn an_id_with_another_tail_names_nothing(world: World) {
    fn guess(bytes: &[u8; 20]) -> [u8; 20] {
        let mut bytes = *bytes;
        bytes[19] ^= 1;
        bytes
    }
    let tenant = world.tenant().await;
    let things = things(&world, &tenant).await;
    let app = AppId::from_bytes(guess(tenant.app.id.as_bytes()));
    let lookup = world.system().environment(tenant.environment).lookup();
    assert_eq!(world.store.app(lookup, &Ref::Id(app)).await.unwrap(), None);
    assert_eq!(world.store.app_by_id(world.system(), app).await.unwrap(), None);
    let store = &world.store;
    let endpoint = EndpointId::from_bytes(guess(things.endpoint.as_bytes()));
    assert_eq!(store.endpoint(tenant.scope, &Ref::Id(endpoint)).await.unwrap(), None);
    let message = MessageId::from_bytes(guess(things.message.as_bytes()));
    assert_eq!(world.message(&tenant, message).await, None);
    assert!(!store.expunge_message(tenant.scope, message, world.now()).await.unwrap());
    assert!(!store.skip(tenant.scope, message, things.endpoint, world.now()).await.unwrap());
}

/// Deleting an application hides all that is its own.
pub async fn a_deleted_apps_things_are_gone_at_once(world: World) {
    let tenant = world.tenant().await;
    let things = things(&world, &tenant).await;
    assert!(world.store.delete_app(tenant.scope, world.now()).await.unwrap());
    assert_nothing(&world, tenant.scope, &things).await;
    assert_eq!(world.store.lanes_due(world.system(), None, 10).await.unwrap(), []);
    assert_eq!(world.claim(things.endpoint).await.work.len(), 0);
}
