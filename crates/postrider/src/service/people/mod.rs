//! People: how they sign in, their sessions, and who manages them.
//!
//! In reading order: [`sign_in`] with a password, held back by `attempts` and made slow on purpose in `passwords`;
//! [`oidc`], with an identity provider; [`links`], which work once, for the first admin, for whoever is invited and after a reset; [`sessions`], which all of
//! that ends in; [`account`], what people change of themselves; [`manage`], what admins change of others; `rights`, what
//! a person may do.
//!
//! Invariants:
//! - A session is looked up in the store at every use, so that one which was revoked opens nothing from then on, on any
//!   node.
//! - An answer to somebody who is not signed in does not tell whether a person exists.
//! - An installation with an admin of all environments never loses the last one.

pub mod account;
mod attempts;
pub mod links;
pub mod manage;
pub mod oidc;
mod passwords;
mod rights;
pub mod sessions;
pub mod sign_in;

pub use links::Offer;
pub use rights::{identity, instance};
pub use sessions::{Client, Entered, enter};

use attempts::Attempts;
use oidc::Oidc;
use passwords::Passwords;

use super::access;
use super::fields::InvalidFields;

/// What signing in shares.
#[derive(Default)]
pub struct People {
    passwords: Passwords,
    attempts: Attempts,
    oidc: Option<Oidc>,
}

impl People {
    /// With this identity provider, if there is one.
    #[must_use]
    pub fn new(oidc: Option<Oidc>) -> Self {
        Self { oidc, ..Self::default() }
    }

    /// The identity provider, if there is one.
    #[must_use]
    pub const fn oidc(&self) -> Option<&Oidc> {
        self.oidc.as_ref()
    }
}

/// Too many passwords are being checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people sign in at this moment")]
pub struct Busy;

/// Why people cannot be managed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Somebody has this address.
    #[error("somebody has this e-mail address")]
    Taken,
    /// There are as many people as there may be.
    #[error("there are already {limit} people")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// Nobody would be left who can manage the installation.
    #[error("this is the last admin of all environments: make another one first")]
    LastAdmin,
    /// They are disabled, and cannot have a link.
    #[error("this person is disabled")]
    Disabled,
    /// Too many passwords are being checked.
    #[error(transparent)]
    Busy(#[from] Busy),
}

access::causes!(Error);
