//! Which messages come next: all of them, or where the payload index covers them those that it names.

use postrider_core::query::Place;

use super::Walk;
use crate::Error;
use crate::search::index::{Asked, Covered, Hinted};
use crate::search::rows::{MessageRow, Rows};

/// Messages that are asked of the index at once.
const NAMED: usize = 64;

/// The next messages of a walk.
pub(super) struct Next {
    /// In the order of the walk.
    pub(super) messages: Vec<MessageRow>,
    /// Up to here there are no others.
    pub(super) end: Place,
    /// The same for others to know: a place that names nobody's row.
    pub(super) rough: Option<Place>,
}

/// A part of what is left, at its beginning.
struct Part {
    first: i64,
    last: i64,
    is_covered: bool,
    /// Nothing is left behind it.
    is_last: bool,
}

impl<R: Rows> Walk<'_, R> {
    /// The next messages; `None` when none are left.
    pub(super) async fn next(&mut self) -> Result<Option<Next>, Error> {
        let part = self.part();
        if part.is_covered {
            if let Some(next) = self.named(&part).await? {
                return Ok(Some(next));
            }
            // It was switched off meanwhile.
            self.hints = None;
            return Box::pin(self.next()).await;
        }
        let app_row = self.scope.app().map(|app| app.row());
        let mut span = self.span;
        if !part.is_last {
            span.stop_behind(self.far_end(&part));
        }
        let messages = self.rows.messages(app_row, &span, self.batch).await?;
        let is_end = messages.len() < self.batch;
        self.grow(messages.len());
        self.is_at_end &= part.is_last;
        match messages.last().map(|row| row.message.id.row()) {
            _ if is_end && !part.is_last => {
                let end = self.far_end(&part);
                Ok(Some(Next { messages, end, rough: self.whole.roughly(end) }))
            }
            Some(last) => Ok(Some(Next { messages, end: self.span.behind(last), rough: None })),
            None => Ok(None),
        }
    }

    /// What the index names next in a part that it covers. `None` where it does not any more.
    async fn named(&mut self, part: &Part) -> Result<Option<Next>, Error> {
        let Some(hints) = &self.hints else { return Ok(None) };
        let asked = Asked {
            app_row: self.scope.app().map(|app| app.row()),
            grams: &hints.grams,
            first: part.first,
            last: part.last,
            is_ascending: self.span.is_ascending,
            limit: NAMED,
        };
        let Some(Hinted { keys, end }) = self.rows.candidates(&asked).await? else { return Ok(None) };
        let mut messages = self.rows.messages_at(&keys).await?;
        let is_ascending = self.span.is_ascending;
        messages.sort_unstable_by_key(|row| {
            let row = row.message.id.row();
            if is_ascending { row } else { !row }
        });
        self.is_indexed = true;
        self.read += 1 + messages.len() as u64;
        self.is_at_end = end.is_none() && part.is_last;
        let end = end.map_or_else(|| self.far_end(part), |row| self.span.behind(row));
        Ok(Some(Next { messages, end, rough: self.whole.roughly(end) }))
    }

    /// The place behind a part, in the direction of the walk.
    fn far_end(&self, part: &Part) -> Place {
        self.span.behind(if self.span.is_ascending { part.last } else { part.first })
    }

    /// What is left up to where the index begins or ends to cover it.
    fn part(&self) -> Part {
        let (first, last) = self.span.messages();
        let whole = Part { first, last, is_covered: false, is_last: true };
        let Some(Covered { first: from, last: to }) = self.hints.as_ref().map(|hints| hints.covered) else {
            return whole;
        };
        // Nothing of what is left is covered, or nothing at all.
        if from > to || last < from || to < first {
            return whole;
        }
        if self.span.is_ascending {
            if first < from {
                Part { last: from - 1, is_last: false, ..whole }
            } else {
                Part { last: last.min(to), is_covered: true, is_last: last <= to, ..whole }
            }
        } else if last > to {
            Part { first: to + 1, is_last: false, ..whole }
        } else {
            Part { first: first.max(from), is_covered: true, is_last: first >= from, ..whole }
        }
    }
}
