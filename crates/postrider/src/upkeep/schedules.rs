//! Fires the schedules of sources.
//!
//! Every node that does upkeep looks; of those that see a time come, the store lets one fire. A node sleeps until the next
//! minute begins, since no schedule is finer, or until a source is made or changed here.

use std::time::Duration;

use postrider_store::Error;

use crate::context::Context;
use crate::service::sources;

/// The finest that a schedule can be.
const MINUTE_MICROS: i64 = 60_000_000;
/// How long to wait before what failed is tried again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

pub(super) async fn run(context: Context) {
    loop {
        let rest = match sources::fire_due(&context).await {
            Ok(true) => continue,
            Ok(false) => until_next_minute(&context),
            Err(Error::Closed | Error::Broken(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "failed to fire schedules");
                ASK_AGAIN
            }
        };
        drop(tokio::time::timeout(rest, context.schedules.notified()).await);
    }
}

fn until_next_minute(context: &Context) -> Duration {
    let passed = context.now().as_micros().rem_euclid(MINUTE_MICROS);
    Duration::from_micros((MINUTE_MICROS - passed).unsigned_abs())
}
