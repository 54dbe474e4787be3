//! What is dearer to know: last attempts, payloads, and how all deliveries of a message stand.

use std::collections::HashMap;

use bytes::Bytes;
use postrider_core::query::{Place, Stage};

use super::Walk;
use super::found::Found;
use crate::Error;
use crate::search::rows::{DeliveryRow, MessageKey, Rows};
use crate::search::span::Span;

/// Last attempts that are read at once.
const ATTEMPTS: usize = 128;
/// Payloads that are in memory at once. Between so many and the next, the walk looks whether it has taken long enough.
pub(super) const PAYLOADS: usize = 16;
/// Messages whose deliveries are read at once.
const FANNED: usize = 64;

impl<R: Rows> Walk<'_, R> {
    /// Those that are meant by what their last attempts and payloads say. If reading payloads takes too long, the walk turns
    /// back to the last one that was read; `before` is what was left of the list before the step.
    pub(super) async fn judge(&mut self, mut found: Vec<Found>, before: Span) -> Result<Vec<Found>, Error> {
        if self.search.query.asks(Stage::Attempt) && self.with_deliveries {
            self.attempts(&mut found, self.search.query.asks_for_headers()).await?;
            found.retain(|one| self.admits(Stage::Attempt, one, None));
        }
        if !self.search.query.asks(Stage::Payload) {
            return Ok(found);
        }
        self.has_read_payloads = !found.is_empty();
        let mut meant = Vec::new();
        let mut rest = found.into_iter().peekable();
        loop {
            // A message comes with all its deliveries, so that its payload is read once.
            let mut keys: Vec<MessageKey> = Vec::new();
            let mut some: Vec<Found> = Vec::new();
            while let Some(one) = rest.next_if(|one| keys.len() < PAYLOADS || keys.last() == Some(&one.key)) {
                if keys.last() != Some(&one.key) {
                    keys.push(one.key);
                }
                some.push(one);
            }
            let Some(last) = some.last() else { return Ok(meant) };
            let end = if last.sent.is_some() { last.place() } else { before.behind(last.key.1) };
            let payloads: HashMap<i64, Bytes> = self.rows.payloads(&keys).await?.into_iter().collect();
            let is_meant = |one: &Found| {
                self.admits(Stage::Payload, one, payloads.get(&one.key.1).map(|body| &body[..]))
            };
            meant.extend(some.into_iter().filter(is_meant));
            if rest.peek().is_some() && self.is_spent() {
                self.turn_back(before, end);
                return Ok(meant);
            }
        }
    }

    /// Reads the last attempts of what was found.
    pub(crate) async fn attempts(&mut self, found: &mut [Found], with_headers: bool) -> Result<(), Error> {
        for some in found.chunks_mut(ATTEMPTS) {
            let tried =
                some.iter().filter(|one| one.sent.as_ref().is_some_and(|sent| sent.delivery.attempts > 0));
            let keys: Vec<_> = tried.map(|one| (one.key, one.place().endpoint)).collect();
            if keys.is_empty() {
                continue;
            }
            let rows = self.rows.attempts(&keys, with_headers).await?;
            let mut rows: HashMap<_, _> =
                rows.into_iter().map(|row| ((row.message_row, row.endpoint_row), row)).collect();
            for one in some {
                let Place { message, endpoint } = one.place();
                if let (Some(row), Some(sent)) = (rows.remove(&(message, endpoint)), one.sent.as_mut()) {
                    (sent.last, sent.headers) = (Some(row.last), row.headers);
                }
            }
        }
        Ok(())
    }

    /// How the deliveries of these messages stand, all of them, in the messages' order.
    pub(crate) async fn standings(&mut self, keys: &[MessageKey]) -> Result<Vec<DeliveryRow>, Error> {
        let mut all = Vec::new();
        for some in keys.chunks(FANNED) {
            all.extend(self.rows.deliveries_of(some, &self.span).await?);
        }
        Ok(all)
    }
}
