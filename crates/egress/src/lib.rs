//! The only door out: every connection that Postrider opens to a place named by a user goes through here.
//!
//! A [`Target`] is a URL that passed the rules of a [`Policy`]; a [`Client`] sends to it. In reading order:
//!
//! 1. [`Policy`] says which addresses, names, ports and schemes may be reached.
//! 2. [`Target`] turns a raw string into something that may be sent to, or says why not ([`Refused`]).
//! 3. [`Dns`] resolves names; the dialler vets *every* answer and connects to a vetted address literally.
//! 4. A connection is a hyper HTTP/1.1 pair polled by the task that uses it; the pool bounds how many there are and
//!    keeps idle ones.
//! 5. [`Client::send`] does one exchange under one deadline and reports an [`Exchange`].
//!
//! Invariants:
//! - The check is on the address that is dialled, never on a name or on the spelling of an address.
//! - A connection opened for one partition is never used for another. A client has one policy for its life.
//! - A request is written to two connections at most, and to a second one only where the first had been used before
//!   and ended without a byte of an answer.
//! - Whatever the other end does, a call ends at its deadline and holds at most 64 KiB of its answer.
//!
//! Deliberately absent: redirects, proxies (the environment is never read), cookies, decompression, HTTP/2, any other
//! retry, and switching certificate checks off.

mod policy;
mod refused;
mod target;

mod dial;
mod dns;
mod line;
mod stream;
mod tls;

mod connection;
mod pool;

mod builder;
mod client;
mod exchange;
mod failure;
mod log;

pub use builder::Builder;
pub use client::Client;
pub use dns::{Dns, DnsError, Resolving, SystemDns};
pub use exchange::{Answer, Exchange, Request, Timings};
pub use failure::{Breach, Failure, Phase};
pub use line::Line;
pub use policy::{InvalidNat64, NAT64_WELL_KNOWN, Policy, Settings};
pub use pool::Limits;
pub use refused::Refused;
pub use rustls::RootCertStore;
pub use target::Target;
pub use tls::{TlsProblem, system_roots};
