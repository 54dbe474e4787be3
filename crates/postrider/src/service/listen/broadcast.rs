//! A listener that gets all: where it is, and what it was given already.

use std::collections::BTreeSet;

use postrider_core::id::first_row_at;
use postrider_core::message::Message;
use postrider_core::time::Timestamp;
use postrider_store::Error;

use super::WINDOW;
use super::look::{Walk, look};
use super::selection::Selection;
use crate::context::Context;

/// Messages within the window that are remembered as given. With more there would be no bound, so that the listener has
/// to come again.
const GIVEN: usize = 200_000;

/// See the module's documentation.
pub(super) struct Broadcast {
    /// All up to this row was given, and nothing will appear there.
    position: i64,
    /// Rows after the position that were given.
    given: BTreeSet<i64>,
    walk: Option<Walk>,
    /// Set while the first walk of a listener that wants only what is new notes what is there already.
    priming: bool,
}

impl Broadcast {
    /// From behind the row `position`; `fresh` for what appears from now on alone.
    pub(super) fn new(position: i64, fresh: bool) -> Self {
        Self { position, given: BTreeSet::new(), walk: None, priming: fresh }
    }

    /// Whether there is a walk to go on with.
    pub(super) fn is_walking(&self) -> bool {
        self.walk.is_some()
    }

    /// The row up to which the walk has come.
    pub(super) fn walked_to(&self) -> Option<i64> {
        self.walk.map(|walk| walk.after)
    }

    /// Leaves out what the walk has not come to yet, up to this row.
    pub(super) fn skip_to(&mut self, row: i64) {
        if let Some(walk) = &mut self.walk {
            walk.after = walk.after.max(row);
        }
    }

    /// Whether it remembers as much as it may.
    pub(super) fn is_full(&self) -> bool {
        self.given.len() >= GIVEN
    }

    /// Looks at all that can have appeared.
    pub(super) fn look_at_all(&mut self, now: Timestamp) {
        self.walk = Some(Walk { after: self.position, settled: Some(first_row_at(now.before(WINDOW))) });
    }

    /// Looks behind the newest that was given.
    pub(super) fn look_at_new(&mut self) {
        let after = self.given.last().copied().unwrap_or(self.position);
        self.walk.get_or_insert(Walk { after, settled: None });
    }

    /// One look: what it found and was not given yet.
    pub(super) async fn step(
        &mut self,
        context: &Context,
        selection: &Selection,
    ) -> Result<Vec<(usize, Message)>, Error> {
        let Some(walk) = self.walk else { return Ok(Vec::new()) };
        let found = look(context, selection, walk.after).await?;
        let mut fresh = found.messages;
        fresh.retain(|(_, message)| self.given.insert(message.id.row()));
        if let Some(settled) = walk.settled {
            self.position = self.position.max(found.whole_to.unwrap_or(i64::MAX).min(settled));
            self.given = self.given.split_off(&(self.position + 1));
        }
        self.walk = found.whole_to.map(|after| Walk { after, ..walk });
        if self.priming {
            self.priming = self.walk.is_some();
            fresh.clear();
        }
        Ok(fresh)
    }
}
