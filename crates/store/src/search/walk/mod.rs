//! The walk: batch after batch of what may be meant, until there is enough or it has taken long enough.
//!
//! In reading order: the walk itself, here; [`found`], what it is made of; [`join`], messages and deliveries put together;
//! [`judge`], what is dearer to know; [`next`], which messages come next.

mod found;
mod join;
mod judge;
mod next;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use postrider_core::query::{AppHead, EndpointHead, Place, Stage};

pub(crate) use self::found::Found;
use self::found::Whose;
use self::judge::PAYLOADS;
use self::next::Next;
use super::index::Hints;
use super::rows::{DeliveryRow, Rows};
use super::span::Span;
use super::way::Way;
use super::{Search, SearchScope};
use crate::Error;

/// Rows of the first batch, unless the page is larger, and of the largest.
const BATCH: (usize, usize) = (64, 1_024);
/// Messages whose deliveries are read at once, at first, at least and at most: each may have thousands, and most have few.
const FANNED: [usize; 3] = [64, 16, 256];
/// Endpoints and applications that a walk remembers.
const HEADS: usize = 10_000;

/// A walk under way.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says how far one thing has come, and none implies another"
)]
pub(crate) struct Walk<'s, R> {
    rows: R,
    scope: SearchScope,
    search: &'s Search,
    way: Way,
    /// The only endpoint whose deliveries are meant.
    endpoint_row: Option<i64>,
    /// What is left of the list.
    span: Span,
    /// What was left of it at first.
    whole: Span,
    /// Whether deliveries are looked for, or messages alone.
    with_deliveries: bool,
    batch: usize,
    fanned: usize,
    began: Instant,
    apps: HashMap<i64, Option<Arc<AppHead>>>,
    endpoints: HashMap<i64, Option<Arc<EndpointHead>>>,
    /// Messages that were read and whose deliveries were not yet, the next one last.
    ahead: Vec<Whose>,
    /// Where the walk is when there are none of these left, and the last place up to there that is within the scope.
    ahead_end: Option<(Place, Option<Place>)>,
    is_at_end: bool,
    /// Whether the last step read payloads, or the first one may.
    has_read_payloads: bool,
    /// Messages and deliveries that were read, others' too.
    read: u64,
    /// The last place that is behind the walk, which may be that of a row of others'. It is for the walk alone.
    here: Option<Place>,
    /// Whether rows of others were read.
    pub(crate) has_met_others: bool,
    /// Messages and deliveries of the scope that were looked at.
    pub(crate) looked: u64,
    /// The last place within the scope that is behind the walk.
    pub(crate) own: Option<Place>,
    /// What the payload index is asked for, if it is of any help.
    hints: Option<Hints>,
    /// Whether it was of any.
    pub(crate) is_indexed: bool,
}

impl<'s, R: Rows> Walk<'s, R> {
    pub(crate) async fn begin(
        mut rows: R,
        scope: SearchScope,
        search: &'s Search,
        span: Span,
        (with_deliveries, limit): (bool, usize),
    ) -> Result<Self, Error> {
        let narrowing = search.query.narrowing(search.now);
        let hints = Hints::of(&mut rows, scope, search, with_deliveries).await?;
        let way = if with_deliveries {
            Way::choose(&mut rows, scope, &narrowing, &span, hints.is_some()).await?
        } else {
            Way::Messages
        };
        let has_payloads = search.query.asks(Stage::Payload);
        Ok(Self {
            rows,
            scope,
            search,
            way,
            endpoint_row: narrowing.endpoint.map(|endpoint| endpoint.row()),
            span,
            whole: span,
            with_deliveries,
            batch: if has_payloads { PAYLOADS } else { limit.saturating_add(1).clamp(BATCH.0, BATCH.1) },
            fanned: FANNED[0],
            began: Instant::now(),
            apps: HashMap::new(),
            endpoints: HashMap::new(),
            ahead: Vec::new(),
            ahead_end: None,
            is_at_end: false,
            has_read_payloads: has_payloads,
            read: 0,
            here: None,
            has_met_others: false,
            looked: 0,
            own: None,
            hints,
            is_indexed: false,
        })
    }

    /// What the next step finds, in the order of the walk; `None` when there is nothing more to look at.
    pub(crate) async fn step(&mut self) -> Result<Option<Vec<Found>>, Error> {
        if self.endpoints.len() > HEADS || self.apps.len() > HEADS {
            self.endpoints.clear();
            self.apps.clear();
        }
        let before = self.span;
        let found = match self.way {
            Way::Messages => self.by_message().await?,
            way => self.by_delivery(way).await?,
        };
        let Some(found) = found else { return Ok(None) };
        self.judge(found, before).await.map(Some)
    }

    /// Whether it has taken long enough, and another walk can go on from here.
    pub(crate) fn is_tired(&self) -> bool {
        self.is_spent() && self.mark().is_some()
    }

    /// Where another walk goes on. No row of others is named by it: where nothing of the scope was seen, it is the edge of
    /// a tick of the clock.
    pub(crate) fn mark(&self) -> Option<Place> {
        self.own.or_else(|| self.whole.roughly(self.here?))
    }

    fn is_spent(&self) -> bool {
        let effort = self.search.effort;
        self.read >= effort.rows || self.began.elapsed() >= effort.time
    }

    /// Whether nothing is left to look at. Where it is `false`, there may be nothing left all the same.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.is_at_end && self.ahead.is_empty()
    }

    fn admits(&self, stage: Stage, found: &Found, payload: Option<&[u8]>) -> bool {
        self.search.query.admits(stage, &found.candidate(payload), self.search.now)
    }

    fn grow(&mut self, read: usize) {
        self.is_at_end = read < self.batch;
        // Payloads are dear: only as long as hardly anything comes so far that they are read, there is a hurry.
        self.batch = if self.has_read_payloads { PAYLOADS } else { (self.batch * 4).min(BATCH.1) };
        self.read += read as u64;
    }

    /// Counts rows that were read, of which `own` are within the scope.
    fn count(&mut self, read: usize, own: usize) {
        self.looked += own as u64;
        self.has_met_others |= own < read;
    }

    /// Remembers how many deliveries messages have, for the next step.
    fn fan(&mut self, messages: usize, deliveries: usize) {
        let [_, least, most] = FANNED;
        self.read += deliveries as u64;
        self.count(deliveries, deliveries);
        if deliveries <= 2 * messages {
            self.fanned = (self.fanned * 2).min(most);
        } else if deliveries > 16 * messages {
            self.fanned = (self.fanned / 2).max(least);
        }
    }

    /// The next messages and their deliveries, as far as the messages and deliveries themselves are meant.
    async fn by_message(&mut self) -> Result<Option<Vec<Found>>, Error> {
        if self.ahead.is_empty() {
            if self.is_at_end {
                return Ok(None);
            }
            let Some(Next { messages, end, rough }) = self.next().await? else { return Ok(None) };
            let read = messages.len();
            // Up to here everything is in `ahead`, and is behind the walk when that is empty.
            let (within, meant) = self.meant(messages).await?;
            self.count(read, within.len());
            let own = within.last().map(|row| self.span.behind(*row));
            let own = self.span.further(own, rough);
            self.ahead = meant;
            self.ahead.reverse();
            if self.ahead.is_empty() || !self.with_deliveries {
                self.pass(end, own);
                return Ok(Some(
                    std::mem::take(&mut self.ahead).into_iter().rev().map(Found::alone).collect(),
                ));
            }
            self.ahead_end = Some((end, own));
        }
        let from = self.ahead.len().saturating_sub(self.fanned);
        let messages = self.ahead.split_off(from);
        let keys: Vec<_> = messages.iter().rev().map(|message| message.key).collect();
        let deliveries = self.rows.deliveries_of(&keys, &self.span).await?;
        self.fan(keys.len(), deliveries.len());
        let found = self.join(deliveries, messages).await?;
        let part = keys.last().map(|key| self.span.behind(key.1)).map(|end| (end, Some(end)));
        if let Some((end, own)) = if self.ahead.is_empty() { self.ahead_end.take() } else { part } {
            self.pass(end, own);
        }
        Ok(Some(found))
    }

    /// The next deliveries of an index of them.
    async fn by_delivery(&mut self, way: Way) -> Result<Option<Vec<Found>>, Error> {
        if self.is_at_end {
            return Ok(None);
        }
        let mut deliveries = self.rows.deliveries(way, &self.span, self.batch).await?;
        let read = deliveries.len();
        self.grow(read);
        let Some(last) = deliveries.last() else { return Ok(None) };
        let end = last.place();
        let (endpoint, query) = (self.endpoint_row, &self.search.query);
        let is_meant = |row: &DeliveryRow| {
            endpoint.is_none_or(|endpoint| endpoint == row.endpoint_row)
                && query.admits_standing(row.state, row.attempts)
        };
        // What an endpoint gets is all of one application: the last of it says whose. Elsewhere each may be others'.
        let is_mixed = !matches!(way, Way::Endpoint(_));
        let asked = deliveries.iter().filter(|row| is_mixed || row.place() == end || is_meant(row));
        let mut keys: Vec<_> = asked.map(|row| (row.app_row, row.message_row)).collect();
        keys.dedup();
        let messages = self.rows.messages_at(&keys).await?;
        let (within, messages) = self.meant(messages).await?;
        let (count, own) = if is_mixed {
            let within: HashSet<i64> = within.into_iter().collect();
            let is_own = |row: &&DeliveryRow| within.contains(&row.message_row);
            let last = deliveries.iter().rfind(is_own).map(DeliveryRow::place);
            (deliveries.iter().filter(is_own).count(), last)
        } else if within.is_empty() {
            (0, None)
        } else {
            (read, Some(end))
        };
        self.count(read, count);
        deliveries.retain(is_meant);
        let found = self.join(deliveries, messages).await?;
        self.pass(end, own);
        Ok(Some(found))
    }

    /// Goes on behind `place`; `own` is the last place up to there that is within the scope, if the step saw one.
    fn pass(&mut self, place: Place, own: Option<Place>) {
        self.span.go_on_from(place);
        self.here = Some(place);
        self.own = own.or(self.own);
    }

    /// Goes on behind `place`, which is within the scope and which the last step has passed already.
    fn turn_back(&mut self, before: Span, place: Place) {
        self.span = before;
        self.ahead.clear();
        self.ahead_end = None;
        self.is_at_end = false;
        self.pass(place, Some(place));
    }
}
