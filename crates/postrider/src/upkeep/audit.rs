//! Removes entries of the audit log that are older than their retention.

use std::time::Duration;

use postrider_core::id::EndpointId;
use postrider_core::scope::SystemScope;

use crate::context::Context;

/// Entries removed in one pass: a few milliseconds of the writer's time.
const ENTRIES: usize = 500;
/// The rest between passes while there is more to do.
const REST: Duration = Duration::from_millis(50);
/// The rest when everything is done: an entry more or less old matters to nobody.
const IDLE: Duration = Duration::from_secs(600);
/// An endpoint that nobody has: of the nodes that share a store, the one that would own it does this.
const DUTY: EndpointId = EndpointId::from_bytes([1; 20]);

/// Keeps entries for `kept`.
pub(super) async fn run(context: Context, kept: Duration) {
    loop {
        let before = context.now().before(kept);
        let mut more = false;
        if context.store.cluster().owns(DUTY) {
            match context.store.forget_audit(SystemScope::assume(), before, ENTRIES).await {
                Ok(removed) => more = removed == ENTRIES as u64,
                Err(postrider_store::Error::Closed | postrider_store::Error::Broken(_)) => return,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "failed to shorten the audit log");
                }
            }
        }
        tokio::time::sleep(if more { REST } else { IDLE }).await;
    }
}
