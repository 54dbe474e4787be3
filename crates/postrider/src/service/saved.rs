//! Saved searches: a query under a name, for all people of an environment. Whoever may act saves them and removes them;
//! whoever may read uses them.

use std::sync::Arc;

use postrider_core::id::SavedSearchId;
use postrider_core::limits;
use postrider_core::names::{self, Invalid};
use postrider_core::query::Query;
use postrider_core::rights::Right;
use postrider_core::saved::{List, SavedSearch};
use postrider_core::scope::Identity;

use super::fields::{Checks, InvalidFields};
use super::{access, audit, finish, search};
use crate::context::Context;

/// Why a search is not saved or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// The environment has as many as it may have.
    #[error("an environment has at most {limit} saved searches")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
}

/// The saved searches of the environment, by name.
pub async fn list(context: &Context, identity: Identity) -> Result<Vec<SavedSearch>, Error> {
    Ok(context.store.saved_searches(identity.environment(Right::Read)?).await?)
}

/// Saves a search, in the place of one of the same name.
pub async fn save(
    context: &Context,
    identity: Identity,
    name: &str,
    list: List,
    query: &str,
) -> Result<SavedSearch, Error> {
    let scope = identity.environment(Right::Send)?;
    let mut checks = Checks::default();
    checks.check("name", title(name));
    checks.check("q", meaningful(query));
    checks.finish()?;
    let search = SavedSearch {
        id: SavedSearchId::make(&context.ids, &*context.clock, &*context.rng),
        name: name.to_owned(),
        list,
        query: query.to_owned(),
        created_at: context.now(),
    };
    let (context, new) = (Arc::clone(context), search.clone());
    if !finish(async move { context.store.save_search(scope, new).await }).await? {
        return Err(Error::TooMany { limit: limits::SAVED_SEARCHES });
    }
    audit::about("saved_search", search.id);
    Ok(search)
}

/// Removes a saved search.
pub async fn forget(context: &Context, identity: Identity, search: SavedSearchId) -> Result<(), Error> {
    let scope = identity.environment(Right::Send)?;
    audit::about("saved_search", search);
    let gone = context.store.forget_search(scope, search).await?;
    if gone { Ok(()) } else { Err(access::Error::Missing("saved search").into()) }
}

fn title(name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(Invalid::too_short("must not be empty"));
    }
    if name.chars().count() > limits::SAVED_SEARCH_CHARS {
        return Err(Invalid::too_long(format!(
            "must have at most {} characters",
            limits::SAVED_SEARCH_CHARS
        )));
    }
    names::line(name)
}

/// A query that can be read and says something, without characters that not every database keeps.
fn meaningful(text: &str) -> Result<(), Invalid> {
    let query: Query = text.parse().map_err(|error| Invalid::value(search::said(&error)))?;
    if query.is_empty() {
        return Err(Invalid::too_short("must not be empty"));
    }
    names::line(text)
}

access::causes!(Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::fixture::Fixture;

    #[tokio::test]
    async fn what_is_no_search_or_has_no_name_is_refused() {
        let fixture = Fixture::new().await;
        let (context, identity) = (&fixture.context, fixture.identity());
        let long = "x".repeat(limits::SAVED_SEARCH_CHARS + 1);
        for (name, query) in [
            ("", "status:failed"),
            (long.as_str(), "status:failed"),
            ("a\nb", "status:failed"),
            ("a\u{202e}b", "status:failed"),
            ("a", ""),
            ("a", "staus:failed"),
            ("a", "\"\0\""),
        ] {
            let refused = save(context, identity, name, List::Deliveries, query).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{name:?} {query:?}: {refused:?}");
        }
        assert_eq!(list(context, identity).await.unwrap(), []);
        let saved = save(context, identity, "Ours", List::Messages, "tag:\"ü\"").await.unwrap();
        assert_eq!(list(context, identity).await.unwrap(), std::slice::from_ref(&saved));
        forget(context, identity, saved.id).await.unwrap();
        let gone = forget(context, identity, saved.id).await;
        assert!(matches!(gone, Err(Error::Access(access::Error::Missing(_)))), "{gone:?}");
    }

    #[tokio::test]
    async fn who_may_not_act_may_not_save() {
        let fixture = Fixture::new().await;
        let identity =
            Identity::new(fixture.identity().reach(), postrider_core::rights::Rights::of(&[Right::Read]));
        let refused = save(&fixture.context, identity, "a", List::Deliveries, "status:failed").await;
        assert!(matches!(refused, Err(Error::Access(access::Error::Denied(_)))), "{refused:?}");
        assert_eq!(list(&fixture.context, identity).await.unwrap(), []);
    }
}
