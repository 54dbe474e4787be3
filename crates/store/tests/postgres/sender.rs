//! A node that does what a server does with its store: takes what is due in its own lanes, "sends" it, settles it, and
//! hands partitions over when it is told to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::scope::SystemScope;
use postrider_store::cluster::{Cluster, Notice};
use postrider_store::postgres::{Options, Postgres};
use postrider_store::{Claim, Placement, Settled, Store};
use tokio::task::JoinHandle;

use crate::things::{NOW, Things};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was sent, by all nodes, and how often.
pub(crate) type Sent = Arc<Mutex<HashMap<MessageId, u32>>>;

/// A node that works.
pub(crate) struct Sender {
    pub(crate) store: Arc<Postgres>,
    /// What it was told.
    pub(crate) heard: Arc<Mutex<Vec<(Instant, Notice)>>>,
    things: Arc<Things>,
    sent: Sent,
    /// Set while it sends nothing.
    pub(crate) idle: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sender {
    pub(crate) async fn start(options: &Options, things: &Arc<Things>, sent: &Sent) -> Self {
        Self::of(Arc::new(Postgres::open(options).await.unwrap()), things, sent).await
    }

    pub(crate) async fn of(store: Arc<Postgres>, things: &Arc<Things>, sent: &Sent) -> Self {
        store.take_over(SystemScope::assume()).await.unwrap();
        let mut sender = Self {
            heard: Arc::default(),
            things: Arc::clone(things),
            sent: Arc::clone(sent),
            idle: Arc::default(),
            tasks: Vec::new(),
            store,
        };
        sender.listen();
        sender.work();
        sender
    }

    pub(crate) fn cluster(&self) -> &Arc<Cluster> {
        self.store.cluster()
    }

    /// Writes down all notices, and hands over what is leaving: in this little server nothing is in flight between them.
    fn listen(&mut self) {
        let mut notices = self.cluster().notices().unwrap();
        let (store, heard) = (Arc::clone(&self.store), Arc::clone(&self.heard));
        self.tasks.push(tokio::spawn(async move {
            while let Some(notice) = notices.recv().await {
                heard.lock().push((Instant::now(), notice.clone()));
                if let Notice::Leaving(parts) = notice {
                    while store.hand_over(SystemScope::assume(), parts).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        }));
    }

    fn work(&mut self) {
        let (store, things, sent) =
            (Arc::clone(&self.store), Arc::clone(&self.things), Arc::clone(&self.sent));
        let idle = Arc::clone(&self.idle);
        self.tasks.push(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if idle.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(lanes) = store.lanes_due(SystemScope::assume(), None, 1_000).await else { continue };
                for lane in lanes {
                    let claim = Claim { endpoint: lane.endpoint, now: NOW, limit: 10, max_bytes: usize::MAX };
                    let Ok(claimed) = store.claim(SystemScope::assume(), claim).await else { continue };
                    for work in claimed.work {
                        send(&store, &things, &sent, (work.message.id, lane.endpoint)).await;
                    }
                }
            }
        }));
    }

    /// Publishes a message to the endpoint, and sends it if it is held.
    pub(crate) async fn publish(&self, endpoint: EndpointId) -> Option<MessageId> {
        let mut acceptance = self.things.acceptance();
        acceptance.deliveries[0].endpoint = endpoint;
        acceptance.deliveries[0].order = Some(postrider_store::accept::FIFO);
        let message = acceptance.message.id;
        let placed = self.store.accept(self.things.scope, acceptance).await.ok()?;
        if placed.placements == [Placement::Held] {
            send(&self.store, &self.things, &self.sent, (message, endpoint)).await;
        }
        Some(message)
    }

    /// It dies: nothing is said to anybody.
    pub(crate) fn crash(self) -> Arc<Postgres> {
        self.tasks.iter().for_each(JoinHandle::abort);
        Arc::clone(&self.store)
    }

    /// It leaves in peace.
    pub(crate) async fn leave(self) {
        self.store.close().await.unwrap();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Sends a delivery and all that follow it in its order.
async fn send(store: &Postgres, things: &Things, sent: &Sent, (message, endpoint): (MessageId, EndpointId)) {
    let mut next = Some(message);
    while let Some(message) = next.take() {
        if !store.cluster().owns(endpoint) {
            let _ = store.release(SystemScope::assume(), vec![(message, endpoint)]).await;
            return;
        }
        *sent.lock().entry(message).or_default() += 1;
        let mut settlement = things.success(message);
        settlement.attempt.endpoint = endpoint;
        let settled = loop {
            match store.settle(SystemScope::assume(), vec![settlement.clone()].into(), Vec::new()).await {
                Ok(settled) => break settled,
                Err(postrider_store::Error::Closed | postrider_store::Error::Broken(_)) => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        if let [Settled::Recorded { held: Some(work), .. }] = &settled[..] {
            next = Some(work.message.id);
        }
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
