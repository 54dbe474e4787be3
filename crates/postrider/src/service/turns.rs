//! Turns of applications at reading much.
//!
//! A list may look at thousands of rows before it fills a page, and the store has few readers. So that one application
//! cannot hold all of them and make everybody else wait, only a few of its lists read at once; some more wait for
//! their turn, and the rest are refused.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_core::id::AppId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lists of one application that read at once: half of the store's readers.
const READING: usize = 2;
/// And that wait for that.
const WAITING: usize = 64;

/// See the module's documentation. Cheap to clone.
#[derive(Clone, Default)]
pub struct Turns {
    // Only applications with somebody in line are in it, so it is bounded by the requests under way.
    lines: Arc<Mutex<HashMap<AppId, Line>>>,
}

struct Line {
    places: Arc<Semaphore>,
    people: usize,
}

/// The right to read; it ends on drop.
pub struct Turn {
    _place: OwnedSemaphorePermit,
    _ticket: Ticket,
}

/// A place in a line, at its head or not.
struct Ticket {
    turns: Turns,
    app: AppId,
}

impl Turns {
    /// Waits for a turn of `app`; `None` when too many wait already.
    pub async fn take(&self, app: AppId) -> Option<Turn> {
        let (ticket, places) = self.enter(app)?;
        let place = places.acquire_owned().await.expect("the semaphore is never closed");
        Some(Turn { _place: place, _ticket: ticket })
    }

    fn enter(&self, app: AppId) -> Option<(Ticket, Arc<Semaphore>)> {
        let mut lines = self.lines.lock();
        let line =
            lines.entry(app).or_insert_with(|| Line { places: Arc::new(Semaphore::new(READING)), people: 0 });
        if line.people >= READING + WAITING {
            return None;
        }
        line.people += 1;
        Some((Ticket { turns: self.clone(), app }, Arc::clone(&line.places)))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut lines = self.turns.lines.lock();
        let Some(line) = lines.get_mut(&self.app) else { return };
        line.people -= 1;
        if line.people == 0 {
            lines.remove(&self.app);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const OWN: AppId = AppId::from_bytes([1; 20]);
    const OTHER: AppId = AppId::from_bytes([2; 20]);

    #[tokio::test]
    async fn one_application_waits_for_itself_and_for_nobody_else() {
        let turns = Turns::default();
        let mut held: Vec<_> = (0..READING).map(|_| turns.take(OWN).now_or_never().flatten()).collect();
        assert!(held.iter().all(Option::is_some));
        let mut third = Box::pin(turns.take(OWN));
        assert!((&mut third).now_or_never().is_none(), "it waits");
        assert!(turns.take(OTHER).now_or_never().flatten().is_some(), "others do not");
        held.pop();
        assert!(third.await.is_some(), "until one is done");
    }

    #[tokio::test]
    async fn a_line_has_an_end_and_leaves_nothing_behind() {
        let turns = Turns::default();
        let held: Vec<_> = (0..READING).map(|_| turns.take(OWN).now_or_never().flatten()).collect();
        let mut line: Vec<_> = (0..WAITING).map(|_| Box::pin(turns.take(OWN))).collect();
        assert!(line.iter_mut().all(|turn| turn.now_or_never().is_none()), "they wait");
        assert!(turns.take(OWN).await.is_none(), "no place is left in the line");
        drop((held, line));
        assert!(turns.lines.lock().is_empty());
    }
}
