//! People who sign in to the dashboard.
//!
//! A person has one [`Role`] and may see all environments or some. How they prove who they are (a password, an identity
//! provider) is not in a [`Person`]: only whether they have a password, and which subject of the provider they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{EnvironmentId, PersonId};
use crate::names::Invalid;
use crate::role::Role;
use crate::time::Timestamp;

/// Bytes of an address, as SMTP has it.
const EMAIL_BYTES: usize = 254;
/// Environments that can be listed for one person.
pub const ENVIRONMENTS: usize = 100;
/// People of one installation.
pub const PEOPLE: usize = 1_000;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their address: what they sign in with, no two have the same.
    pub email: Email,
    /// A name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they may do it.
    pub environments: Environments,
    /// Whether they have chosen a password.
    pub has_password: bool,
    /// Who they are to the identity provider, once they came from there.
    pub subject: Option<Subject>,
    /// Since when they cannot sign in because an admin said so.
    pub disabled_at: Option<Timestamp>,
    /// When they were invited, or came from the identity provider.
    pub created_at: Timestamp,
}

impl Person {
    /// What they are called: their name, or their address where they have none.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() { self.email.as_str() } else { &self.name }
    }

    /// Whether they may sign in, if they prove who they are.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Whether they can manage the installation: as admins who see all environments do. An installation that has one of
    /// them never loses the last.
    #[must_use]
    pub fn manages_instance(&self) -> bool {
        self.is_active() && self.role.manages_instance() && self.environments == Environments::All
    }
}

/// Where a person may act. Admins who see all of them also manage the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Environments {
    /// Everywhere, and in what is made later.
    #[default]
    All,
    /// In these, at most [`ENVIRONMENTS`].
    Only(Vec<EnvironmentId>),
}

impl Environments {
    /// Whether `environment` is one of them.
    #[must_use]
    pub fn has(&self, environment: EnvironmentId) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(&environment),
        }
    }
}

/// Who a person is to an identity provider: its issuer, and the name that it never gives to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The provider.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
}

/// An e-mail address, in lower case: nobody tells people apart by case.
///
/// Only the form is checked that every address has. What comes after the last `@` is the domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.len() > EMAIL_BYTES {
            return Err(Invalid::too_long(format!("must have at most {EMAIL_BYTES} bytes")));
        }
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"(),:;[]\\".contains(c);
        let parts = text.rsplit_once('@');
        let is_address = parts.is_some_and(|(local, domain)| {
            !local.is_empty()
                && !local.contains('@')
                && !domain.split('.').any(str::is_empty)
                && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        });
        if is_address && text.chars().all(is_plain) {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(Invalid::pattern("must be an e-mail address such as ada@example.com"))
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_recognised_and_lose_their_case() {
        for (text, expected) in [
            ("ada@example.com", Some("ada@example.com")),
            ("  Ada.L+x@Example.COM ", Some("ada.l+x@example.com")),
            ("ÄDA@example.com", Some("äda@example.com")),
            ("root@localhost", Some("root@localhost")),
            ("ada", None),
            ("@example.com", None),
            ("ada@", None),
            ("ada@example..com", None),
            ("a@b@example.com", None),
            ("ada lovelace@example.com", None),
            ("<ada@example.com>", None),
            ("ada@exämple.com", None),
            ("ada@example.com\n", Some("ada@example.com")),
            ("a\u{0}da@example.com", None),
        ] {
            let email = text.parse::<Email>().ok();
            assert_eq!(email.as_ref().map(Email::as_str), expected, "{text:?}");
        }
        assert!(format!("{}@example.com", "a".repeat(EMAIL_BYTES)).parse::<Email>().is_err());
        assert_eq!("ada@Example.com".parse::<Email>().unwrap().domain(), "example.com");
    }
}
