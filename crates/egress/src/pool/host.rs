//! One host: its connections, and who waits for one.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::oneshot;

use super::{Place, shard::Idle};

#[derive(Default)]
pub(super) struct Host {
    /// Slots given away; an idle connection has one too.
    pub(super) open: usize,
    /// By partition, the oldest first.
    pub(super) idle: BTreeMap<u64, VecDeque<Idle>>,
    line: VecDeque<Waiter>,
}

struct Waiter {
    partition: u64,
    turn: oneshot::Sender<Place>,
}

impl Host {
    /// Stands in line.
    pub(super) fn queue(&mut self, partition: u64) -> oneshot::Receiver<Place> {
        // Those who gave up are cleared away before the line grows, so its length follows that of the living.
        if self.line.len() == self.line.capacity() {
            self.line.retain(|waiter| !waiter.turn.is_closed());
        }
        let (turn, comes) = oneshot::channel();
        self.line.push_back(Waiter { partition, turn });
        comes
    }

    /// The partition of the first in line.
    pub(super) fn first_in_line(&mut self) -> Option<u64> {
        while self.line.front()?.turn.is_closed() {
            self.line.pop_front();
        }
        self.line.front().map(|waiter| waiter.partition)
    }

    /// Takes out of the line who was just seen to be the first, and nobody else, even if that one leaves meanwhile.
    pub(super) fn call_first(&mut self) -> Option<oneshot::Sender<Place>> {
        self.line.pop_front().map(|waiter| waiter.turn)
    }

    /// The partition whose idle connection is the oldest of this host.
    pub(super) fn oldest(&mut self) -> Option<u64> {
        // Emptied lists stay for the next connection of their partition; here they would be looked at in vain.
        self.idle.retain(|_, list| !list.is_empty());
        let serial = |list: &VecDeque<Idle>| list.front().map(|idle| idle.serial);
        self.idle.iter().min_by_key(|(_, list)| serial(list)).map(|(partition, _)| *partition)
    }
}
