//! The part of a list that a search walks, and which way.

use std::time::Duration;

use postrider_core::id::{first_row_at, row_timestamp};
use postrider_core::query::{Narrowing, Place};

use super::rows::DeliveryRow;
use crate::{Edge, Order, Page};

/// The tick of the time inside ids.
const TICK: Duration = Duration::from_millis(4);

/// An open interval of places, and the way through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    low: Place,
    high: Place,
    /// From the oldest to the newest.
    pub(crate) is_ascending: bool,
    /// What is found comes in reverse of the list's order.
    pub(crate) is_reversed: bool,
}

impl Span {
    /// The part of the list that `page` asks for and `narrowing` leaves. Lists begin with the newest.
    pub(crate) fn new(page: &Page<Place>, narrowing: &Narrowing) -> Self {
        let is_reversed = matches!(page.edge, Some(Edge::Before(_)));
        let is_list_ascending = page.order == Some(Order::Ascending);
        let mut span = Self {
            low: Place { message: i64::MIN, endpoint: i64::MIN },
            high: Place { message: i64::MAX, endpoint: i64::MAX },
            is_ascending: is_list_ascending != is_reversed,
            is_reversed,
        };
        if let Some(since) = narrowing.since {
            span.low = Place::before_message(first_row_at(since));
        }
        if let Some(until) = narrowing.until {
            span.high = Place::before_message(first_row_at(until.after(TICK)));
        }
        if let Some(message) = narrowing.message {
            span.low = span.low.max(Place::before_message(message.row()));
            span.high = span.high.min(Place::behind_message(message.row()));
        }
        if let Some(Edge::After(place) | Edge::Before(place)) = page.edge {
            span.go_on_from(place);
        }
        span
    }

    /// The same for a list of messages: a place at the edge of a message stands for all of it.
    pub(crate) fn of_messages(page: &Page<Place>, narrowing: &Narrowing) -> Self {
        let mut span = Self::new(page, narrowing);
        if let Some(Edge::After(place) | Edge::Before(place)) = page.edge
            && matches!(place.endpoint, i64::MIN | i64::MAX)
        {
            span.go_on_from(span.behind(place.message));
        }
        span
    }

    /// Leaves out what comes up to `place`, and the place itself.
    pub(crate) fn go_on_from(&mut self, place: Place) {
        if self.is_ascending {
            self.low = self.low.max(place);
        } else {
            self.high = self.high.min(place);
        }
    }

    /// Leaves out what comes from `place` on, and the place itself.
    pub(crate) fn stop_behind(&mut self, place: Place) {
        if self.is_ascending {
            self.high = self.high.min(place);
        } else {
            self.low = self.low.max(place);
        }
    }

    /// The one of two places that comes later on the way.
    pub(crate) fn further(&self, one: Option<Place>, other: Option<Place>) -> Option<Place> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if self.is_ascending { one.max(other) } else { one.min(other) }),
            (one, other) => one.or(other),
        }
    }

    /// Whether the place is part of it.
    pub(crate) fn has(&self, place: Place) -> bool {
        self.low < place && place < self.high
    }

    /// The first and the last row of a message that may have a place in it.
    pub(crate) const fn messages(&self) -> (i64, i64) {
        let first = self.low.message.saturating_add((self.low.endpoint == i64::MAX) as i64);
        let last = self.high.message.saturating_sub((self.high.endpoint == i64::MIN) as i64);
        (first, last)
    }

    /// Its ends, which are not part of it.
    pub(crate) const fn ends(&self) -> (Place, Place) {
        (self.low, self.high)
    }

    /// The place behind everything of a message, in the direction of the walk.
    pub(crate) const fn behind(&self, message: i64) -> Place {
        if self.is_ascending { Place::behind_message(message) } else { Place::before_message(message) }
    }

    /// A place up to which everything is behind a walk that has passed `place`, and that tells no more of it than its tick;
    /// `None` where the span begins later.
    pub(crate) fn roughly(&self, place: Place) -> Option<Place> {
        let time = row_timestamp(place.message);
        let rough = if self.is_ascending {
            Place::behind_message(first_row_at(time).saturating_sub(1)).min(place)
        } else {
            Place::before_message(first_row_at(time.after(TICK))).max(place)
        };
        self.has(rough).then_some(rough)
    }

    /// The first `limit` of rows that come from two lists in the order of the span. A row may be in both.
    pub(crate) fn merged(&self, mut rows: Vec<DeliveryRow>, limit: usize) -> Vec<DeliveryRow> {
        rows.sort_unstable_by_key(DeliveryRow::place);
        if !self.is_ascending {
            rows.reverse();
        }
        rows.dedup_by_key(|row| row.place());
        rows.truncate(limit);
        rows
    }

    /// `ASC` or `DESC`, for a statement.
    pub(crate) const fn order(&self) -> &'static str {
        if self.is_ascending { "ASC" } else { "DESC" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rough_place_leaves_nothing_out_and_names_no_row() {
        let time = postrider_core::time::Timestamp::from_micros(1_700_000_000_000_000);
        let tick = first_row_at(time);
        let next = first_row_at(time.after(TICK));
        let query: postrider_core::query::Query = "".parse().unwrap();
        let narrowing = query.narrowing(time);
        for order in [Order::Ascending, Order::Descending] {
            let span = Span::new(&Page { limit: 1, edge: None, order: Some(order) }, &narrowing);
            let rough =
                [tick, tick + 5, next - 1].map(|message| span.roughly(Place { message, endpoint: 7 }));
            let expected =
                if span.is_ascending { Place::behind_message(tick - 1) } else { Place::before_message(next) };
            assert_eq!(rough, [Some(expected); 3]);
            // From there on, the same tick is no way on.
            let mut rest = span;
            rest.go_on_from(expected);
            assert_eq!(rest.roughly(Place { message: tick + 5, endpoint: 7 }), None);
        }
    }
}
