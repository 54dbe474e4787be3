//! Deliveries on their way from a writer to a caller.
//!
//! Between the commit that makes a delivery held and the moment when the caller has the answer in its hands, the caller
//! may disappear: a client hangs up, a task is aborted. Nobody would attempt such a delivery before this node is gone.
//! So the answer travels in a guard that puts the deliveries back if it is dropped unopened. What cannot be put back
//! because the database is away is kept, and tried again with every beat of the node.

use std::sync::Arc;

use parking_lot::Mutex;

use super::job::Release;
use super::queue::Queue;

/// The rows of a held delivery: message and endpoint.
pub(super) type Held = (i64, i64);

/// Deliveries that this node holds and nobody in it knows of.
pub(super) struct Returns {
    queue: Arc<Queue>,
    kept: Mutex<Vec<Held>>,
}

impl Returns {
    pub(super) fn new(queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { queue, kept: Mutex::default() })
    }

    /// Puts deliveries back as soon as a writer is free.
    pub(super) fn put_back(&self, held: Vec<Held>) {
        if !held.is_empty() {
            self.queue.push_always(Box::new(Release(held)));
        }
    }

    /// Keeps deliveries that could not be put back for the next try.
    pub(super) fn keep(&self, held: Vec<Held>) {
        self.kept.lock().extend(held);
    }

    /// Tries again with what was kept.
    pub(super) fn try_again(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        self.put_back(kept);
    }
}

/// An answer and the deliveries that come with it.
pub(super) struct Handed<T> {
    value: Option<T>,
    held: Vec<Held>,
    returns: Arc<Returns>,
}

impl<T> Handed<T> {
    pub(super) fn new((value, held): (T, Vec<Held>), returns: &Arc<Returns>) -> Self {
        Self { value: Some(value), held, returns: Arc::clone(returns) }
    }

    /// The answer. From here on the deliveries are the caller's business.
    pub(super) fn take(mut self) -> T {
        self.held.clear();
        self.value.take().expect("it is taken once, by value")
    }
}

impl<T> Drop for Handed<T> {
    fn drop(&mut self) {
        self.returns.put_back(std::mem::take(&mut self.held));
    }
}
