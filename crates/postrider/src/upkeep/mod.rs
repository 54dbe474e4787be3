//! What goes on beside the traffic: retention, background tasks, and connections that nobody uses.
//!
//! Of the nodes that share a store, one does retention, and each moves the tasks of its own endpoints on.
//!
//! The first two work in short passes through the store's writer, with rests in between, so that accepting and settling
//! hardly notice. They begin where they were after a restart: the store remembers.

mod connections;
mod retention;
mod schedules;
mod tasks;

use std::sync::Arc;

use postrider_egress::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;

/// Upkeep, running.
pub struct Upkeep {
    stop: CancellationToken,
    running: TaskTracker,
}

/// Starts all upkeep.
pub fn start(context: &Context, client: Arc<Client>) -> Upkeep {
    let (stop, running) = (CancellationToken::new(), TaskTracker::new());
    running.spawn(stop.clone().run_until_cancelled_owned(retention::run(Arc::clone(context))));
    running.spawn(stop.clone().run_until_cancelled_owned(tasks::run(Arc::clone(context))));
    running.spawn(stop.clone().run_until_cancelled_owned(schedules::run(Arc::clone(context))));
    running.spawn(stop.clone().run_until_cancelled_owned(connections::run(client)));
    running.close();
    Upkeep { stop, running }
}

impl Upkeep {
    /// Ends at once. A pass that the store has begun is finished there.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.wait().await;
    }
}
