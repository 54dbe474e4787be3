//! Idle connections, kept for the next request to the same place.
//!
//! A key names the partition of the caller, the origin, and the policy that the connection was opened under: a
//! connection never crosses a tenant or outlives a change of policy. The pool is sharded, so that callers of
//! different endpoints do not meet at one lock, and sockets are closed after the lock is released.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{connection::Connection, target::Origin};

const SHARDS: usize = 16;

/// How long and how many idle connections are kept.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Closed when unused for this long. Default 30 seconds.
    pub idle_for: Duration,
    /// Not used again at this age, so that DNS is asked again. Default 5 minutes.
    pub max_age: Duration,
    /// Idle connections to one origin for one partition. Default 64.
    pub idle_per_key: usize,
    /// Idle connections altogether; each is a file descriptor. Default 2,048.
    pub idle_total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle_for: Duration::from_secs(30),
            max_age: Duration::from_secs(5 * 60),
            idle_per_key: 64,
            idle_total: 2048,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) partition: u64,
    pub(crate) epoch: u64,
    pub(crate) origin: Arc<Origin>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.partition, self.epoch, self.origin.fingerprint()).hash(state);
    }
}

pub(crate) struct Pool {
    limits: Limits,
    shards: [Mutex<Shard>; SHARDS],
}

/// Both maps hold the same connections. Serial numbers only grow, so within a key the front is the oldest, and
/// the first of `order` is the oldest of the shard.
struct Shard {
    idle: HashMap<Key, VecDeque<Idle>>,
    order: BTreeMap<u64, Key>,
    next_serial: u64,
    swept: Instant,
}

struct Idle {
    serial: u64,
    since: Instant,
    connection: Box<Connection>,
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let shard = || Shard { idle: HashMap::new(), order: BTreeMap::new(), next_serial: 0, swept: now };
        Self { limits, shards: std::array::from_fn(|_| Mutex::new(shard())) }
    }

    /// The connection used last, which is the likeliest to be alive. The caller checks that it is.
    pub(crate) fn take(&self, key: &Key, now: Instant) -> Option<Box<Connection>> {
        // Declared before the guard and hence dropped after it.
        let mut closed = Vec::new();
        let mut shard = self.shard(key).lock();
        while let Some(idle) = shard.pop_newest(key) {
            if self.is_usable(&idle, now) {
                return Some(idle.connection);
            }
            closed.push(idle);
        }
        None
    }

    /// Keeps a connection whose last exchange ended cleanly.
    pub(crate) fn put(&self, key: &Key, connection: Box<Connection>, now: Instant) {
        let mut closed = Vec::new();
        let mut shard = self.shard(key).lock();
        if now.duration_since(shard.swept) >= self.limits.idle_for {
            shard.sweep(&self.limits, now, &mut closed);
        }
        shard.push(key, connection, now);
        if shard.idle.get(key).is_some_and(|idle| idle.len() > self.limits.idle_per_key) {
            closed.extend(shard.pop_oldest_of(key));
        }
        if shard.order.len() > self.limits.idle_total.div_ceil(SHARDS) {
            closed.extend(shard.pop_oldest());
        }
    }

    /// Closes what has been idle for too long, everywhere.
    pub(crate) fn sweep(&self, now: Instant) {
        for shard in &self.shards {
            let mut closed = Vec::new();
            shard.lock().sweep(&self.limits, now, &mut closed);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().order.len()).sum()
    }

    fn is_usable(&self, idle: &Idle, now: Instant) -> bool {
        now.duration_since(idle.since) < self.limits.idle_for
            && now.duration_since(idle.connection.opened) < self.limits.max_age
    }

    fn shard(&self, key: &Key) -> &Mutex<Shard> {
        // Partitions are often small numbers in a row; the multiplier spreads them over the high bits.
        let mixed = (key.origin.fingerprint() ^ key.partition).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &self.shards[(mixed >> 60) as usize % SHARDS]
    }
}

impl Shard {
    fn push(&mut self, key: &Key, connection: Box<Connection>, now: Instant) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.order.insert(serial, key.clone());
        let idle = Idle { serial, since: now, connection };
        match self.idle.get_mut(key) {
            Some(list) => list.push_back(idle),
            None => {
                self.idle.insert(key.clone(), VecDeque::from([idle]));
            }
        }
    }

    /// An emptied list stays for the next connection of its key; the sweep removes it.
    fn pop_newest(&mut self, key: &Key) -> Option<Idle> {
        let idle = self.idle.get_mut(key)?.pop_back()?;
        self.order.remove(&idle.serial);
        Some(idle)
    }

    fn pop_oldest_of(&mut self, key: &Key) -> Option<Idle> {
        let idle = self.idle.get_mut(key)?.pop_front()?;
        self.order.remove(&idle.serial);
        Some(idle)
    }

    fn pop_oldest(&mut self) -> Option<Idle> {
        let (_, key) = self.order.pop_first()?;
        self.idle.get_mut(&key)?.pop_front()
    }

    fn sweep(&mut self, limits: &Limits, now: Instant, closed: &mut Vec<Idle>) {
        while let Some(key) = self.order.values().next() {
            let oldest = self.idle.get(key).and_then(VecDeque::front);
            if oldest.is_some_and(|idle| now.duration_since(idle.since) < limits.idle_for) {
                break;
            }
            closed.extend(self.pop_oldest());
        }
        self.idle.retain(|_, list| !list.is_empty());
        self.swept = now;
    }
}
