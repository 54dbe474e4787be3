//! The payload index, as a walk sees it: a part of the messages is covered, and of those it names the ones that may be meant.
//!
//! It is made behind the traffic and never by what accepts a message, so the newest messages are not covered, and while it is
//! being made neither are the oldest. They are walked as ever. What is named is read and held against the query as ever, so
//! that what is found is the same with the index and without; only what need not be looked at differs.
//!
//! What the index cannot tell is open and always named: a message that is written when the index has gone past its row, and
//! one that it takes no grams of.

use std::time::Duration;

use postrider_core::query::Needles;

use super::gram;
use super::rows::{MessageKey, Rows};
use super::{Search, SearchScope};
use crate::Error;

/// How old messages are before they are covered: what was accepted at the same time has mostly been written by then.
pub(crate) const LAG: Duration = Duration::from_secs(2);
/// Endpoints whose URLs are looked at before a search, since a text may be in them. Where there are more, the index is no help.
pub(crate) const URLS: i64 = 20_000;

/// What a pass over the payload index came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Messages that are covered now and were not before.
    pub messages: u64,
    /// There is more to do right now.
    pub more: bool,
}

/// The messages that are covered: those between two rows, both among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Covered {
    pub(crate) const NOTHING: Self = Self { first: i64::MAX, last: i64::MIN };

    pub(crate) const fn has(&self, row: i64) -> bool {
        self.first <= row && row <= self.last
    }
}

/// What a walk asks the index for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'g> {
    /// Only what belongs to the application with this row.
    pub(crate) app_row: Option<i64>,
    /// What has all of these; there is one.
    pub(crate) grams: &'g [u32],
    /// The rows, both among them. They are covered.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// From the oldest to the newest.
    pub(crate) is_ascending: bool,
    pub(crate) limit: usize,
}

impl Asked<'_> {
    /// `ASC` or `DESC`, for a statement.
    pub(crate) const fn order(&self) -> &'static str {
        if self.is_ascending { "ASC" } else { "DESC" }
    }

    /// The part of the rows up to the one where an answer ends.
    pub(crate) fn up_to(&self, end: Option<i64>) -> (i64, i64) {
        match (end, self.is_ascending) {
            (None, _) => (self.first, self.last),
            (Some(end), true) => (self.first, end),
            (Some(end), false) => (end, self.last),
        }
    }
}

/// What the index names, in the order in which it was asked.
#[derive(Debug, Default)]
pub(crate) struct Hinted {
    pub(crate) keys: Vec<MessageKey>,
    /// The row up to which these are all; `None` where they are all that there are.
    pub(crate) end: Option<i64>,
}

impl Hinted {
    /// Adds open messages, of which there are as many as were asked for, or all up to the end.
    pub(crate) fn add_open(&mut self, asked: &Asked<'_>, open: Vec<MessageKey>) {
        if open.len() == asked.limit {
            self.end = open.last().map(|key| key.1);
        }
        let (first, last) = asked.up_to(self.end);
        let is_own = |key: &MessageKey| asked.app_row.is_none_or(|own| own == key.0);
        self.keys.extend(open.into_iter().filter(is_own));
        self.keys.retain(|key| first <= key.1 && key.1 <= last);
        self.keys.sort_unstable_by_key(|key| if asked.is_ascending { key.1 } else { !key.1 });
        self.keys.dedup();
    }
}

/// What a search asks of the index.
#[derive(Debug)]
pub(crate) struct Hints {
    pub(crate) covered: Covered,
    pub(crate) grams: Vec<u32>,
}

impl Hints {
    /// `None` where the index is off, or knows nothing that narrows the search down.
    pub(crate) async fn of(
        rows: &mut impl Rows,
        scope: SearchScope,
        search: &Search,
        with_deliveries: bool,
    ) -> Result<Option<Self>, Error> {
        // The index has everybody's messages. How long it takes to pass over others' would tell an application of them,
        // and its own are walked by an index of their own.
        if matches!(scope, SearchScope::App(_)) {
            return Ok(None);
        }
        let mut needles = search.query.needles();
        if gram::of_needles(&needles).is_empty() {
            return Ok(None);
        }
        let Some(covered) = rows.covered().await? else { return Ok(None) };
        if with_deliveries {
            // URLs change, and are not in the index: a text that is in one may be in no message at all.
            let mut anywhere = Vec::new();
            for text in std::mem::take(&mut needles.anywhere) {
                if !rows.is_in_url(scope.app().map(|app| app.row()), &text).await? {
                    anywhere.push(text);
                }
            }
            needles = Needles { anywhere, ..needles };
        }
        let grams = gram::of_needles(&needles);
        Ok((!grams.is_empty()).then_some(Self { covered, grams }))
    }
}
