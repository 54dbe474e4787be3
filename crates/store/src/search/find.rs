//! Pages of what a search finds.

use postrider_core::id::row_timestamp;
use postrider_core::query::{Place, Stage};

use super::rows::{DeliveryRow, Rows};
use super::span::Span;
use super::walk::{Found, Walk};
use super::{DeliveryHit, MessageHit, Search, SearchScope, Searched};
use crate::{DeliveryStats, Error, Page};

/// A page of deliveries.
pub(crate) async fn deliveries<R: Rows>(
    rows: R,
    scope: SearchScope,
    search: &Search,
    page: &Page<Place>,
) -> Result<Searched<DeliveryHit>, Error> {
    let limit = page.limit.max(1);
    let span = Span::new(page, &search.query.narrowing(search.now));
    let mut walk = Walk::begin(rows, scope, search, span, (true, limit)).await?;
    let (mut found, next) = fill(&mut walk, limit, |one, last| one.place() == last.place()).await?;
    if !search.query.asks(Stage::Attempt) {
        walk.attempts(&mut found, false).await?;
    }
    let hit = |one: Found| {
        let sent = one.sent?;
        Some(DeliveryHit {
            delivery: sent.delivery,
            message: one.message.as_ref().clone(),
            app: one.app.as_ref().clone(),
            endpoint: sent.endpoint.as_ref().clone(),
            last: sent.last,
            has_payload: one.has_payload,
        })
    };
    Ok(searched(&walk, span, found.into_iter().filter_map(hit).collect(), next))
}

/// A page of messages. What the query says of deliveries, one delivery of a message must meet.
pub(crate) async fn messages<R: Rows>(
    rows: R,
    scope: SearchScope,
    search: &Search,
    page: &Page<Place>,
) -> Result<Searched<MessageHit>, Error> {
    let limit = page.limit.max(1);
    let span = Span::of_messages(page, &search.query.narrowing(search.now));
    let with_deliveries = search.query.asks_of_deliveries();
    let mut walk = Walk::begin(rows, scope, search, span, (with_deliveries, limit)).await?;
    let (found, next) = fill(&mut walk, limit, |one, last| one.key == last.key).await?;
    // The rest of a message that was found is not looked at again.
    let last = found.last().map(|one| one.key.1);
    let next = next.map(|place| match last {
        Some(message) if message == place.message => span.behind(message),
        _ => place,
    });
    let keys: Vec<_> = found.iter().map(|one| one.key).collect();
    let standings = walk.standings(&keys).await?;
    let hit = |one: Found| MessageHit {
        deliveries: stats(standings.iter().filter(|row| row.message_row == one.key.1)),
        message: one.message.as_ref().clone(),
        app: one.app.as_ref().clone(),
    };
    Ok(searched(&walk, span, found.into_iter().map(hit).collect(), next))
}

/// Walks until there are `limit` finds, nothing is left or it has taken long enough: what was found, and where to go on.
/// Finds that are the `same` as the one before count once.
async fn fill<R: Rows>(
    walk: &mut Walk<'_, R>,
    limit: usize,
    same: impl Fn(&Found, &Found) -> bool,
) -> Result<(Vec<Found>, Option<Place>), Error> {
    let mut page: Vec<Found> = Vec::new();
    while let Some(found) = walk.step().await? {
        for one in found {
            match page.last() {
                Some(last) if same(&one, last) => {}
                Some(last) if page.len() == limit => {
                    let next = last.place();
                    return Ok((page, Some(next)));
                }
                _ => page.push(one),
            }
        }
        if walk.is_at_end() {
            break;
        }
        // Whether more comes is not told by what others have: past their rows, the walk goes on to see.
        if page.len() == limit && !walk.has_met_others || walk.is_tired() {
            return Ok((page, walk.mark()));
        }
    }
    Ok((page, None))
}

fn searched<T, R: Rows>(
    walk: &Walk<'_, R>,
    span: Span,
    mut rows: Vec<T>,
    next: Option<Place>,
) -> Searched<T> {
    if span.is_reversed {
        rows.reverse();
    }
    let reached = next.or(walk.own).map(|place| row_timestamp(place.message));
    Searched { rows, next, looked: walk.looked, reached, indexed: walk.is_indexed }
}

fn stats<'r>(rows: impl Iterator<Item = &'r DeliveryRow>) -> DeliveryStats {
    use postrider_core::delivery::State;

    let mut stats = DeliveryStats::default();
    for row in rows {
        *match row.state {
            State::Succeeded => &mut stats.succeeded,
            State::Waiting | State::Parked => &mut stats.pending,
            State::Held => &mut stats.sending,
            State::Failed => &mut stats.failed,
            State::Canceled => &mut stats.canceled,
        } += 1;
    }
    stats
}
