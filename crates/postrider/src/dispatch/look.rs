//! Looking for lanes that have something to do.
//!
//! Whoever puts a delivery into the store tells its lane, as long as both are in one process. What was there before the
//! start, and what other nodes put into a shared store or left behind in it, has to be looked for. Nodes tell each other
//! of it too, and then it is looked for at once; but only looking again and again misses nothing.

use std::time::Duration;

use postrider_core::scope::SystemScope;
use postrider_store::{Error, LaneDue};
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// Lanes read in one go.
const PAGE: usize = 1_024;
/// How often a shared store is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// The least time between two looks that are wanted at once.
const REST: Duration = Duration::from_millis(50);

/// Calls `tell` with every lane that has waiting deliveries.
pub(super) async fn at_all_lanes(context: &Context, mut tell: impl FnMut(&LaneDue)) -> Result<(), Error> {
    let mut after = None;
    loop {
        let lanes = context.store.lanes_due(SystemScope::assume(), after, PAGE).await?;
        lanes.iter().for_each(&mut tell);
        match lanes.last() {
            Some(last) if lanes.len() == PAGE => after = Some(last.endpoint),
            _ => return Ok(()),
        }
    }
}

/// Tells the lanes what waits for them in a shared store, now and then and when somebody wants it, until stopped.
pub(super) async fn again_and_again(context: Context, stop: CancellationToken) {
    let looking = async {
        loop {
            // Whether it is wanted or its time has come, it is the same look.
            tokio::time::timeout(EVERY, context.lanes.look_wanted()).await.ok();
            let tell = |lane: &LaneDue| context.lanes.waiting(lane.app, lane.endpoint, lane.due);
            if let Err(error) = at_all_lanes(&context, tell).await {
                tracing::warn!(%error, "failed to look for waiting deliveries");
            }
            tokio::time::sleep(REST).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}
