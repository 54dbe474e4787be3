//! What a search finds is sent again, as a background task; or counted.
//!
//! What is meant is fixed when it is asked for: times ago count from then, and nothing that was accepted later is found.
//! The walk goes from the oldest to the newest and never back, so a delivery that the task has sent again is not found
//! by it once more, however that went.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use postrider_core::delivery::State;
use postrider_core::names::Invalid;
use postrider_core::query::Query;
use postrider_core::replay::SearchReplay;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::task::{Job, Skip, Span, Task};
use postrider_core::time::Timestamp;
use postrider_store::{DeliveryHit, Effort, SearchScope, Within};

use super::{Error, walk};
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::once::Once;
use crate::service::{search, tasks};

/// How hard one look goes.
const EFFORT: Effort = Effort { rows: 200_000, time: Duration::from_millis(80) };
/// Deliveries of one look of a count.
const PAGE: usize = 500;
/// How long a count looks: a person waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a replay of a search would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Deliveries that were found.
    pub matched: u64,
    /// What would be left out, and why.
    pub skipped: BTreeMap<Skip, u64>,
    /// Whether these are all; there may be more where counting them would take too long.
    pub complete: bool,
    /// Everything accepted before this time was looked at.
    pub reached: Timestamp,
}

impl Foreseen {
    /// Deliveries that would be sent.
    #[must_use]
    pub fn would_send(&self) -> u64 {
        self.matched - self.skipped.values().sum::<u64>()
    }
}

/// Begins a task that sends the deliveries again that the query means.
pub async fn begin(
    context: &Context,
    identity: Identity,
    query: &str,
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let Some(Meant { scope, span, query, now }) = check(context, identity, Right::Send, query).await? else {
        let message = "names an application or a source that is not there";
        return Err(InvalidFields::one("q", Invalid::value(message)).into());
    };
    let within = match scope {
        SearchScope::App(scope) => Within::App(scope),
        SearchScope::Environment(scope) => Within::Environment(scope),
    };
    let job = Job::ReplaySearch(SearchReplay { query: query.to_string() });
    Ok(tasks::start(context, within, job, (span, now), once).await?)
}

/// Counts what the query means and what would become of it, for a bounded time, and does nothing: whoever may read may
/// ask for it.
pub async fn foresee(context: &Context, identity: Identity, query: &str) -> Result<Foreseen, Error> {
    let began = Instant::now();
    let nothing = Foreseen { matched: 0, skipped: BTreeMap::new(), complete: true, reached: context.now() };
    let Some(Meant { scope, span, query, now }) = check(context, identity, Right::Read, query).await? else {
        return Ok(nothing);
    };
    let mut from = span.first_row();
    let mut foreseen = nothing;
    loop {
        let place = walk::Searching { scope, query: &query, now, effort: EFFORT, span, from };
        let _turn = search::turn(context, scope).await?;
        let looked = walk::found(context, place, PAGE).await?;
        foreseen.matched += looked.found.len() as u64;
        for why in looked.found.iter().filter_map(left_out) {
            *foreseen.skipped.entry(why).or_default() += 1;
        }
        let Some(reached) = looked.reached else { return Ok(foreseen) };
        from = reached;
        if began.elapsed() >= PATIENCE {
            let reached = postrider_core::id::row_timestamp(reached);
            return Ok(Foreseen { complete: false, reached, ..foreseen });
        }
    }
}

/// Why a delivery would be left out as it is now, in the order in which a step finds out.
fn left_out(hit: &DeliveryHit) -> Option<Skip> {
    if hit.endpoint.is_deleted {
        return Some(Skip::NoEndpoint);
    }
    if !hit.has_payload {
        return Some(Skip::NoPayload);
    }
    matches!(hit.delivery.state, State::Held | State::Parked).then_some(Skip::UnderWay)
}

/// What a caller means.
struct Meant {
    scope: SearchScope,
    /// From the oldest message that may be found to this moment.
    span: Span,
    query: Query,
    /// When it was asked for: from when times ago count.
    now: Timestamp,
}

/// `None` where the query names an application or a source that is not there.
async fn check(
    context: &Context,
    identity: Identity,
    right: Right,
    text: &str,
) -> Result<Option<Meant>, Error> {
    let query: Query = text.parse().map_err(|error| {
        let invalid = Invalid { message: search::said(&error).into(), kind: "value_error.query" };
        InvalidFields::one("q", invalid)
    })?;
    // Whoever forgets to say what is meant would send everything.
    if query.is_empty() {
        let message = "must say which deliveries are meant, at least from when on: such as `since:2h`";
        return Err(InvalidFields::one("q", Invalid::value(message)).into());
    }
    let now = context.now();
    let Some(scope) = search::place(context, identity, right, &query).await? else { return Ok(None) };
    let narrowing = query.narrowing(now);
    let until = narrowing.until.map_or(now, |until| until.min(now));
    let since = narrowing.since.unwrap_or(Timestamp::from_micros(0));
    if until <= since {
        let message = "must mean a time that has begun: what is sent again was accepted before now";
        return Err(InvalidFields::one("q", Invalid::value(message)).into());
    }
    // What lies before the oldest is not walked, so that the part of the time that is done says something.
    let whole = Span { since, until };
    let place =
        walk::Searching { scope, query: &query, now, effort: EFFORT, span: whole, from: whole.first_row() };
    let _turn = search::turn(context, scope).await?;
    let oldest = walk::found(context, place, 1).await?;
    let first = oldest.found.first().map(|hit| hit.message.id.timestamp());
    let first = first.or(oldest.reached.map(postrider_core::id::row_timestamp)).unwrap_or(until);
    let since = first.max(since).min(until.before(Duration::from_millis(4)));
    Ok(Some(Meant { scope, span: Span { since, until }, query, now }))
}

#[cfg(test)]
mod tests {
    use postrider_core::app::Ref;
    use postrider_core::id::EndpointId;
    use postrider_core::scope::SystemScope;

    use super::*;
    use crate::context::fixture::Fixture;
    use crate::service::endpoints;

    /// Messages with three deliveries each, walked in looks of two: every message comes whole, once, in its order.
    #[tokio::test]
    async fn a_look_ends_between_two_messages() {
        let fixture = Fixture::new().await;
        let (context, identity) = (&fixture.context, fixture.identity());
        let app = fixture.endpoint.app;
        for _ in 0..2 {
            let url = Some("https://example.com/".to_owned());
            let changes = endpoints::Changes { url, ..endpoints::Changes::default() };
            endpoints::create(context, identity, &Ref::Id(app), changes, None).await.unwrap();
        }
        let mut expected = Vec::new();
        for _ in 0..4 {
            expected.push(fixture.publish().await.id);
            fixture.clock.advance_micros(1_000_000);
        }
        let until = context.now();
        let late = fixture.publish().await.id;
        let environment = identity.environment(Right::Send).unwrap().environment();
        let system = SystemScope::assume();
        let span = Span {
            since: until.before(Duration::from_secs(60)),
            until: until.before(Duration::from_secs(1)),
        };
        for (text, limit) in [("type:a", 2), ("type:a", 1), ("", 7), ("status:pending,sending", 3)] {
            let query: Query = text.parse().unwrap();
            let scope = SearchScope::Environment(system.environment(environment));
            let mut from = span.first_row();
            let mut found: Vec<(_, Vec<EndpointId>)> = Vec::new();
            loop {
                let place = walk::Searching { scope, query: &query, now: until, effort: EFFORT, span, from };
                let looked = walk::found(context, place, limit).await.unwrap();
                for hit in looked.found {
                    match found.last_mut() {
                        Some((message, endpoints)) if *message == hit.message.id => {
                            endpoints.push(hit.endpoint.id);
                        }
                        _ => found.push((hit.message.id, vec![hit.endpoint.id])),
                    }
                }
                let Some(reached) = looked.reached else { break };
                assert!(reached > from, "it gets on");
                from = reached;
            }
            let messages: Vec<_> = found.iter().map(|(message, _)| *message).collect();
            assert_eq!(messages, expected, "{text} {limit}");
            assert!(!messages.contains(&late));
            assert!(found.iter().all(|(_, endpoints)| endpoints.len() == 3), "{text} {limit}: {found:?}");
        }
    }
}
