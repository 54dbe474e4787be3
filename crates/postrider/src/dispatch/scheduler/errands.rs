//! Errands to the store: only so many at once, the others wait in line.

use std::collections::VecDeque;

use postrider_core::id::EndpointId;

/// Lanes that want the same thing from the store. A lane stands in line at most once, which its own state sees to.
///
/// A change that touches every lane, or a start with a hundred thousand of them, is so one entry here for each and not
/// a task for each.
#[derive(Debug)]
pub(super) struct Errands {
    line: VecDeque<EndpointId>,
    under_way: usize,
    most: usize,
    closed: bool,
}

impl Errands {
    /// At most `most` are under way.
    pub(super) fn new(most: usize) -> Self {
        Self { line: VecDeque::new(), under_way: 0, most: most.max(1), closed: false }
    }

    /// Puts a lane in line.
    pub(super) fn enter(&mut self, endpoint: EndpointId) {
        if !self.closed {
            self.line.push_back(endpoint);
        }
    }

    /// The next lane to run for, if another may. Each must be followed by [`Errands::done`].
    pub(super) fn next(&mut self) -> Option<EndpointId> {
        if self.under_way >= self.most {
            return None;
        }
        let endpoint = self.line.pop_front()?;
        self.under_way += 1;
        Some(endpoint)
    }

    /// One came back, whatever it brought.
    pub(super) fn done(&mut self) {
        debug_assert!(self.under_way > 0, "an errand comes back once");
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// How many are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Starts no more of them.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.line.clear();
    }
}
