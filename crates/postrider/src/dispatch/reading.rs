//! What the scheduler wants from the store: deliveries, and settings.
//!
//! Every claim and every reading is answered with an event, whatever happens to it. A lane that asked and heard nothing
//! would sleep for ever.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::scope::SystemScope;
use postrider_store::{Claim, Error};

use super::lanes::Event;
use crate::context::Context;

/// Claims under way. Each may take an equal share of the memory that is left, so that together they stay within it.
pub(super) const CLAIMS: usize = 32;
/// Readings of settings under way. A change to an environment has all its lanes read anew.
pub(super) const LOADS: usize = 32;
/// How long to wait before asking a store again that failed to answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Claims at most `limit` deliveries, and no more than a claim's share of the memory that is left.
pub(super) async fn claim(context: Context, endpoint: EndpointId, limit: usize) {
    let left = context.lanes.left();
    let claim = Claim {
        endpoint,
        now: context.now(),
        limit: limit.min(left.held / CLAIMS).max(1),
        max_bytes: left.bytes / CLAIMS,
    };
    let (work, next_due) = match contained(context.store.claim(SystemScope::assume(), claim)).await {
        Ok(claimed) => (claimed.work, claimed.next_due),
        Err(error) => {
            tracing::warn!(%endpoint, %error, "failed to claim deliveries");
            (Vec::new(), Some(context.now().after(ASK_AGAIN)))
        }
    };
    context.lanes.tell(Event::Claimed { endpoint, work, next_due });
}

/// Reads the settings of an endpoint.
pub(super) async fn load(context: Context, app: AppId, endpoint: EndpointId) {
    let event = match contained(context.directory.destination(app, endpoint)).await {
        Ok(destination) => Event::Loaded { endpoint, destination },
        Err(error) => {
            tracing::warn!(%endpoint, %error, "failed to read an endpoint");
            Event::NotLoaded { endpoint }
        }
    };
    context.lanes.tell(event);
}

/// Makes a panic an error of the store.
async fn contained<T>(reading: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let outcome = AssertUnwindSafe(reading).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Error::Engine("it panicked".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let reading = async { if true { panic!("as the test wants") } else { Ok(()) } };
        assert!(matches!(contained(reading).await, Err(Error::Engine(_))));
    }
}
