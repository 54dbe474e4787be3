//! Folds rollups and issues, and removes what is older than their retention.

use std::time::Duration;

use postrider_core::id::EndpointId;
use postrider_core::scope::SystemScope;
use postrider_store::Error;

use crate::context::Context;

/// Rows touched in one pass: some milliseconds of the writer's time.
const ROWS: usize = 250;
/// The rest between passes while there is more to do.
const REST: Duration = Duration::from_millis(100);
/// The rest when everything is done: a few rows more in the finer form hurt nobody.
const IDLE: Duration = Duration::from_secs(300);
/// How soon to ask again whether this node is the one that does it, or after a failure.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// An endpoint that nobody has: of the nodes that share a store, the one that would own it does this.
const DUTY: EndpointId = EndpointId::from_bytes([2; 20]);

/// Keeps rollups for `kept`.
pub(super) async fn run(context: Context, kept: Duration) {
    loop {
        if !context.store.cluster().owns(DUTY) {
            tokio::time::sleep(ASK_AGAIN).await;
            continue;
        }
        let rest = match context.store.fold(SystemScope::assume(), context.now(), kept, ROWS).await {
            Ok(folded) if folded.more => REST,
            Ok(_) => IDLE,
            Err(Error::Closed | Error::Broken(_)) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "failed to fold rollups");
                ASK_AGAIN
            }
        };
        tokio::time::sleep(rest).await;
    }
}
