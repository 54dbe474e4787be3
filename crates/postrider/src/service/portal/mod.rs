//! Access to the portal: a customer's own view of one application.
//!
//! The operator's server asks for access ([`grant()`]) and gets a token and a link. The token is a key of that application
//! with some rights, for programs; the link has a one-time key in its fragment, which the portal's page exchanges for a
//! token of its own ([`open`]) and then presents with every request ([`session`]). All of these end by themselves, and
//! sooner by [`logout`] and [`expire`].
//!
//! Invariants: no token reaches further than its application, publishes, or gives out access; a one-time key works once.

mod end;
mod grant;
mod sessions;

use postrider_core::limits;
use postrider_core::names::Invalid;

pub use end::{expire, logout};
pub use grant::{Access, Granted, grant};
pub use sessions::{Opened, Session, open, session};

use super::fields::InvalidFields;
use super::{access, apps};

/// The page that links lead to.
pub const PAGE: &str = "/portal";

/// Why access is not given or taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// The application that was to be made could not be.
    #[error(transparent)]
    Application(#[from] apps::Error),
    /// Who logs out did not come with a token of the portal.
    #[error("only a token of the portal ends by logging out: an API key is revoked")]
    NotASession,
}

/// What a session may be called.
fn session_name(name: &str) -> Result<(), Invalid> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@_-".contains(&byte);
    if (1..=limits::PORTAL_SESSION_CHARS).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(Invalid::pattern("must have 1 to 64 characters of A-Z, a-z, 0-9, `@`, `-` and `_`"))
}

access::causes!(Error);
