//! How many connections each address holds.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// The connections of each address. Cheap to clone.
#[derive(Clone)]
pub(super) struct Peers {
    // Only addresses that hold connections are in it, so it is bounded by the ceiling of all connections.
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
    each: usize,
}

/// A connection's place among those of its address; given back on drop.
pub(super) struct Place(Option<(Peers, IpAddr)>);

impl Peers {
    /// At most `each` connections per address; 0 for no limit.
    pub(super) fn new(each: usize) -> Self {
        Self { held: Arc::default(), each }
    }

    /// A place for a connection from `address`, or `None` when it holds enough already. Loopback, and a socket that
    /// has no address, are not counted.
    pub(super) fn enter(&self, address: Option<IpAddr>) -> Option<Place> {
        let counted = address.map(|address| address.to_canonical()).filter(|address| !address.is_loopback());
        let Some(address) = counted.filter(|_| self.each > 0).map(site) else { return Some(Place(None)) };
        let mut held = self.held.lock();
        let count = held.entry(address).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        drop(held);
        Some(Place(Some((self.clone(), address))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((peers, address)) = &self.0 else { return };
        let mut held = peers.held.lock();
        if let Some(count) = held.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                held.remove(address);
            }
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has all of.
fn site(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(peers: &Peers, address: &str) -> Option<Place> {
        peers.enter(Some(address.parse().unwrap()))
    }

    #[test]
    fn an_address_holds_so_many_and_a_place_comes_back() {
        let peers = Peers::new(2);
        let first = enter(&peers, "192.0.2.1");
        let _second = enter(&peers, "::ffff:192.0.2.1").expect("the second, in another spelling");
        assert!(enter(&peers, "192.0.2.1").is_none());
        assert!(enter(&peers, "192.0.2.2").is_some(), "another address");
        drop(first);
        assert!(enter(&peers, "192.0.2.1").is_some());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let peers = Peers::new(1);
        let held = enter(&peers, "2001:db8::1");
        assert!(enter(&peers, "2001:db8::ffff:1").is_none());
        assert!(enter(&peers, "2001:db8:0:1::1").is_some());
        drop(held);
        assert!(peers.held.lock().is_empty());
    }

    #[test]
    fn loopback_and_no_limit_are_not_counted() {
        let peers = Peers::new(1);
        let held: Vec<_> = (0..3).map(|_| enter(&peers, "127.0.0.1")).collect();
        assert!(held.iter().all(Option::is_some));
        let open = Peers::new(0);
        let held: Vec<_> = (0..3).map(|_| enter(&open, "192.0.2.1")).collect();
        assert!(held.iter().all(Option::is_some) && open.held.lock().is_empty());
    }
}
