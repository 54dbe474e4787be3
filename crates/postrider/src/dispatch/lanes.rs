//! The way into dispatch, for everyone else.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::RwLock;
use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::time::Timestamp;
use postrider_store::cluster::Cluster;
use postrider_store::partition::{Partitions, lane_partition};
use tokio::sync::{Notify, mpsc};

use super::scheduler::Ended;
use crate::directory::Destination;

/// Deliveries that one lane keeps in memory.
pub const WINDOW: usize = 4_096;

/// What happens to lanes: told by others, or an answer to what the dispatcher asked for. Sets of partitions are boxed:
/// deliveries, which come by the thousands, are smaller.
pub(super) enum Event {
    /// A delivery is in our hands.
    Held(Work),
    /// A delivery waits in the store. `manual`: a person waits for it, so a paused lane tries it now.
    Waiting { app: AppId, endpoint: EndpointId, due: Timestamp, manual: bool },
    /// An endpoint or its application was changed or deleted.
    Changed { app: AppId, endpoint: EndpointId },
    /// These applications or some of their endpoints were changed.
    AppsChanged(HashSet<AppId>),
    /// An environment was changed.
    AllChanged,
    /// Lanes are ours from now on.
    Gained(Box<Partitions>),
    /// Lanes are to be handed over when nothing of them is on its way any more.
    Leaving(Box<Partitions>),
    /// Lanes are not ours any more.
    Lost(Box<Partitions>),
    /// An attempt ended.
    Ended(Ended),
    /// An endpoint was read, `None` when it is gone; and our part of the rate of its application.
    Loaded { endpoint: EndpointId, app_rate: Option<u32>, destination: Option<Arc<Destination>> },
    /// An endpoint could not be read.
    NotLoaded { endpoint: EndpointId },
    /// A claim was answered. What it took is counted when this is noted; until then the claim counts as under way, so
    /// that its share of the memory stays reserved.
    Claimed { endpoint: EndpointId, work: Vec<Work>, next_due: Option<Timestamp> },
}

/// Where the events come out; for the dispatcher's task.
pub struct Inbox(pub(super) mpsc::UnboundedReceiver<Event>);

/// A handle on all lanes. Cheap to clone.
#[derive(Clone)]
pub struct Lanes(Arc<Shared>);

struct Shared {
    gates: RwLock<HashMap<EndpointId, Arc<Gate>>>,
    events: mpsc::UnboundedSender<Event>,
    bytes: AtomicUsize,
    bytes_max: usize,
    held: AtomicUsize,
    held_max: usize,
    cluster: Arc<Cluster>,
    look: Notify,
}

/// Whether a lane takes new deliveries into memory, and how many it has.
#[derive(Debug, Default)]
pub(super) struct Gate {
    held: AtomicUsize,
    // Set while older deliveries of the lane wait in the store or the lane is paused: newer ones must queue there.
    closed: AtomicBool,
}

/// How much dispatch has in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// Deliveries, those being sent included.
    pub held: usize,
    /// Bytes of their payloads.
    pub bytes: usize,
}

impl Lanes {
    /// A handle, and where its notices come out. At most `held_max` deliveries and `bytes_max` bytes of payload are
    /// taken into memory by [`Room::reserve`], of endpoints that this node owns.
    #[must_use]
    pub fn new(held_max: usize, bytes_max: usize, cluster: Arc<Cluster>) -> (Self, Inbox) {
        let (events, inbox) = mpsc::unbounded_channel();
        let shared = Shared {
            gates: RwLock::default(),
            events,
            bytes: AtomicUsize::new(0),
            bytes_max,
            held: AtomicUsize::new(0),
            held_max,
            cluster,
            look: Notify::new(),
        };
        (Self(Arc::new(shared)), Inbox(inbox))
    }

    /// Room for the deliveries of one message of `size` bytes.
    #[must_use]
    pub fn room(&self, size: usize) -> Room {
        Room { lanes: self.clone(), size, reserved: VecDeque::new() }
    }

    /// Tells that a delivery waits in the store until `due`.
    pub fn waiting(&self, app: AppId, endpoint: EndpointId, due: Timestamp) {
        self.tell(Event::Waiting { app, endpoint, due, manual: false });
    }

    /// Tells that a delivery waits in the store because a person asked for it: it is tried even if the lane is paused.
    pub fn asked(&self, app: AppId, endpoint: EndpointId, due: Timestamp) {
        self.tell(Event::Waiting { app, endpoint, due, manual: true });
    }

    /// Tells that an endpoint or its application was changed or deleted. The directory must have forgotten it before.
    pub fn changed(&self, app: AppId, endpoint: EndpointId) {
        self.tell(Event::Changed { app, endpoint });
    }

    /// Tells that applications or some of their endpoints were changed, by somebody who does not know which lanes there
    /// are. The directory must have forgotten them before.
    pub fn apps_changed(&self, apps: HashSet<AppId>) {
        self.tell(Event::AppsChanged(apps));
    }

    /// Tells that an environment was changed, which is rare: all lanes look again. The directory must have forgotten
    /// everything before.
    pub fn all_changed(&self) {
        self.tell(Event::AllChanged);
    }

    /// Tells that these partitions' lanes are ours from now on.
    pub fn gained(&self, partitions: Partitions) {
        self.tell(Event::Gained(Box::new(partitions)));
    }

    /// Tells that another node is to have these partitions' lanes: they are handed over when nothing of them is on its
    /// way any more.
    pub fn leaving(&self, partitions: Partitions) {
        self.tell(Event::Leaving(Box::new(partitions)));
    }

    /// Tells that these partitions' lanes are not ours any more.
    pub fn lost(&self, partitions: Partitions) {
        self.tell(Event::Lost(Box::new(partitions)));
    }

    /// Has all owned lanes looked at soon: something may wait for them in the store. Many calls are one look.
    pub fn look(&self) {
        self.0.look.notify_one();
    }

    /// Waits until somebody wants a look.
    pub(super) async fn look_wanted(&self) {
        self.0.look.notified().await;
    }

    /// The nodes that share the store.
    pub(super) fn cluster(&self) -> &Arc<Cluster> {
        &self.0.cluster
    }

    /// How much dispatch has in memory.
    #[must_use]
    pub fn status(&self) -> Status {
        Status { held: self.0.held.load(Ordering::Relaxed), bytes: self.0.bytes.load(Ordering::Relaxed) }
    }

    pub(super) fn gate(&self, endpoint: EndpointId) -> Arc<Gate> {
        if let Some(gate) = self.0.gates.read().get(&endpoint) {
            return Arc::clone(gate);
        }
        Arc::clone(self.0.gates.write().entry(endpoint).or_default())
    }

    /// Forgets gates that nobody uses: the map's own reference is the last one.
    pub(super) fn forget_idle_gates(&self) {
        self.0.gates.write().retain(|_, gate| Arc::strong_count(gate) > 1);
    }

    /// Those of `partitions` with a lane that has something in memory, under way, or reserved for what is being accepted.
    pub(super) fn busy(&self, partitions: &Partitions) -> Partitions {
        let mut busy = Partitions::NONE;
        for (endpoint, gate) in self.0.gates.read().iter() {
            if gate.held.load(Ordering::Relaxed) > 0 && partitions.contains(*endpoint) {
                busy.insert(lane_partition(endpoint.row()));
            }
        }
        busy
    }

    /// Counts a delivery into memory that came from the store.
    pub(super) fn count_in(&self, gate: &Gate, size: usize) {
        gate.held.fetch_add(1, Ordering::Relaxed);
        self.0.held.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(size, Ordering::Relaxed);
    }

    /// Counts a delivery out of memory.
    pub(super) fn count_out(&self, gate: &Gate, size: usize) {
        gate.held.fetch_sub(1, Ordering::Relaxed);
        self.0.held.fetch_sub(1, Ordering::Relaxed);
        self.0.bytes.fetch_sub(size, Ordering::Relaxed);
    }

    /// Deliveries and bytes of payload that may still be taken into memory.
    pub(super) fn left(&self) -> Status {
        let Status { held, bytes } = self.status();
        Status { held: self.0.held_max.saturating_sub(held), bytes: self.0.bytes_max.saturating_sub(bytes) }
    }

    /// Takes a delivery that the store gave us outside a claim into memory.
    pub(super) fn adopt(&self, work: Work) {
        self.count_in(&self.gate(work.endpoint), work.payload_len());
        self.tell(Event::Held(work));
    }

    pub(super) fn tell(&self, event: Event) {
        // The other end is gone only when the server stops; then the store has it all.
        self.0.events.send(event).ok();
    }
}

impl Gate {
    pub(super) fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::Relaxed);
    }
}

/// Places reserved in lanes for the deliveries of one message. What is not used is given back on drop.
pub struct Room {
    lanes: Lanes,
    size: usize,
    reserved: VecDeque<(EndpointId, Arc<Gate>)>,
}

impl Room {
    /// Reserves a place in an endpoint's lane; `false` when it must wait in the store, as for a lane of another node.
    pub fn reserve(&mut self, endpoint: EndpointId) -> bool {
        if !self.lanes.0.cluster.owns(endpoint) {
            return false;
        }
        let (gate, left) = (self.lanes.gate(endpoint), self.lanes.left());
        let free = !gate.closed.load(Ordering::Relaxed)
            && gate.held.load(Ordering::Relaxed) < WINDOW
            && left.held > 0
            && left.bytes >= self.size;
        if free {
            self.lanes.count_in(&gate, self.size);
            self.reserved.push_back((endpoint, gate));
        }
        free
    }

    /// Hands over a delivery whose place was reserved and that the store holds for us. In the order of the
    /// reservations; those passed over are given back.
    pub fn deliver(&mut self, work: Work) {
        while let Some((endpoint, gate)) = self.reserved.pop_front() {
            if endpoint == work.endpoint {
                self.lanes.tell(Event::Held(work));
                return;
            }
            self.lanes.count_out(&gate, self.size);
        }
        debug_assert!(false, "a delivery is handed over only where a place was reserved");
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        for (_, gate) in &self.reserved {
            self.lanes.count_out(gate, self.size);
        }
    }
}
