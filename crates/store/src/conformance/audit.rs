//! The audit log.

use std::time::Duration;

use postrider_core::audit::{Actor, ActorKind, Changed, Entry, Target};
use postrider_core::id::{AuditId, EnvironmentId};
use serde_json::json;

use super::World;
use crate::{AuditFilter, AuditScope, Edge, Order, Page};

const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn entry(
    world: &World,
    environment: Option<EnvironmentId>,
    actor: &str,
    action: &str,
    target: &str,
) -> Entry {
    Entry {
        id: world.id(AuditId::make),
        at: world.now(),
        environment,
        actor: Actor::new(ActorKind::Person, actor, "Ann"),
        action: action.into(),
        targets: vec![Target::new("app", "app_1"), Target::new("endpoint", target)],
        changes: vec![
            Changed { field: "url".into(), old: Some(json!("a")), new: Some(json!(null)) },
            Changed { field: "secret".into(), old: None, new: None },
        ],
        status: 204,
        address: Some("192.0.2.1".into()),
    }
}

async fn listed(world: &World, scope: AuditScope, filter: AuditFilter) -> Vec<Entry> {
    let page = Page { limit: 100, edge: None, order: None };
    let listed = world.store.audited(scope, filter, page).await.unwrap();
    assert_eq!(listed.next, None);
    listed.rows
}

/// Entries are read as they were written, and by whom they concern.
pub async fn an_entry_is_kept_whole_and_found(world: World) {
    let (system, store) = (world.system(), &world.store);
    let (own, other) = (world.tenant().await.environment, world.tenant().await.environment);
    let mut all = Vec::new();
    for (environment, actor, action, target) in [
        (Some(own), "usr_1", "endpoint.patch", "ep_1"),
        (Some(own), "key_1", "endpoint.delete", "ep_2"),
        (Some(other), "usr_1", "endpoint.patch", "ep_1"),
        (None, "usr_1", "key.create", "ep_1"),
    ] {
        let entry = entry(&world, environment, actor, action, target);
        store.record_audit(system, entry.clone()).await.unwrap();
        all.push(entry);
        world.pass(HOUR);
    }
    let mut bare = entry(&world, None, "", "environment.create", "");
    (bare.targets, bare.changes, bare.address) = (Vec::new(), Vec::new(), None);
    bare.actor = Actor::local();
    store.record_audit(system, bare.clone()).await.unwrap();
    all.push(bare);

    let (instance, within) =
        (AuditScope::Instance(system.instance()), AuditScope::Environment(system.environment(own)));
    let none = AuditFilter::default;
    let some = |text: &str| Some(text.to_owned());
    for (scope, filter, expected) in [
        (instance, none(), &[4, 3, 2, 1, 0][..]),
        (within, none(), &[1, 0]),
        (within, AuditFilter { environment: Some(other), ..none() }, &[]),
        (within, AuditFilter { environment: Some(own), ..none() }, &[1, 0]),
        (instance, AuditFilter { environment: Some(other), ..none() }, &[2]),
        (instance, AuditFilter { actor: some("usr_1"), ..none() }, &[3, 2, 0]),
        (within, AuditFilter { actor: some("usr_1"), ..none() }, &[0]),
        (instance, AuditFilter { action: some("endpoint.patch"), ..none() }, &[2, 0]),
        (instance, AuditFilter { target: some("ep_2"), ..none() }, &[1]),
        (within, AuditFilter { target: some("app_1"), ..none() }, &[1, 0]),
        (instance, AuditFilter { target: some("endpoint"), ..none() }, &[]),
        (instance, AuditFilter { since: Some(all[2].at), ..none() }, &[4, 3, 2]),
        (instance, AuditFilter { until: Some(all[2].at), ..none() }, &[1, 0]),
    ] {
        let expected: Vec<_> = expected.iter().map(|index: &usize| all[*index].clone()).collect();
        assert_eq!(listed(&world, scope, filter.clone()).await, expected, "{scope:?} {filter:?}");
    }
}

/// Pages go both ways, and old entries go.
pub async fn entries_are_paged_and_forgotten(world: World) {
    let (system, store) = (world.system(), &world.store);
    let environment = world.tenant().await.environment;
    let scope = AuditScope::Environment(system.environment(environment));
    let mut ids = Vec::new();
    for _ in 0..5 {
        let entry = entry(&world, Some(environment), "key_1", "app.create", "x");
        ids.push(entry.id);
        store.record_audit(system, entry).await.unwrap();
        world.pass(HOUR);
    }
    ids.reverse();
    let page = async |edge, order| {
        let page = Page { limit: 2, edge, order };
        let listed = store.audited(scope, AuditFilter::default(), page).await.unwrap();
        (listed.rows.iter().map(|entry| entry.id).collect::<Vec<_>>(), listed.next.is_some())
    };
    assert_eq!(page(None, None).await, (vec![ids[0], ids[1]], true));
    assert_eq!(page(Some(Edge::After(ids[1])), None).await, (vec![ids[2], ids[3]], true));
    assert_eq!(page(Some(Edge::After(ids[3])), None).await, (vec![ids[4]], false));
    assert_eq!(page(Some(Edge::Before(ids[2])), None).await, (vec![ids[0], ids[1]], false));
    assert_eq!(page(None, Some(Order::Ascending)).await, (vec![ids[4], ids[3]], true));

    let before = ids[1].timestamp();
    assert_eq!(store.forget_audit(system, before, 2).await.unwrap(), 2);
    assert_eq!(store.forget_audit(system, before, 2).await.unwrap(), 1);
    assert_eq!(store.forget_audit(system, before, 2).await.unwrap(), 0);
    let left: Vec<_> =
        listed(&world, scope, AuditFilter::default()).await.iter().map(|entry| entry.id).collect();
    assert_eq!(left, ids[..2]);
}
