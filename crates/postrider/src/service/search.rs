//! Searching deliveries and messages with the language of [`postrider_core::query`].
//!
//! A search takes no longer than a list does: it looks as hard as its [`Effort`] allows, says how far it came, and the next
//! page goes on from there. An environment has turns at it, as an application has at its lists, so that who searches does
//! not keep others from reading.

use std::time::{Duration, Instant};

use postrider_core::app::Ref;
use postrider_core::id::AppId;
use postrider_core::query::{Place, Query, QueryError};
use postrider_core::rights::Right;
use postrider_core::scope::{Denied, Identity, Reach};
use postrider_store::{DeliveryHit, Effort, Facets, MessageHit, Page, Search, SearchScope, Searched};

use super::access::{self, causes};
use super::sources;
use super::turns::Turn;
use crate::context::Context;

/// How long one page looks, where nothing else stands beside it.
pub const PATIENCE: Duration = Duration::from_millis(80);

/// How many rows one page looks at.
const ROWS: u64 = 200_000;

/// How hard one look at the newest goes.
const FOLLOWING: Effort = Effort { rows: 2_000, time: Duration::from_millis(20) };

/// Why a search fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The text is no query.
    #[error(transparent)]
    Query(#[from] QueryError),
}

causes!(Error);

/// What was found, and how long that took.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed<T> {
    /// What was found.
    pub found: T,
    /// From the first row to the last.
    pub took: Duration,
}

/// Deliveries that the query means, of everything that the caller may see; it looks for about as long as `time`.
pub async fn deliveries(
    context: &Context,
    identity: Identity,
    query: &str,
    page: Page<Place>,
    time: Duration,
) -> Result<Timed<Searched<DeliveryHit>>, Error> {
    let query = query.parse()?;
    let Some(place) = place(context, identity, Right::Read, &query).await? else { return Ok(nothing()) };
    let _turn = turn(context, place).await?;
    let began = Instant::now();
    let found = context.store.search_deliveries(place, search(context, query, time), page).await?;
    Ok(Timed { found, took: began.elapsed() })
}

/// Messages that the query means, of everything that the caller may see.
pub async fn messages(
    context: &Context,
    identity: Identity,
    query: &str,
    page: Page<Place>,
) -> Result<Timed<Searched<MessageHit>>, Error> {
    let query = query.parse()?;
    let Some(place) = place(context, identity, Right::Read, &query).await? else { return Ok(nothing()) };
    let _turn = turn(context, place).await?;
    let began = Instant::now();
    let found = context.store.search_messages(place, search(context, query, PATIENCE), page).await?;
    Ok(Timed { found, took: began.elapsed() })
}

/// The newest deliveries that the query means, for who follows them: no harder than a person can read.
pub async fn newest(
    context: &Context,
    identity: Identity,
    query: &str,
    limit: usize,
) -> Result<Searched<DeliveryHit>, Error> {
    let query = query.parse()?;
    let Some(place) = place(context, identity, Right::Read, &query).await? else {
        return Ok(nothing().found);
    };
    let _turn = turn(context, place).await?;
    let search = Search { effort: FOLLOWING, ..search(context, query, FOLLOWING.time) };
    Ok(context.store.search_deliveries(place, search, Page { limit, edge: None, order: None }).await?)
}

/// How the deliveries that the query means divide; it looks for about as long as `time`.
pub async fn facets(
    context: &Context,
    identity: Identity,
    query: &str,
    time: Duration,
) -> Result<Timed<Facets>, Error> {
    let query = query.parse()?;
    let Some(place) = place(context, identity, Right::Read, &query).await? else {
        let found = Facets { is_whole: true, ..Facets::default() };
        return Ok(Timed { found, took: Duration::ZERO });
    };
    let _turn = turn(context, place).await?;
    let began = Instant::now();
    let found = context.store.facets(place, search(context, query, time)).await?;
    Ok(Timed { found, took: began.elapsed() })
}

/// What is wrong with a text that is no query: where, why, and what was perhaps meant.
#[must_use]
pub fn said(error: &QueryError) -> String {
    let place = format!("at {}", error.span.start);
    match &error.suggestion {
        Some(near) => format!("{place}: {error} (did you mean `{near}`?)"),
        None => format!("{place}: {error}"),
    }
}

fn search(context: &Context, query: Query, time: Duration) -> Search {
    Search { query, now: context.now(), effort: Effort { rows: ROWS, time } }
}

const fn nothing<T>() -> Timed<Searched<T>> {
    Timed {
        found: Searched { rows: Vec::new(), next: None, looked: 0, reached: None, indexed: false },
        took: Duration::ZERO,
    }
}

/// Where to search: all that the caller reaches, or the one application or source in it that the query names. `None` where
/// it names one that is not there, and nothing can be found.
pub(super) async fn place(
    context: &Context,
    identity: Identity,
    right: Right,
    query: &Query,
) -> Result<Option<SearchScope>, access::Error> {
    let narrowing = query.narrowing(context.now());
    match identity.reach() {
        Reach::Instance => Err(Denied::Reach.into()),
        Reach::App(_, own) => {
            let found = access::app(context, identity, right, &Ref::Id(own)).await?;
            Ok(Some(SearchScope::App(found.scope)))
        }
        Reach::Environment(_) => {
            let environment = identity.environment(right)?;
            if let Some(source) = &narrowing.source {
                return match sources::find(context, identity, right, source).await {
                    Ok((_, scope)) => Ok(Some(SearchScope::App(scope))),
                    Err(access::Error::Missing(_)) => Ok(None),
                    Err(error) => Err(error),
                };
            }
            let Some(app) = &narrowing.app else { return Ok(Some(SearchScope::Environment(environment))) };
            let found = context.directory.find(identity, right, app).await?;
            Ok(found.map(|(scope, _)| SearchScope::App(scope)))
        }
    }
}

/// Waits for the turn of who owns the place.
pub(super) async fn turn(context: &Context, place: SearchScope) -> Result<Turn, access::Error> {
    let owner = match place {
        SearchScope::App(scope) => scope.app(),
        // Turns are told apart by ids, and no application has that of an environment.
        SearchScope::Environment(scope) => AppId::from_bytes(*scope.environment().as_bytes()),
    };
    context.turns.take(owner).await.ok_or(access::Error::Crowded("searches"))
}
