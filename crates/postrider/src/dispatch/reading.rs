//! What the scheduler wants from the store: deliveries, and settings.
//!
//! Every claim and every reading is answered with an event, whatever happens to it. A lane that asked and heard nothing
//! would sleep for ever.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::scope::SystemScope;
use postrider_store::cluster::Cluster;
use postrider_store::{Claim, Error};

use super::lanes::Event;
use crate::context::Context;
use crate::directory::Route;

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
    let event = match contained(context.directory.route(app)).await {
        Ok(route) => {
            let app_rate = route.as_ref().and_then(|route| our_rate(route, context.lanes.cluster()));
            let found = route.iter().flat_map(|route| &route.destinations);
            let destination =
                found.into_iter().find(|destination| destination.endpoint.id == endpoint).cloned();
            Event::Loaded { endpoint, app_rate, destination }
        }
        Err(error) => {
            tracing::warn!(%endpoint, %error, "failed to read an endpoint");
            Event::NotLoaded { endpoint }
        }
    };
    context.lanes.tell(event);
}

/// Our part of an application's rate: as much as we own of its endpoints, so that all nodes together keep to it.
fn our_rate(route: &Route, cluster: &Cluster) -> Option<u32> {
    let rate = route.app.throttle_rate?;
    if !cluster.is_shared() {
        return Some(rate);
    }
    let enabled = route.destinations.iter().filter(|destination| destination.endpoint.disabled.is_none());
    let (mut ours, mut all) = (0, 0);
    for destination in enabled {
        all += 1;
        ours += u32::from(cluster.owns(destination.endpoint.id));
    }
    Some(part(rate, ours, all))
}

/// The part of `rate` that `ours` of `all` have. Who asks has at least one, and one must be able to go on.
fn part(rate: u32, ours: u32, all: u32) -> u32 {
    let (rate, ours, all) = (u64::from(rate), u64::from(ours), u64::from(all.max(1)));
    let part = (rate * ours + all / 2) / all;
    u32::try_from(part.max(1)).unwrap_or(u32::MAX)
}

/// Makes a panic an error of the store.
async fn contained<T>(reading: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let outcome = AssertUnwindSafe(reading).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Error::Engine("it panicked".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_share_a_rate_as_they_share_the_endpoints() {
        for (rate, ours, all, wanted) in [
            (100, 1, 1, 100),
            (100, 1, 3, 33),
            (100, 2, 3, 67),
            (1, 1, 3, 1),
            (5, 0, 0, 1),
            (u32::MAX, 9, 9, u32::MAX),
        ] {
            assert_eq!(part(rate, ours, all), wanted, "{ours} of {all} of {rate}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let reading = async { if true { panic!("as the test wants") } else { Ok(()) } };
        assert!(matches!(contained(reading).await, Err(Error::Engine(_))));
    }
}
