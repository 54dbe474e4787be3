//! Names to addresses.
//!
//! Implementations only resolve. Which answers may be dialled is the dialler's business, so that it holds for
//! every implementation.

mod system;

use std::{error::Error, net::IpAddr, pin::Pin};

pub use system::SystemDns;

/// What [`Dns::resolve`] returns.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, DnsError>> + Send + 'a>>;

/// A resolver.
pub trait Dns: Send + Sync + 'static {
    /// All addresses of a name, in the order to try them.
    ///
    /// `name` is lower-case ASCII without a trailing dot and is meant absolutely: search domains must not be
    /// applied to it. The caller bounds the time.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// A name did not resolve. The sentences are for the owner of the endpoint; the cause is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// DNS has no such name, or no addresses for it.
    #[error("the host name has no address in DNS: check its spelling and its DNS records")]
    NotFound,
    /// The name servers failed or gave no usable answer.
    #[error("the host name could not be looked up: its name servers did not give a usable answer")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// This machine has no usable resolver configuration.
    #[error("the host name could not be looked up: name resolution is not available at the moment")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
