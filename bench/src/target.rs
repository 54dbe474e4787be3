//! Where we may listen and connect: loopback, refused otherwise when the address is read, not when it is
//! used.
//!
//! A load generator pointed at a foreign host is an attack, so there is no switch to open this. Names are not
//! looked up: an address literal or `localhost`, nothing else.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use http::Uri;
use tokio::net::{TcpListener, TcpStream};

/// Longest wait for a connection; on loopback a longer one means that nobody accepts.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Why an address or a URL was refused.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not `ADDRESS:PORT`.
    #[error("not an address with a port: {0:?}")]
    Address(String),
    /// Not a URL at all.
    #[error("not a URL: {0:?}")]
    Url(String, #[source] http::uri::InvalidUri),
    /// TLS or another protocol.
    #[error("only http:// is spoken here: {0:?}")]
    Scheme(String),
    /// A name that would need a lookup.
    #[error("the host must be a loopback address or localhost: {0:?}")]
    Name(String),
    /// An address outside 127.0.0.0/8 and `::1`.
    #[error("{0} is not a loopback address; this tool sends load to loopback only")]
    Foreign(IpAddr),
}

/// A socket address proven to be loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loopback(SocketAddr);

impl Loopback {
    /// 127.0.0.1 with a port that the system chooses.
    #[must_use]
    pub fn any_port() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// The address itself.
    #[must_use]
    pub fn addr(self) -> SocketAddr {
        self.0
    }

    /// Listens here.
    pub async fn listen(self) -> io::Result<TcpListener> {
        TcpListener::bind(self.0).await
    }

    /// Connects, with Nagle's algorithm off: requests are written whole.
    #[expect(clippy::disallowed_methods, reason = "the one door out of the benches, open to loopback only")]
    pub async fn connect(self) -> io::Result<TcpStream> {
        let stream = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(self.0))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl TryFrom<SocketAddr> for Loopback {
    type Error = TargetError;

    fn try_from(addr: SocketAddr) -> Result<Self, TargetError> {
        if addr.ip().is_loopback() { Ok(Self(addr)) } else { Err(TargetError::Foreign(addr.ip())) }
    }
}

impl FromStr for Loopback {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let addr: SocketAddr = text.parse().map_err(|_| TargetError::Address(text.to_owned()))?;
        addr.try_into()
    }
}

/// An `http://` URL on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    address: Loopback,
    path: String,
}

impl Target {
    /// A path (with its query) at an address.
    #[must_use]
    pub fn new(address: Loopback, path: impl Into<String>) -> Self {
        Self { address, path: path.into() }
    }

    /// Where to connect.
    #[must_use]
    pub fn address(&self) -> Loopback {
        self.address
    }

    /// The request target: path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let uri: Uri = text.parse().map_err(|source| TargetError::Url(text.to_owned(), source))?;
        if uri.scheme_str() != Some("http") {
            return Err(TargetError::Scheme(text.to_owned()));
        }
        let host = uri.host().unwrap_or_default();
        let ip = match host.trim_start_matches('[').trim_end_matches(']') {
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            literal => literal.parse().map_err(|_| TargetError::Name(host.to_owned()))?,
        };
        let address = Loopback::try_from(SocketAddr::new(ip, uri.port_u16().unwrap_or(80)))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self::new(address, path))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "http://{}{}", self.address.0, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_a_target() {
        let cases = [
            ("http://127.0.0.1:8071/a?b=c", Some("http://127.0.0.1:8071/a?b=c")),
            ("http://localhost", Some("http://127.0.0.1:80/")),
            ("http://[::1]:9/x", Some("http://[::1]:9/x")),
            ("https://127.0.0.1/", None),
            ("http://192.0.2.1/", None),
            ("http://0.0.0.0/", None),
            ("http://example.com/", None),
            ("http://localhost.example.com/", None),
            ("/path", None),
        ];
        for (text, wanted) in cases {
            let read = text.parse::<Target>().ok().map(|target| target.to_string());
            assert_eq!(read.as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn only_loopback_is_listened_on() {
        assert!("127.0.0.1:9099".parse::<Loopback>().is_ok());
        assert!(matches!("0.0.0.0:9099".parse::<Loopback>(), Err(TargetError::Foreign(_))));
        assert!(matches!("9099".parse::<Loopback>(), Err(TargetError::Address(_))));
    }
}
