//! Environments, keys, applications, event types and endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::endpoint::{Disabled, DisabledReason, Ordering};
use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{EnvironmentId, KeyId};
use postrider_core::key::{Key, Token};
use postrider_core::limits;
use postrider_core::retry::Schedule;
use postrider_core::scope::Identity;
use postrider_core::secret::SigningKey;

use super::World;
use super::world::whole;
use crate::{AppFilter, ChangeError, CreateError, EndpointMark, Mark};

const HOUR: Duration = Duration::from_secs(3_600);

/// Environments.
pub async fn environments_are_made_listed_and_changed(world: World) {
    let (system, store) = (world.system(), &world.store);
    assert_eq!(store.environments(system.instance()).await.unwrap(), []);
    let first = world.environment(Settings { retention_days: 3, ..Settings::default() }).await;
    let second = world.environment(Settings::default()).await;
    let all = store.environments(system.instance()).await.unwrap();
    assert_eq!(all.iter().map(|environment| environment.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(all[0].settings.retention_days, 3);

    let scope = system.environment(first);
    let change = Arc::new(|environment: &mut Environment| {
        environment.name = "live".into();
        environment.settings.https_only = true;
    });
    let changed = store.change_environment(scope, change).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.settings.https_only), ("live", true));
    assert_eq!(store.environment(scope.lookup()).await.unwrap(), Some(changed));
}

/// The first environment and the first key.
pub async fn what_a_store_begins_with_is_made_once(world: World) {
    let (instance, store) = (world.system().instance(), &world.store);
    let environment = |name: &str| Environment {
        id: world.id(EnvironmentId::make),
        name: name.into(),
        settings: Settings::default(),
        created_at: world.now(),
    };
    let (first, second) = (environment("old"), environment("default"));
    assert_eq!(store.create_first_environment(instance, first.clone()).await.unwrap(), first);
    assert_eq!(store.create_first_environment(instance, environment("default")).await.unwrap(), first);
    assert_eq!(store.environments(instance).await.unwrap(), std::slice::from_ref(&first));
    store.create_environment(instance, second.clone()).await.unwrap();
    let stands = store.create_first_environment(instance, environment("default")).await.unwrap();
    assert_eq!(stands, second, "the one of the same name");
    let stands = store.create_first_environment(instance, environment("other")).await.unwrap();
    assert_eq!(stands, first, "the oldest");

    for is_first in [true, false] {
        let token = Token::generate(&world.rng);
        let key = Key {
            id: world.id(KeyId::make),
            identity: Identity::environment_key(first.id),
            name: "first".into(),
            hint: token.hint(),
            created_at: world.now(),
            expires_at: None,
            revoked_at: None,
            portal: None,
        };
        let id = key.id;
        assert_eq!(store.create_first_key(instance, key, token.hash()).await.unwrap(), is_first);
        // One that was revoked still is the first one.
        store.revoke_key(instance, id, world.now()).await.unwrap();
    }
    assert_eq!(store.keys(instance).await.unwrap().len(), 1);
}

/// Keys.
pub async fn keys_are_found_by_hash_and_revoked_once(world: World) {
    let (instance, store) = (world.system().instance(), &world.store);
    let tenant = world.tenant().await;
    let identities = [
        Identity::instance_key(),
        Identity::environment_key(tenant.environment),
        Identity::app_key(tenant.environment, tenant.app.id),
    ];
    let mut keys = Vec::new();
    for identity in identities {
        let token = Token::generate(&world.rng);
        let key = Key {
            id: world.id(KeyId::make),
            identity,
            name: "ci".into(),
            hint: token.hint(),
            created_at: world.now(),
            expires_at: Some(world.now().after(HOUR)),
            revoked_at: None,
            portal: None,
        };
        for _ in 0..2 {
            store.create_key(instance, key.clone(), token.hash()).await.unwrap();
        }
        assert_eq!(store.identify(world.system(), token.hash()).await.unwrap(), Some(key.clone()));
        keys.push((key, token));
    }
    assert_eq!(store.keys(instance).await.unwrap().len(), 3, "the same hash again changes nothing");
    let unknown = Token::generate(&world.rng).hash();
    assert_eq!(store.identify(world.system(), unknown).await.unwrap(), None);

    let (key, token) = &keys[1];
    let first = world.now();
    assert_eq!(store.revoke_key(instance, key.id, first).await.unwrap().unwrap().revoked_at, Some(first));
    let again = store.revoke_key(instance, key.id, first.after(HOUR)).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(first), "the first time stays");
    assert_eq!(store.identify(world.system(), token.hash()).await.unwrap(), Some(again));
    assert_eq!(store.revoke_key(instance, world.id(KeyId::make), first).await.unwrap(), None);
}

/// Applications.
pub async fn apps_are_found_changed_and_deleted(world: World) {
    let tenant = world.tenant().await;
    let (scope, store) = (world.system().environment(tenant.environment), &world.store);
    let find = async |app| store.app(scope.lookup(), &app).await.unwrap();
    assert_eq!(find(Ref::Id(tenant.app.id)).await, Some(tenant.app.clone()));
    assert_eq!(store.app_by_id(world.system(), tenant.app.id).await.unwrap(), Some(tenant.app.clone()));

    world.pass(HOUR);
    let change = Arc::new(|app: &mut postrider_core::app::App| {
        app.uid = Some("acme".into());
        app.name = "Acme".into();
        app.throttle_rate = None;
        app.metadata.clear();
    });
    let changed = store.change_app(tenant.scope, change, world.now()).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.updated_at), ("Acme", world.now()));
    assert_eq!(find(Ref::Uid("acme".into())).await, Some(changed));
    assert_eq!(find(Ref::Uid("other".into())).await, None);

    assert!(store.delete_app(tenant.scope, world.now()).await.unwrap());
    assert!(!store.delete_app(tenant.scope, world.now()).await.unwrap(), "it is gone already");
    assert_eq!(find(Ref::Id(tenant.app.id)).await, None);
    assert_eq!(find(Ref::Uid("acme".into())).await, None);
    let change = Arc::new(|_: &mut _| ());
    assert_eq!(store.change_app(tenant.scope, change, world.now()).await.unwrap(), None);
}

/// Uids of applications.
pub async fn a_uid_belongs_to_one_at_a_time(world: World) {
    let tenant = world.tenant().await;
    let (scope, store) = (world.system().environment(tenant.environment), &world.store);
    let first = world.new_app(tenant.environment, Some("acme"));
    store.create_app(scope, first.clone(), None).await.unwrap();
    let second = world.new_app(tenant.environment, Some("acme"));
    match store.create_app(scope, second.clone(), None).await {
        Err(CreateError::Taken(owner)) => assert_eq!(*owner, first),
        other => panic!("{other:?}"),
    }
    let take = Arc::new(|app: &mut postrider_core::app::App| app.uid = Some("acme".into()));
    let outcome = store.change_app(tenant.scope, take.clone(), world.now()).await;
    assert!(matches!(outcome, Err(ChangeError::Taken)), "{outcome:?}");
    let own = world.system().app(tenant.environment, first.id);
    store.change_app(own, take, world.now()).await.expect("its own uid is not taken from itself");

    let elsewhere = world.environment(Settings::default()).await;
    let third = world.new_app(elsewhere, Some("acme"));
    store.create_app(world.system().environment(elsewhere), third, None).await.unwrap();

    store.delete_app(own, world.now()).await.unwrap();
    store.create_app(scope, second, None).await.expect("a deleted app's uid is free at once");
}

/// Filters on applications.
pub async fn apps_are_filtered_by_their_endpoints(world: World) {
    let environment = world.environment(Settings::default()).await;
    let (none, disabled, enabled) =
        (world.app(environment).await, world.app(environment).await, world.app(environment).await);
    let off = world.endpoint(&disabled).await;
    world.endpoint(&enabled).await;
    let mark = Mark::Disabled { at: world.now(), reason: DisabledReason::Asked };
    let marks = vec![EndpointMark { endpoint: off, mark }];
    world.store.settle(world.system(), Arc::default(), marks).await.unwrap();
    let list = async |filter| {
        let scope = world.system().environment(environment);
        let apps = world.store.apps(scope, filter, whole()).await.unwrap();
        apps.rows.iter().map(|app| app.id).collect::<Vec<_>>()
    };
    let ids = [none.app.id, disabled.app.id, enabled.app.id];
    assert_eq!(list(AppFilter::default()).await, ids);
    assert_eq!(list(AppFilter { with_endpoints: true, ..AppFilter::default() }).await, ids[1..]);
    assert_eq!(list(AppFilter { with_enabled_endpoints: true, ..AppFilter::default() }).await, ids[2..]);
}

/// Event types.
pub async fn event_types_go_by_name(world: World) {
    let environment = world.environment(Settings::default()).await;
    let (scope, store) = (world.system().environment(environment), &world.store);
    let mut paid = world.new_event_type("invoice.paid");
    paid.retry_schedule = Some(Schedule::new(vec![Duration::ZERO, HOUR]).unwrap());
    paid.group_name = Some("invoice".into());
    store.create_event_type(scope, paid.clone(), None).await.unwrap();
    assert_eq!(store.event_type(scope.lookup(), "invoice.paid").await.unwrap(), Some(paid.clone()));
    match store.create_event_type(scope, world.new_event_type("invoice.paid"), None).await {
        Err(CreateError::Taken(owner)) => assert_eq!(*owner, paid),
        other => panic!("{other:?}"),
    }
    world.pass(HOUR);
    let archive = Arc::new(|event_type: &mut postrider_core::event_type::EventType| {
        event_type.archived = true;
        event_type.schemas = None;
    });
    let changed = store.change_event_type(scope, "invoice.paid", archive.clone(), world.now()).await.unwrap();
    let changed = changed.unwrap();
    assert!(changed.archived && changed.schemas.is_none() && changed.updated_at == world.now());
    assert_eq!(store.event_types(scope.lookup(), false, whole()).await.unwrap().rows, []);
    assert_eq!(store.event_types(scope.lookup(), true, whole()).await.unwrap().rows, [changed]);
    assert_eq!(store.change_event_type(scope, "none", archive, world.now()).await.unwrap(), None);

    let elsewhere = world.environment(Settings::default()).await;
    let elsewhere = world.system().environment(elsewhere);
    assert_eq!(store.event_type(elsewhere.lookup(), "invoice.paid").await.unwrap(), None);
    assert!(!store.delete_event_type(elsewhere, "invoice.paid").await.unwrap());
    assert!(store.delete_event_type(scope, "invoice.paid").await.unwrap());
    assert!(!store.delete_event_type(scope, "invoice.paid").await.unwrap());
}

/// Endpoints.
pub async fn endpoints_keep_every_setting(world: World) {
    let tenant = world.tenant().await;
    let mut endpoint = world.new_endpoint(&tenant);
    endpoint.uid = Some("primary".into());
    endpoint.description = "Bücher".into();
    endpoint.event_types = vec!["invoice.paid".into()];
    endpoint.channels = vec!["eu".into(), "us".into()];
    endpoint.throttle_rate = Some(5);
    endpoint.disabled = Some(Disabled { at: world.now(), reason: DisabledReason::Gone });
    endpoint.metadata = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    endpoint.headers = BTreeMap::from([("authorization".to_owned(), "Bearer x".to_owned())]);
    endpoint.keys.rotate(SigningKey::generate_ed25519(&world.rng), HOUR, world.now());
    endpoint.timeout = Some(Duration::from_millis(1_500));
    endpoint.ordering = Ordering::Fifo;
    endpoint.retry_schedule = Some(Schedule::new(vec![HOUR]).unwrap());
    endpoint.failing_since = Some(world.now());
    let store = &world.store;
    store.create_endpoint(tenant.scope, endpoint.clone(), None).await.unwrap();
    for name in [Ref::Id(endpoint.id), Ref::Uid("primary".into())] {
        assert_eq!(store.endpoint(tenant.scope, &name).await.unwrap(), Some(endpoint.clone()));
    }
    assert_eq!(store.all_endpoints(tenant.scope).await.unwrap(), [endpoint.clone()]);

    world.pass(HOUR);
    let plain = world.new_endpoint(&tenant);
    let (id, created_at) = (endpoint.id, endpoint.created_at);
    let change = {
        let plain = plain.clone();
        Arc::new(move |endpoint: &mut postrider_core::endpoint::Endpoint| {
            *endpoint = plain.clone();
            (endpoint.id, endpoint.created_at) = (id, created_at);
        })
    };
    let changed = store.change_endpoint(tenant.scope, id, change, world.now(), None).await.unwrap();
    let expected = postrider_core::endpoint::Endpoint { id, created_at, updated_at: world.now(), ..plain };
    assert_eq!(changed, Some(expected.clone()));
    assert_eq!(store.endpoint(tenant.scope, &Ref::Id(id)).await.unwrap(), Some(expected));
    assert_eq!(store.endpoint(tenant.scope, &Ref::Uid("primary".into())).await.unwrap(), None);
}

/// Uids of endpoints.
pub async fn an_endpoints_uid_belongs_to_one_at_a_time(world: World) {
    let (tenant, store) = (world.tenant().await, &world.store);
    let mut first = world.new_endpoint(&tenant);
    first.uid = Some("main".into());
    store.create_endpoint(tenant.scope, first.clone(), None).await.unwrap();
    let mut second = world.new_endpoint(&tenant);
    second.uid = Some("main".into());
    match store.create_endpoint(tenant.scope, second.clone(), None).await {
        Err(CreateError::Taken(owner)) => assert_eq!(*owner, first),
        other => panic!("{other:?}"),
    }
    let other = world.endpoint(&tenant).await;
    let take =
        Arc::new(|endpoint: &mut postrider_core::endpoint::Endpoint| endpoint.uid = Some("main".into()));
    let outcome = store.change_endpoint(tenant.scope, other, take, world.now(), None).await;
    assert!(matches!(outcome, Err(ChangeError::Taken)), "{outcome:?}");
    assert!(store.delete_endpoint(tenant.scope, first.id, world.now()).await.unwrap());
    assert!(!store.delete_endpoint(tenant.scope, first.id, world.now()).await.unwrap());
    store
        .create_endpoint(tenant.scope, second, None)
        .await
        .expect("a deleted endpoint's uid is free at once");
}

/// The limit on endpoints.
pub async fn endpoints_of_an_app_have_a_limit(world: World) {
    let tenant = world.tenant().await;
    for _ in 0..limits::APP_ENDPOINTS {
        world.endpoint(&tenant).await;
    }
    let outcome = world.store.create_endpoint(tenant.scope, world.new_endpoint(&tenant), None).await;
    assert!(matches!(outcome, Err(CreateError::TooMany { limit: limits::APP_ENDPOINTS })), "{outcome:?}");
    let all = world.store.all_endpoints(tenant.scope).await.unwrap();
    assert_eq!(all.len(), limits::APP_ENDPOINTS);
    world.store.delete_endpoint(tenant.scope, all[0].id, world.now()).await.unwrap();
    world.endpoint(&tenant).await;
}

/// Notes on an endpoint's health.
pub async fn marks_note_an_endpoints_health(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let (early, late) = (world.now(), world.now().after(HOUR));
    let mark = async |mark| {
        let marks = vec![EndpointMark { endpoint, mark }];
        assert!(world.store.settle(world.system(), Arc::default(), marks).await.unwrap().is_empty());
        let found = world.store.endpoint(tenant.scope, &Ref::Id(endpoint)).await.unwrap().unwrap();
        (found.failing_since, found.disabled)
    };
    assert_eq!(mark(Mark::Failing { since: early }).await, (Some(early), None));
    assert_eq!(mark(Mark::Failing { since: late }).await, (Some(early), None), "the earlier time stays");
    assert_eq!(mark(Mark::Recovered).await, (None, None));
    let gone = Disabled { at: early, reason: DisabledReason::Gone };
    assert_eq!(mark(Mark::Disabled { at: gone.at, reason: gone.reason }).await, (None, Some(gone)));
    let again = Mark::Disabled { at: late, reason: DisabledReason::Failing };
    assert_eq!(mark(again).await, (None, Some(gone)), "it stays disabled for the first reason");
}
