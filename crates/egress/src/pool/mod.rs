//! The connections of a client: how many there may be, and the idle ones, kept for the next request to the same
//! place.
//!
//! Whoever wants to send claims a [`Place`]: an idle connection, or a [`Slot`] to open one in. A host has so many
//! slots, however many tenants and endpoints name it, and a connection has one for as long as it lives. When all are
//! taken, idle connections of other tenants make room, and then callers stand in line, first come, first served.
//!
//! Invariants:
//! - A connection never crosses a partition: it is taken, and handed over, only for the key it was opened for.
//! - While somebody waits for a host, none of its slots is free.
//! - Connections and slots are dropped after the lock is released: giving a slot back takes it again.
//!
//! The pool is sharded by origin, so that callers of different hosts do not meet at one lock.

mod host;
mod shard;
mod slot;

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::oneshot, time::Instant};

use self::shard::{Idle, Shard};
pub(crate) use self::slot::Slot;
use crate::{connection::Connection, target::Origin};

const SHARDS: usize = 16;

/// How many connections there may be, and how long idle ones are kept.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections to one host and port, over all partitions, in use or idle; at least 1. Who finds them all in use
    /// waits for one, which counts as connecting. Default 256.
    pub per_host: usize,
    /// Idle connections are closed when unused for this long. Default 30 seconds.
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
            per_host: 256,
            idle_for: Duration::from_secs(30),
            max_age: Duration::from_secs(5 * 60),
            idle_per_key: 64,
            idle_total: 2048,
        }
    }
}

/// Whose connection, and where to.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) partition: u64,
    pub(crate) origin: Arc<Origin>,
}

/// What lets a request be sent.
pub(crate) enum Place {
    /// A connection that was alive when it was last looked at.
    Idle(Box<Connection>),
    /// Room for a new one.
    Vacant(Slot),
}

/// What came of asking for a place.
pub(crate) enum Claim {
    Granted(Place),
    /// All are in use; the place comes when it is the caller's turn. Dropping this leaves the line.
    Queued(oneshot::Receiver<Place>),
}

pub(crate) struct Pool(Arc<Shared>);

/// Slots refer back to this, weakly: idle connections have slots.
struct Shared {
    limits: Limits,
    shards: [Mutex<Shard>; SHARDS],
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let idle = Arc::default();
        let shards = std::array::from_fn(|_| Mutex::new(Shard::new(Arc::clone(&idle), now)));
        Self(Arc::new(Shared { limits, shards }))
    }

    /// The idle connection used last, which is the likeliest to be alive; the caller checks that it is. Without one,
    /// a slot, at once or in turn.
    pub(crate) fn claim(&self, key: &Key, now: Instant) -> Claim {
        // Declared before the guard and hence dropped after it.
        let mut closed = Vec::new();
        let mut shard = self.0.shard(&key.origin).lock();
        while let Some(idle) = shard.pop_newest(key) {
            if self.0.is_usable(&idle, now) {
                return Claim::Granted(Place::Idle(idle.connection));
            }
            closed.push(idle);
        }
        let host = shard.host(&key.origin);
        if host.open < self.0.limits.per_host.max(1) {
            host.open += 1;
            return Claim::Granted(Place::Vacant(self.0.slot(&key.origin)));
        }
        let turn = host.queue(key.partition);
        // Closing it passes its slot to whoever is first in line.
        closed.extend(shard.pop_oldest_to(&key.origin));
        Claim::Queued(turn)
    }

    /// Takes back a connection whose last exchange ended cleanly: for the first in line if it is of the same
    /// partition, and to keep if nobody is in line.
    pub(crate) fn put(&self, key: &Key, connection: Box<Connection>, now: Instant) {
        drop(self.0.put(key, connection, now));
    }

    /// Closes what has been idle for too long, everywhere.
    pub(crate) fn sweep(&self, now: Instant) {
        for shard in &self.0.shards {
            let mut closed = Vec::new();
            shard.lock().sweep(&self.0.limits, now, &mut closed);
        }
    }
}

impl Shared {
    /// For a connection that the caller has counted.
    fn slot(self: &Arc<Self>, origin: &Arc<Origin>) -> Slot {
        Slot::new(Arc::downgrade(self), Arc::clone(origin))
    }

    fn is_usable(&self, idle: &Idle, now: Instant) -> bool {
        now.duration_since(idle.since) < self.limits.idle_for
            && now.duration_since(idle.connection.opened) < self.limits.max_age
    }

    /// Returns what was not kept, to be closed.
    fn put(&self, key: &Key, connection: Box<Connection>, now: Instant) -> Option<Place> {
        let mut closed = Vec::new();
        let mut shard = self.shard(&key.origin).lock();
        if now.duration_since(shard.swept) >= self.limits.idle_for {
            shard.sweep(&self.limits, now, &mut closed);
        }
        let host = shard.host(&key.origin);
        match host.first_in_line() {
            Some(partition) if partition == key.partition => {
                host.call_first()?.send(Place::Idle(connection)).err()
            }
            // Closing it passes its slot on.
            Some(_) => Some(Place::Idle(connection)),
            None => {
                shard.push(key, connection, now);
                shard.pop_beyond(key, &self.limits).map(|idle| Place::Idle(idle.connection))
            }
        }
    }

    /// Gives a slot that became free to the first in line. Returns it if that one left in this very moment: dropping
    /// it then makes it free again.
    fn release(self: &Arc<Self>, origin: &Arc<Origin>) -> Option<Place> {
        let mut shard = self.shard(origin).lock();
        let host = shard.host(origin);
        if host.first_in_line().is_some()
            && let Some(turn) = host.call_first()
        {
            return turn.send(Place::Vacant(self.slot(origin))).err();
        }
        host.open -= 1;
        if host.open == 0 {
            shard.forget(origin);
        }
        None
    }

    fn shard(&self, origin: &Origin) -> &Mutex<Shard> {
        &self.shards[(origin.fingerprint() >> 60) as usize % SHARDS]
    }
}
