//! The hosts of one shard, and the order in which their connections fell idle.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::time::Instant;

use super::{Key, Limits, host::Host};
use crate::{connection::Connection, target::Origin};

/// The lists of the hosts and `order` hold the same idle connections. Serial numbers only grow, so within a list the
/// front is the oldest, and the first of `order` is the oldest of the shard.
pub(super) struct Shard {
    hosts: HashMap<Arc<Origin>, Host>,
    order: BTreeMap<u64, Key>,
    next_serial: u64,
    /// Idle connections of all shards together. It only keeps a bound, so no ordering between threads is needed.
    idle: Arc<AtomicUsize>,
    pub(super) swept: Instant,
}

pub(super) struct Idle {
    pub(super) serial: u64,
    pub(super) since: Instant,
    pub(super) connection: Box<Connection>,
}

impl Shard {
    pub(super) fn new(idle: Arc<AtomicUsize>, now: Instant) -> Self {
        Self { hosts: HashMap::new(), order: BTreeMap::new(), next_serial: 0, idle, swept: now }
    }

    pub(super) fn host(&mut self, origin: &Arc<Origin>) -> &mut Host {
        if !self.hosts.contains_key(origin) {
            self.hosts.insert(Arc::clone(origin), Host::default());
        }
        self.hosts.get_mut(origin).expect("present, or inserted just now")
    }

    /// A host without connections has nobody in line either.
    pub(super) fn forget(&mut self, origin: &Arc<Origin>) {
        self.hosts.remove(origin);
    }

    pub(super) fn push(&mut self, key: &Key, connection: Box<Connection>, now: Instant) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.order.insert(serial, key.clone());
        self.idle.fetch_add(1, Ordering::Relaxed);
        let idle = Idle { serial, since: now, connection };
        self.host(&key.origin).idle.entry(key.partition).or_default().push_back(idle);
    }

    pub(super) fn pop_newest(&mut self, key: &Key) -> Option<Idle> {
        let idle = self.list(key)?.pop_back()?;
        Some(self.removed(idle))
    }

    /// What one more idle connection of `key` is too much of: the oldest of that key, or of the shard.
    pub(super) fn pop_beyond(&mut self, key: &Key, limits: &Limits) -> Option<Idle> {
        if self.list(key)?.len() > limits.idle_per_key {
            self.pop_oldest_of(key)
        } else if self.idle.load(Ordering::Relaxed) > limits.idle_total {
            self.pop_oldest()
        } else {
            None
        }
    }

    /// The oldest to this origin, of whatever partition.
    pub(super) fn pop_oldest_to(&mut self, origin: &Arc<Origin>) -> Option<Idle> {
        let partition = self.host(origin).oldest()?;
        self.pop_oldest_of(&Key { partition, origin: Arc::clone(origin) })
    }

    pub(super) fn sweep(&mut self, limits: &Limits, now: Instant, closed: &mut Vec<Idle>) {
        while let Some((_, key)) = self.order.first_key_value() {
            let oldest = self.hosts.get(&key.origin).and_then(|host| host.idle.get(&key.partition)?.front());
            if oldest.is_some_and(|idle| now.duration_since(idle.since) < limits.idle_for) {
                break;
            }
            closed.extend(self.pop_oldest());
        }
        for host in self.hosts.values_mut() {
            host.idle.retain(|_, list| !list.is_empty());
        }
        self.swept = now;
    }

    fn pop_oldest(&mut self) -> Option<Idle> {
        let key = self.order.first_key_value()?.1.clone();
        self.pop_oldest_of(&key)
    }

    fn pop_oldest_of(&mut self, key: &Key) -> Option<Idle> {
        let idle = self.list(key)?.pop_front()?;
        Some(self.removed(idle))
    }

    fn removed(&mut self, idle: Idle) -> Idle {
        self.order.remove(&idle.serial);
        self.idle.fetch_sub(1, Ordering::Relaxed);
        idle
    }

    fn list(&mut self, key: &Key) -> Option<&mut VecDeque<Idle>> {
        self.hosts.get_mut(&key.origin)?.idle.get_mut(&key.partition)
    }
}
