//! What a task looks at: the messages of its span from a place on, oldest first, as far as they are of its selection.
//!
//! A look reads for a bounded time, and may find nothing before the end. Whoever wants more goes on from where it came to.

use std::time::Duration;

use postrider_core::delivery::State;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{EndpointId, MessageId, first_row_at};
use postrider_core::message::Message;
use postrider_core::query::{self, Query};
use postrider_core::reception::Reception;
use postrider_core::replay::{Selection, SourceReplay};
use postrider_core::route;
use postrider_core::scope::AppScope;
use postrider_core::task::Span;
use postrider_core::time::Timestamp;
use postrider_store::{
    AttemptFilter, DeliveryFilter, DeliveryHit, Edge, Effort, Error as StoreError, Listed, MessageFilter,
    Order, Page, Search, SearchScope, Searched,
};

use crate::context::Context;

/// The tick of the time inside ids.
const TICK: Duration = Duration::from_millis(4);

/// Where a look begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) scope: AppScope,
    pub(super) span: Span,
    /// The first row to look at.
    pub(super) from: i64,
}

/// What was found.
pub(super) struct Looked<T> {
    pub(super) found: Vec<T>,
    /// The row from which to go on; `None` at the end.
    pub(super) reached: Option<i64>,
}

impl Place {
    fn page(self, limit: usize) -> Page<MessageId> {
        let mut before = [0; 20];
        before[..8].copy_from_slice(&self.from.saturating_sub(1).to_be_bytes());
        let edge = Some(Edge::After(MessageId::from_bytes(before)));
        Page { limit, edge, order: Some(Order::Ascending) }
    }

    fn filter(self) -> MessageFilter {
        MessageFilter { before: Some(self.span.until), ..MessageFilter::default() }
    }
}

fn looked<T, U>(listed: Listed<T, MessageId>, keep: impl FnMut(T) -> Option<U>) -> Looked<U> {
    let reached = listed.next.map(|last| last.row().saturating_add(1));
    Looked { found: listed.rows.into_iter().filter_map(keep).collect(), reached }
}

/// Messages that went to the endpoint and are of the selection. What a person has made by hand to try something out is left
/// out: it was for that one time.
pub(super) async fn sent(
    context: &Context,
    place: Place,
    endpoint: EndpointId,
    selection: &Selection,
    limit: usize,
) -> Result<Looked<MessageId>, StoreError> {
    let Selection { event_types, channel, tag, states, code_class } = selection.clone();
    let message = MessageFilter { event_types, channel, tag, ..place.filter() };
    let filter = DeliveryFilter { message, states, with_payload: false };
    let listed =
        context.store.deliveries_by_endpoint(place.scope, endpoint, filter, place.page(limit)).await?;
    let mut looked =
        looked(listed, |(delivery, message)| message.edited_of.is_none().then_some(delivery.message));
    if let Some(class) = code_class {
        let mut of_class = Vec::with_capacity(looked.found.len());
        for message in looked.found {
            if last_code(context, place.scope, message, endpoint)
                .await?
                .is_some_and(|code| code / 100 == class)
            {
                of_class.push(message);
            }
        }
        looked.found = of_class;
    }
    Ok(looked)
}

/// The selection that is what was given up.
pub(super) fn given_up() -> Selection {
    Selection { states: vec![State::Failed], ..Selection::default() }
}

/// The status of the last attempt of a delivery, 0 without an answer; `None` where there was none.
async fn last_code(
    context: &Context,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
) -> Result<Option<u16>, StoreError> {
    let filter = AttemptFilter { endpoint: Some(endpoint), ..AttemptFilter::default() };
    let mut edge = None;
    loop {
        let page = Page { limit: 1, edge, order: None };
        let listed = context.store.attempts_by_message(scope, message, filter.clone(), page).await?;
        if let Some(last) = listed.rows.first() {
            return Ok(Some(last.status_code));
        }
        let Some(next) = listed.next else { return Ok(None) };
        edge = Some(Edge::After(next));
    }
}

/// Messages that the endpoint wants as it is now, whether it has got them or not. That it is disabled does not matter:
/// they wait for it. What a person has made by hand goes only where they have sent it.
pub(super) async fn wanted(
    context: &Context,
    place: Place,
    endpoint: &Endpoint,
    limit: usize,
) -> Result<Looked<MessageId>, StoreError> {
    let endpoint = Endpoint { disabled: None, ..endpoint.clone() };
    let filter = MessageFilter { event_types: endpoint.event_types.clone(), ..place.filter() };
    let listed = context.store.messages(place.scope, filter, place.page(limit), false).await?;
    let wants = |message: &Message| {
        message.edited_of.is_none() && route::wants(&endpoint, &message.event_type, &message.channels)
    };
    Ok(looked(listed, |message| wants(&message).then_some(message.id)))
}

/// What a source received and is to be replayed.
pub(super) async fn received(
    context: &Context,
    place: Place,
    replay: &SourceReplay,
    limit: usize,
    with_payload: bool,
) -> Result<Looked<(Message, Reception)>, StoreError> {
    let filter = MessageFilter { event_types: replay.event_types.clone(), ..place.filter() };
    let listed = context.store.messages(place.scope, filter, place.page(limit), with_payload).await?;
    let ids = listed.rows.iter().map(|message| message.id).collect();
    let mut known = context.store.receptions(place.scope, ids).await?.into_iter();
    let keep = |message: Message| {
        let known = known.next().flatten()?;
        let wanted = replay.wants(known.standing, known.duplicate_of.is_some(), &known.detail);
        wanted.then_some((message, known))
    };
    Ok(looked(listed, keep))
}

/// Where a look for what a search finds begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searching<'q> {
    pub(super) scope: SearchScope,
    pub(super) query: &'q Query,
    /// The time from which times ago in the query count.
    pub(super) now: Timestamp,
    pub(super) effort: Effort,
    pub(super) span: Span,
    /// The first row to look at.
    pub(super) from: i64,
}

/// Deliveries that a search finds. All those of a message come together, or none of them: a place between two messages
/// is all that a task remembers. So there may be more than `limit`.
pub(super) async fn found(
    context: &Context,
    searching: Searching<'_>,
    limit: usize,
) -> Result<Looked<DeliveryHit>, StoreError> {
    let Searching { scope, query, now, effort, span, from } = searching;
    // Rows tell a time to its tick alone: the last tick of the span is looked at whole.
    let end = first_row_at(span.until.after(TICK));
    let mut all = Vec::new();
    let mut after = query::Place::behind_message(from.saturating_sub(1));
    loop {
        let search = Search { query: query.clone(), now, effort };
        let page = Page { limit, edge: Some(Edge::After(after)), order: Some(Order::Ascending) };
        let Searched { rows, next, .. } = context.store.search_deliveries(scope, search, page).await?;
        all.extend(rows);
        // Below this row everything was looked at.
        let done = next.map(|next| next.message.saturating_add(i64::from(next.endpoint == i64::MAX)));
        match (next, done) {
            (Some(next), Some(done)) if done <= from => after = next,
            _ => {
                let end_of_found = done.unwrap_or(end).min(end);
                all.retain(|hit: &DeliveryHit| hit.message.id.row() < end_of_found);
                return Ok(Looked { found: all, reached: done.filter(|done| *done < end) });
            }
        }
    }
}
