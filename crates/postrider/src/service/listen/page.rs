//! What there is now, for who asks and does not stay.
//!
//! A page begins a little before the cursor, as a stream does, but what is given again does not count: each page leads
//! on. Deliberately absent: what would need somebody to stay, which is groups and answers for providers.

use postrider_core::id::MessageId;
use postrider_store::PAGE_BYTES;

use super::heard::{self, Heard};
use super::look::{LOOKS, edge};
use super::tail::{State, Tail};
use super::{Error, Since};

/// Messages that are read for one page, wanted or not.
const READS: usize = 1_000;
/// What of those and of a page's bytes may go to what is given again: half.
const AGAIN: usize = 2;

/// A page.
#[derive(Debug)]
pub struct Found {
    /// The messages, oldest first.
    pub heard: Vec<Heard>,
    /// Where to go on when there may be more now: behind all that was looked at.
    pub more_from: Option<MessageId>,
}

/// How much was done for a page.
#[derive(Default)]
struct Spent {
    looks: usize,
    reads: usize,
    bytes: usize,
}

impl Spent {
    /// Whether this part of the reads and bytes is used up.
    fn has_read(&self, part: usize) -> bool {
        self.reads >= READS / part || self.bytes >= PAGE_BYTES / part
    }

    /// Whether this part of the looks is.
    fn has_looked(&self, part: usize) -> bool {
        self.looks >= LOOKS / part
    }
}

impl Tail {
    /// What there is behind `since`, with which it began: at most `limit` of it, a page's bytes, and as much as can be
    /// looked at in one go. What came a little before comes again, as far as half of that goes.
    pub async fn page(&mut self, since: Since, limit: usize) -> Result<Found, Error> {
        let cursor = match since {
            Since::After(message) => message.row(),
            Since::Now | Since::Beginning | Since::At(_) => 0,
        };
        let (mut all, mut fresh, mut spent, mut last) = (Vec::new(), 0, Spent::default(), None);
        let reached = loop {
            if fresh >= limit || spent.has_read(1) {
                break last;
            }
            if fresh == 0 && (spent.has_read(AGAIN) || spent.has_looked(AGAIN)) {
                self.skip_to(cursor);
            }
            let Some(found) = self.ready.pop_front() else {
                if !self.is_walking() {
                    return Ok(Found { heard: all, more_from: None });
                }
                if spent.has_looked(1) {
                    break self.walked_to().map(edge);
                }
                spent.looks += 1;
                self.step().await?;
                continue;
            };
            let id = found.1.id;
            last = Some(id);
            spent.reads += 1;
            if let Some(heard) = heard::read(&self.context, &self.selection, found).await? {
                spent.bytes += heard.weight();
                fresh += usize::from(id.row() > cursor);
                all.push(heard);
            }
        };
        Ok(Found { heard: all, more_from: reached.map(|to| to.max(edge(cursor))) })
    }

    /// Gives nothing again that is not at hand yet.
    fn skip_to(&mut self, row: i64) {
        self.ready.retain(|(_, message, _)| message.id.row() > row);
        if let State::Broadcast(broadcast) = &mut self.state {
            broadcast.skip_to(row);
        }
    }

    /// The row up to which the walk has come.
    fn walked_to(&self) -> Option<i64> {
        match &self.state {
            State::Broadcast(broadcast) => broadcast.walked_to(),
            State::Group(_) => None,
        }
    }
}
