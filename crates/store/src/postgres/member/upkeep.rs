//! What a node does for all of them now and then: puts back what the dead held, and forgets what is long over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::super::changes::Position;
use super::super::session::{Session, Shared};
use super::super::{claim, node};
use crate::Error;
use crate::cluster::Notice;

/// How often without any reason.
const EVERY: Duration = Duration::from_secs(30);

/// Works until dropped. It does not hurt that all nodes do the same: what one has locked the others leave alone.
pub(in crate::postgres) async fn run(shared: Arc<Shared>) {
    loop {
        let next = Instant::now() + EVERY;
        let called = timeout_at(next, shared.calls.upkeep.notified()).await.is_ok();
        let _pass = shared.calls.tidying.lock().await;
        let done = async {
            if shared.calls.takes_over() {
                put_back(&shared).await?;
            }
            if !called {
                forget(&shared).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = done.await {
            tracing::debug!(error = %error, "failed to tidy up after other nodes");
        }
    }
}

/// Puts back what is held by nobody who is alive, and says so to everyone.
async fn put_back(shared: &Arc<Shared>) -> Result<(), Error> {
    let session = Session::new(shared.pools.writer().await?, shared, -1);
    let mut all = 0;
    loop {
        let taken = claim::take_over(&session).await?;
        all += taken;
        if taken < claim::TAKE_OVER_STEP {
            break;
        }
    }
    if all > 0 {
        tracing::info!(deliveries = all, "put back what nodes that are gone held");
        shared.cluster.tell(Notice::Look);
        shared.wire.look();
    }
    Ok(())
}

async fn forget(shared: &Arc<Shared>) -> Result<(), Error> {
    let conn = shared.pools.writer().await?;
    node::bury(&conn).await?;
    Position::now(&conn).await?.forget(&conn).await
}
