//! Deliveries on their way from the writer to a caller.
//!
//! Between the commit that makes a delivery held and the moment when the caller has the answer in its hands, the caller
//! may disappear: a client hangs up, a task is aborted. Nobody would attempt such a delivery before the next restart. So
//! the answer travels in a guard that puts the deliveries back if it is dropped unopened.

use std::sync::Arc;

use super::job::Release;
use super::queue::Queue;

/// The rows of a held delivery: message and endpoint.
pub(super) type Held = (i64, i64);

/// An answer and the deliveries that come with it.
pub(super) struct Handed<T> {
    value: Option<T>,
    held: Vec<Held>,
    queue: Arc<Queue>,
}

impl<T> Handed<T> {
    pub(super) fn new((value, held): (T, Vec<Held>), queue: &Arc<Queue>) -> Self {
        Self { value: Some(value), held, queue: Arc::clone(queue) }
    }

    /// The answer. From here on the deliveries are the caller's business.
    pub(super) fn take(mut self) -> T {
        self.held.clear();
        self.value.take().expect("it is taken once, by value")
    }
}

impl<T> Drop for Handed<T> {
    fn drop(&mut self) {
        if !self.held.is_empty() {
            self.queue.push_always(Box::new(Release(std::mem::take(&mut self.held))));
        }
    }
}
