//! How what a search finds divides.

use std::collections::HashMap;
use std::hash::Hash;

use postrider_core::delivery::State;
use postrider_core::id::row_timestamp;
use postrider_core::query::{EndpointHead, Stage, Status};

use super::rows::Rows;
use super::span::Span;
use super::walk::{Found, Walk};
use super::{Facets, Search, SearchScope};
use crate::{Error, Page};

/// Values of a facet that are given.
const TOP: usize = 10;
/// Values of a facet that are counted; what comes first when these are taken is left out.
const COUNTED: usize = 10_000;

/// Walks from the newest on for as long as the effort lasts, and counts.
pub(crate) async fn count<R: Rows>(rows: R, scope: SearchScope, search: &Search) -> Result<Facets, Error> {
    let all = Page { limit: usize::MAX, edge: None, order: None };
    let span = Span::new(&all, &search.query.narrowing(search.now));
    let mut walk = Walk::begin(rows, scope, search, span, (true, all.limit)).await?;
    let mut counts = Counts::default();
    let is_whole = loop {
        let Some(mut found) = walk.step().await? else { break true };
        if !search.query.asks(Stage::Attempt) {
            walk.attempts(&mut found, false).await?;
        }
        for one in &found {
            counts.add(one);
        }
        if walk.is_at_end() {
            break true;
        }
        if walk.is_tired() {
            break false;
        }
    };
    let mut facets = counts.facets();
    facets.looked = walk.looked;
    let reached = if is_whole { walk.own } else { walk.mark() };
    facets.reached = reached.map(|place| row_timestamp(place.message));
    facets.indexed = walk.is_indexed;
    facets.is_whole = is_whole;
    Ok(facets)
}

#[derive(Default)]
struct Counts {
    matched: u64,
    statuses: HashMap<Status, u64>,
    codes: HashMap<u16, u64>,
    types: HashMap<String, u64>,
    endpoints: HashMap<i64, (EndpointHead, u64)>,
}

impl Counts {
    fn add(&mut self, found: &Found) {
        let Some(sent) = &found.sent else { return };
        self.matched += 1;
        *self.statuses.entry(Status::of(sent.delivery.state, sent.delivery.attempts)).or_default() += 1;
        // As the query sees it: what is being sent has no outcome.
        if let Some(last) = sent.last.as_ref().filter(|_| sent.delivery.state != State::Held) {
            *self.codes.entry(last.status_code / 100).or_default() += 1;
        }
        let event_type = &found.message.event_type;
        if let Some(count) = self.types.get_mut(event_type) {
            *count += 1;
        } else if self.types.len() < COUNTED {
            self.types.insert(event_type.clone(), 1);
        }
        let row = sent.endpoint.id.row();
        if self.endpoints.len() < COUNTED || self.endpoints.contains_key(&row) {
            self.endpoints.entry(row).or_insert_with(|| (sent.endpoint.as_ref().clone(), 0)).1 += 1;
        }
    }

    fn facets(self) -> Facets {
        let mut endpoints: Vec<_> = self.endpoints.into_values().collect();
        endpoints.sort_by(|one, other| other.1.cmp(&one.1).then(other.0.id.row().cmp(&one.0.id.row())));
        endpoints.truncate(TOP);
        let statuses =
            Status::ALL.into_iter().filter_map(|status| Some((status, *self.statuses.get(&status)?)));
        let mut statuses: Vec<_> = statuses.collect();
        statuses.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Facets {
            matched: self.matched,
            statuses,
            codes: top(self.codes),
            types: top(self.types),
            endpoints,
            ..Facets::default()
        }
    }
}

/// The most frequent values; those that are as frequent in their own order.
fn top<T: Ord + Hash + Clone>(counts: HashMap<T, u64>) -> Vec<(T, u64)> {
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    all.truncate(TOP);
    all
}
