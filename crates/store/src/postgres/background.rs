//! The engine's tasks: the writers, and what makes this process a node. How they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::Config;

use super::member::{self, Life, upkeep};
use super::pool::Door;
use super::session::Shared;
use super::{lanes, node, writer};
use crate::Error;
use crate::partition::Partitions;

/// How long leaving may take: what is not done then is left to the others, who find it after the lease.
const LEAVE_MAX: Duration = Duration::from_secs(5);

/// The tasks of an open store. Dropped, they end without finishing what is queued, and this node seems to have died.
pub(super) struct Background {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<()>>,
    /// Everything else: none of them ends by itself.
    others: Vec<JoinHandle<()>>,
}

impl Background {
    pub(super) fn start(
        shared: &Arc<Shared>,
        writers: usize,
        life: Life,
        (door, config): (Door, Config),
    ) -> Self {
        let heard = {
            let shared = Arc::clone(shared);
            move |heard| member::hear(&shared, heard)
        };
        let cluster = Arc::clone(&shared.cluster);
        let set_up = move |is_up| cluster.see(|view| view.listening = is_up);
        Self {
            shared: Arc::clone(shared),
            writers: (0..writers)
                .map(|number| tokio::spawn(writer::run(Arc::clone(shared), number as i16)))
                .collect(),
            others: vec![
                tokio::spawn(life.run()),
                tokio::spawn(member::watch_lease(Arc::clone(shared))),
                tokio::spawn(upkeep::run(Arc::clone(shared))),
                tokio::spawn(Arc::clone(&shared.wire).run(door, config, heard, set_up)),
            ],
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
        // What it has begun must not find us gone, and put back what others are about to ask for.
        let tidying = self.shared.calls.tidying.lock().await;
        self.stop();
        drop(tidying);
        if let Some(error) = self.shared.status.broken() {
            return Err(error);
        }
        crate::crash::point("close.before");
        tokio::time::timeout(LEAVE_MAX, self.leave()).await.unwrap_or(Err(super::fault::OVERLOADED))
    }

    async fn leave(&self) -> Result<(), Error> {
        let shared = &self.shared;
        shared.cluster.out();
        let conn = shared.pools.writer().await?;
        lanes::give_up(&conn, shared.holder, &Partitions::ALL).await?;
        node::leave(&conn, shared.holder).await?;
        let (channel, text) = shared.wire.farewell();
        conn.run(
            "-- background::leave
             SELECT pg_notify($1, $2)",
            &[&channel, &text],
        )
        .await?;
        Ok(())
    }

    fn stop(&self) {
        self.others.iter().for_each(JoinHandle::abort);
        self.shared.cluster.close();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.stop();
        self.shared.cluster.out();
        self.shared.pools.close();
    }
}
