//! From an origin to an open connection: resolve, vet, connect, check the peer, shake hands.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use url::Host;

use crate::{
    Dns, DnsError, Failure, Phase, Policy, connection::Connection, log::Log, pool::Slot, stream::Transport,
    target::Origin, tls,
};

/// Part of the total deadline, and never more than this of it.
const DNS_TIMEOUT: Duration = Duration::from_secs(5);
/// Of a longer answer all is vetted, and this much is tried.
const MAX_ADDRESSES: usize = 16;

pub(crate) struct Dialler {
    pub(crate) dns: Arc<dyn Dns>,
    pub(crate) tls: TlsConnector,
}

impl Dialler {
    /// Opens a connection that this policy permits, in a slot that goes back if that fails.
    pub(crate) async fn dial(
        &self,
        origin: &Origin,
        policy: &Policy,
        slot: Slot,
        log: &mut Log,
    ) -> Result<Box<Connection>, Failure> {
        let (transport, remote) = self.reach(origin, policy, log).await?;
        Connection::open(transport, remote, slot).await.map_err(Failure::from_http)
    }

    /// Opens a stream that this policy permits.
    pub(crate) async fn reach(
        &self,
        origin: &Origin,
        policy: &Policy,
        log: &mut Log,
    ) -> Result<(Transport, SocketAddr), Failure> {
        // The target may have been parsed under another policy.
        policy.admit(origin)?;

        let mut addresses = self.resolve(origin, log).await?;
        policy.vet(origin, &addresses)?;
        addresses.truncate(MAX_ADDRESSES);

        log.enter(Phase::Connect);
        let candidates = interleave(&addresses, origin.port);
        let (stream, remote) = connect(&candidates, log.deadline).await?;
        // The kernel has the last word on where the connection leads.
        policy.vet(origin, &[remote.ip()])?;
        log.remote = Some(remote);

        let transport = if origin.secure {
            log.enter(Phase::Tls);
            Transport::Tls(Box::new(tls::handshake(&self.tls, origin, stream).await?))
        } else {
            Transport::Plain(stream)
        };
        Ok((transport, remote))
    }

    async fn resolve(&self, origin: &Origin, log: &mut Log) -> Result<Vec<IpAddr>, Failure> {
        let name = match &origin.host {
            Host::Ipv4(address) => return Ok(vec![(*address).into()]),
            Host::Ipv6(address) => return Ok(vec![(*address).into()]),
            Host::Domain(name) => name,
        };
        log.enter(Phase::Dns);
        match timeout(DNS_TIMEOUT, self.dns.resolve(name)).await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err(Failure::Dns(DnsError::NotFound)),
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(Failure::Dns(error)),
            Err(_) => Err(Failure::Timeout { phase: Phase::Dns }),
        }
    }
}

/// Tries the addresses in turn. Each gets an even share of the time left, so that one that swallows packets
/// does not starve the next; the last gets all of it.
async fn connect(candidates: &[SocketAddr], deadline: Instant) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut failure = Failure::Timeout { phase: Phase::Connect };
    for (tried, address) in candidates.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / (candidates.len() - tried) as u32;
        match timeout(share, connect_to(*address)).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => failure = Failure::Connect(error),
            Err(_) => {}
        }
    }
    Err(failure)
}

#[expect(clippy::disallowed_methods, reason = "this is the door that the lint points everyone else to")]
async fn connect_to(address: SocketAddr) -> io::Result<(TcpStream, SocketAddr)> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let remote = stream.peer_addr()?;
    Ok((stream, remote))
}

/// Alternates between the families, starting with the resolver's favourite, so that a family that does not work
/// here costs one try and not half of them.
fn interleave(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    let favourite = addresses.first().is_some_and(IpAddr::is_ipv4);
    let mut preferred = addresses.iter().filter(|address| address.is_ipv4() == favourite);
    let mut others = addresses.iter().filter(|address| address.is_ipv4() != favourite);
    let mut ordered = Vec::with_capacity(addresses.len());
    while ordered.len() < addresses.len() {
        ordered
            .extend(preferred.next().into_iter().chain(others.next()).map(|ip| SocketAddr::new(*ip, port)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate() {
        for (resolved, order) in [
            (
                vec!["1.0.0.1", "1.0.0.2", "1::1", "1::2", "1::3"],
                vec!["1.0.0.1:7", "[1::1]:7", "1.0.0.2:7", "[1::2]:7", "[1::3]:7"],
            ),
            (vec!["1::1", "1.0.0.1"], vec!["[1::1]:7", "1.0.0.1:7"]),
            (vec!["1.0.0.1"], vec!["1.0.0.1:7"]),
        ] {
            let resolved: Vec<IpAddr> = resolved.iter().map(|ip| ip.parse().unwrap()).collect();
            let order: Vec<SocketAddr> = order.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(interleave(&resolved, 7), order);
        }
    }
}
