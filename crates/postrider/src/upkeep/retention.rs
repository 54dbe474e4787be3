//! Removes what is older than its retention.

use std::time::Duration;

use postrider_core::id::EndpointId;
use postrider_core::scope::SystemScope;

use crate::context::Context;

/// Rows touched in one pass: a few milliseconds of the writer's time.
const ROWS: usize = 500;
/// The rest between passes while there is more to do.
const REST: Duration = Duration::from_millis(50);
/// The rest when everything is done.
const IDLE: Duration = Duration::from_secs(10);
/// An endpoint that nobody has. Of the nodes that share a store, the one that would own it does retention: several at
/// once would do no harm, and each other's work again.
const DUTY: EndpointId = EndpointId::from_bytes([0; 20]);

pub(super) async fn run(context: Context) {
    let removed = metrics::counter!("postrider_retention_messages_total");
    loop {
        if !context.store.cluster().owns(DUTY) {
            tokio::time::sleep(IDLE).await;
            continue;
        }
        let more = match context.store.retain(SystemScope::assume(), context.now(), ROWS).await {
            Ok(done) => {
                removed.increment(done.messages);
                if done.canceled > 0 {
                    tracing::info!(deliveries = done.canceled, "canceled deliveries that can never be sent");
                }
                done.more
            }
            Err(postrider_store::Error::Closed | postrider_store::Error::Broken(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "failed to apply retention");
                false
            }
        };
        tokio::time::sleep(if more { REST } else { IDLE }).await;
    }
}
