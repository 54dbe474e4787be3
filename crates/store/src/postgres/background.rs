//! The engine's tasks: the writers, and the beat of the node. How they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::session::{Session, Shared};
use super::{claim, node, writer};
use crate::Error;

/// Beats in the time of a lease: one may be late without harm.
const BEATS_PER_LEASE: u32 = 5;

/// The tasks of an open store. Dropped, they end without finishing what is queued, and this node seems to have died.
pub(super) struct Background {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<()>>,
    beat: JoinHandle<()>,
}

impl Background {
    pub(super) fn start(shared: &Arc<Shared>, writers: usize, lease: Duration) -> Self {
        Self {
            shared: Arc::clone(shared),
            writers: (0..writers).map(|_| tokio::spawn(writer::run(Arc::clone(shared)))).collect(),
            beat: tokio::spawn(beat(Arc::clone(shared), lease)),
        }
    }

    /// Ends all queued work and leaves the cluster.
    pub(super) async fn close(mut self) -> Result<(), Error> {
        self.shared.queue.close();
        for writer in std::mem::take(&mut self.writers) {
            if writer.await.is_err() {
                tracing::error!("a writer of the store panicked");
            }
        }
        self.beat.abort();
        if let Some(error) = self.shared.status.broken() {
            return Err(error);
        }
        crate::crash::point("close.before");
        let conn = self.shared.pools.writer().await?;
        node::leave(&conn, self.shared.holder).await
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.beat.abort();
        self.shared.pools.close();
    }
}

async fn beat(shared: Arc<Shared>, lease: Duration) {
    let mut ticks = interval((lease / BEATS_PER_LEASE).max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one comes at once, and this node has just been seen.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match round(&shared, lease).await {
            Ok(()) => shared.status.set_full(false),
            Err(Error::Broken(reason)) => return shared.status.set_broken(&reason),
            Err(Error::Closed) => return,
            Err(error) => tracing::warn!(error = %error, "failed to give a sign of life to the database"),
        }
    }
}

async fn round(shared: &Arc<Shared>, lease: Duration) -> Result<(), Error> {
    let conn = shared.pools.writer().await?;
    if !node::beat(&conn, shared.holder).await? {
        return Err(Error::Broken("this node was fenced: it gave no sign of life for too long".to_owned()));
    }
    shared.returns.try_again();
    if node::fence(&conn, shared.holder, lease).await? {
        let session = Session { conn, shared: Arc::clone(shared) };
        while claim::take_over(&session).await? == claim::TAKE_OVER_STEP {}
    }
    Ok(())
}
