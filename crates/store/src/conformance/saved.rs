//! Saved searches.

use postrider_core::id::{EnvironmentId, SavedSearchId};
use postrider_core::limits;
use postrider_core::saved::{List, SavedSearch};
use postrider_core::scope::EnvironmentScope;

use super::World;

fn search(world: &World, name: &str, list: List, query: &str) -> SavedSearch {
    let (name, query) = (name.to_owned(), query.to_owned());
    SavedSearch { id: world.id(SavedSearchId::make), name, list, query, created_at: world.now() }
}

fn scope(world: &World, environment: EnvironmentId) -> EnvironmentScope {
    world.system().environment(environment)
}

/// What a move has to bring along.
pub(super) async fn fill(world: &World, environment: EnvironmentId) {
    for (name, list) in [("ours", List::Deliveries), ("\u{fc}bel", List::Messages)] {
        let search = search(world, name, list, "status:failed \"two words\"");
        assert!(world.store.save_search(scope(world, environment), search).await.unwrap());
    }
}

/// Every field, after a restart too; one of the same name is replaced, and nobody else sees or removes it.
pub async fn a_search_is_kept_until_it_is_forgotten(mut world: World) {
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let (ours, theirs) = (scope(&world, tenant.environment), scope(&world, other.environment));
    let first = search(&world, "b", List::Deliveries, "status:failed since:2h");
    let second = search(&world, "a", List::Messages, "body.a:\"\u{e9}\"");
    for one in [&first, &second] {
        assert!(world.store.save_search(ours, one.clone()).await.unwrap());
    }
    let same = search(&world, "b", List::Deliveries, "code:5xx");
    assert!(world.store.save_search(theirs, same.clone()).await.unwrap());
    world.restart().await;
    assert_eq!(world.store.saved_searches(ours).await.unwrap(), [second.clone(), first.clone()], "by name");
    assert_eq!(world.store.saved_searches(theirs).await.unwrap(), std::slice::from_ref(&same));

    let again = search(&world, "b", List::Messages, "status:retrying");
    assert!(world.store.save_search(ours, again.clone()).await.unwrap());
    assert_eq!(world.store.saved_searches(ours).await.unwrap(), [second, again.clone()]);
    assert!(!world.store.forget_search(ours, same.id).await.unwrap(), "it is another environment's");
    assert!(!world.store.forget_search(ours, first.id).await.unwrap(), "it was replaced");
    assert!(world.store.forget_search(ours, again.id).await.unwrap());
    assert_eq!(world.store.saved_searches(ours).await.unwrap().len(), 1);
    assert_eq!(world.store.saved_searches(theirs).await.unwrap(), [same]);
}

/// Beyond the limit nothing is kept, but what is there can be replaced.
pub async fn an_environment_has_so_many_searches(world: World) {
    let tenant = world.tenant().await;
    let ours = scope(&world, tenant.environment);
    for number in 0..limits::SAVED_SEARCHES {
        let one = search(&world, &format!("{number}"), List::Deliveries, "a");
        assert!(world.store.save_search(ours, one).await.unwrap());
    }
    let more = search(&world, "more", List::Deliveries, "a");
    assert!(!world.store.save_search(ours, more.clone()).await.unwrap());
    assert!(world.store.save_search(ours, search(&world, "7", List::Deliveries, "b")).await.unwrap());
    let there = world.store.saved_searches(ours).await.unwrap();
    assert_eq!(there.len(), limits::SAVED_SEARCHES);
    assert!(world.store.forget_search(ours, there[0].id).await.unwrap());
    assert!(world.store.save_search(ours, more).await.unwrap());
}
