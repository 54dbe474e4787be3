//! What goes on beside the traffic: retention, that of the audit log and of rollups, the payload index, background tasks, and connections that nobody uses.
//!
//! Of the nodes that share a store, one does retention, and each moves the tasks of its own endpoints on.
//!
//! All but the last work in short passes through the store's writer, with rests in between, so that accepting and settling
//! hardly notice. They begin where they were after a restart: the store remembers.

mod audit;
mod connections;
mod payloads;
mod retention;
mod rollups;
mod schedules;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use postrider_egress::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;

/// Upkeep, running.
pub struct Upkeep {
    stop: CancellationToken,
    running: TaskTracker,
}

/// How long is kept what no environment has a say in.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Entries of the audit log.
    pub audit: Duration,
    /// Rollups.
    pub rollups: Duration,
}

/// Starts all upkeep. `index_payloads` says whether there is a payload index.
pub fn start(context: &Context, kept: Kept, index_payloads: bool, client: Arc<Client>) -> Upkeep {
    let (stop, running) = (CancellationToken::new(), TaskTracker::new());
    running.spawn(stop.clone().run_until_cancelled_owned(retention::run(Arc::clone(context))));
    running.spawn(stop.clone().run_until_cancelled_owned(audit::run(Arc::clone(context), kept.audit)));
    running.spawn(stop.clone().run_until_cancelled_owned(rollups::run(Arc::clone(context), kept.rollups)));
    running.spawn(stop.clone().run_until_cancelled_owned(payloads::run(Arc::clone(context), index_payloads)));
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
