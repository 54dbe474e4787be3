//! Keeps the payload index, or removes it where it is switched off.

use std::time::Duration;

use postrider_core::id::EndpointId;
use postrider_core::scope::SystemScope;
use postrider_store::{Error, Indexed};

use crate::context::Context;

/// Messages covered in one pass: some tens of milliseconds of the writer's time with SQLite.
const ROWS: usize = 250;
/// The rest between passes while there is more to do.
const REST: Duration = Duration::from_millis(50);
/// The rest when everything is done: what comes meanwhile is searched without the index.
const IDLE: Duration = Duration::from_secs(3);
/// How soon to ask again whether this node is the one that does it, or after a failure.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// An endpoint that nobody has: of the nodes that share a store, the one that would own it does this.
const DUTY: EndpointId = EndpointId::from_bytes([3; 20]);

/// Runs until the store is closed, or until nothing is left to remove.
pub(super) async fn run(context: Context, is_on: bool) {
    loop {
        if !context.store.cluster().owns(DUTY) {
            tokio::time::sleep(ASK_AGAIN).await;
            continue;
        }
        let rest = match pass(&context, is_on).await {
            Ok(_) if !is_on => return,
            Ok(indexed) if indexed.more => REST,
            Ok(_) => IDLE,
            Err(Error::Closed | Error::Broken(_)) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "failed to keep the payload index");
                ASK_AGAIN
            }
        };
        tokio::time::sleep(rest).await;
    }
}

async fn pass(context: &Context, is_on: bool) -> Result<Indexed, Error> {
    let system = SystemScope::assume();
    if is_on {
        let indexed = context.store.index_payloads(system, context.now(), ROWS).await?;
        metrics::counter!("postrider_search_indexed_messages_total").increment(indexed.messages);
        return Ok(indexed);
    }
    if context.store.drop_payload_index(system).await? {
        tracing::info!("removed the payload index, which search.payloads switches off");
    }
    Ok(Indexed::default())
}
