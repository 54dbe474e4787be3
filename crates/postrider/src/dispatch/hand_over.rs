//! Lanes are left to another node, when nothing of them is on its way any more.

use std::time::Duration;

use postrider_core::scope::SystemScope;
use postrider_store::Error;
use postrider_store::partition::Partitions;

use super::settle::Settler;
use crate::context::Context;

/// How long to wait before a store that did not take it is told again.
const TELL_AGAIN: Duration = Duration::from_millis(250);

/// Hands `partitions` over once what their lanes have done and given back is recorded. Tries until it is done: as long
/// as it is not, nobody sends for these lanes, unless this node is taken for dead.
pub(super) async fn run(context: Context, settler: Settler, partitions: Partitions) {
    settler.settled_so_far().await;
    // While it is kept, settling does not end.
    drop(settler);
    loop {
        match context.store.hand_over(SystemScope::assume(), partitions).await {
            Ok(()) | Err(Error::Closed | Error::Broken(_)) => return,
            Err(error) => tracing::warn!(%error, "failed to leave endpoints to another node; trying again"),
        }
        tokio::time::sleep(TELL_AGAIN).await;
    }
}
