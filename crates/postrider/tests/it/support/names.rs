//! Names that resolve as a test says, and listeners that nobody may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use postrider_egress::{Dns, DnsError, Resolving};

/// A resolver with one answer for all names, which can be changed. Clones share it. An empty answer means that there
/// is no such name.
#[derive(Debug, Clone)]
pub(crate) struct Names(Arc<Mutex<Vec<IpAddr>>>);

impl Names {
    pub(crate) fn of(addresses: impl Into<Vec<IpAddr>>) -> Self {
        Self(Arc::new(Mutex::new(addresses.into())))
    }

    /// From now on names resolve to these.
    pub(crate) fn become_(&self, addresses: impl Into<Vec<IpAddr>>) {
        *self.0.lock().unwrap() = addresses.into();
    }
}

impl Dns for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let addresses = self.0.lock().unwrap().clone();
        Box::pin(async { if addresses.is_empty() { Err(DnsError::NotFound) } else { Ok(addresses) } })
    }
}

/// Listeners that must stay untouched. The kernel completes connections to them without anybody accepting, and keeps
/// them even when the other side is gone, so that a look afterwards sees everything.
pub(crate) struct Tripwire(Vec<TcpListener>);

impl Tripwire {
    /// On the loopback addresses of both families, at one port. Where the machine has no IPv6 there is nothing to
    /// reach either.
    pub(crate) fn on_loopback() -> Self {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, v4.local_addr().unwrap().port())).ok();
        Self::over([v4].into_iter().chain(v6))
    }

    /// On this address.
    pub(crate) fn at(address: IpAddr, port: u16) -> Self {
        Self::over([TcpListener::bind((address, port)).unwrap()])
    }

    fn over(listeners: impl IntoIterator<Item = TcpListener>) -> Self {
        let listeners: Vec<_> = listeners.into_iter().collect();
        for listener in &listeners {
            listener.set_nonblocking(true).unwrap();
        }
        Self(listeners)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0[0].local_addr().unwrap().port()
    }

    /// Who connected, if anybody did.
    pub(crate) fn touched(&self) -> Option<SocketAddr> {
        self.0.iter().find_map(|listener| listener.accept().ok()).map(|(_, peer)| peer)
    }
}
