//! How a provider signs, as checked data.
//!
//! A scheme is a list of rules of which one must hold: most providers need one, some sign in several ways (Twilio by
//! the kind of body, Svix under two names of headers). The text form is in [`text`]; what does not fit together is
//! refused there, so that the engine never meets it.

use std::time::Duration;

use serde::Deserialize;

use super::json_path::JsonPath;
use super::key::{Algorithm, KeyForm};
use super::message::Part;
use super::place::{Place, View};
use super::settings::Text;
use super::verdict::Reason;

pub(super) mod text;

/// How a provider signs. Made from TOML, as part of a [`Preset`](super::Preset).
#[derive(Debug, Clone)]
pub struct Scheme {
    /// How far from now the provider's timestamp may be, both ways; zero if it is not enforced.
    pub tolerance: Duration,
    pub(super) rules: Vec<Rule>,
}

/// One way to sign.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub when: Option<Condition>,
    pub kind: Kind,
}

/// Whether a place must have a value, or must not, for a rule to apply. Only what the signature covers, or what decides
/// which signature there is, may decide it.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub place: Place,
    pub present: bool,
}

impl Condition {
    pub(super) fn holds(&self, view: &View<'_>) -> Result<bool, Reason> {
        Ok(self.place.all(view)?.is_empty() != self.present)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Signature(Box<Signature>),
    Token(Token),
    Basic(Token),
    Jwt(Box<Jwt>),
    Sns,
    Paypal,
    /// The provider does not sign.
    None,
}

/// A signature, mac or digest over a message made of parts.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub algorithm: Algorithm,
    pub key: KeyForm,
    /// Every value at every place is a candidate.
    pub from: Vec<Place>,
    pub format: Format,
    pub encoding: Encoding,
    pub message: Vec<Part>,
    pub timestamp: Option<Stamp>,
    /// Where the hexadecimal SHA-256 of the body must stand, for messages that hold this place but not the body.
    pub body_hash: Option<Place>,
    /// The items of a batch of which each has its own signature.
    pub each: Option<JsonPath>,
}

/// How signatures stand in a value.
#[derive(Debug, Clone)]
pub(super) enum Format {
    /// The value is the signature, behind a prefix that must be there.
    Plain { prefix: String },
    /// `key` `separator` `value` entries; other keys than those of signatures and the timestamp are skipped.
    Pairs {
        delimiter: String,
        separator: String,
        keys: Vec<Text>,
        timestamp: Option<String>,
        /// What stands between whole groups of entries, each with a timestamp of its own.
        group: Option<String>,
    },
    /// The timestamp, then signatures.
    Positional { delimiter: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    Hex,
    Base64,
}

/// A timestamp and how it is written. Its text, as it came, is what is signed.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    pub from: StampFrom,
    pub format: StampFormat,
}

#[derive(Debug, Clone)]
pub(super) enum StampFrom {
    /// It stands beside the signature.
    Signature,
    Place(Place),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StampFormat {
    UnixS,
    UnixMs,
    Rfc3339,
    /// Not a time, though it stands where others have one: it is signed, and says nothing about age.
    Nonce,
}

/// A shared token, or a user name and password, that comes with the request.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub from: Vec<Place>,
    /// Required before the token; empty if there is none.
    pub prefix: String,
    /// The items of a batch of which each must bring its own.
    pub each: Option<JsonPath>,
}

/// A JSON Web Token.
#[derive(Debug, Clone)]
pub(super) struct Jwt {
    pub algorithm: JwtAlgorithm,
    pub from: Vec<Place>,
    pub prefix: String,
    pub keys: JwtKeys,
    /// A name, or several with `|` between them of which one must be there, and the value that it must have.
    pub claims: Vec<(String, Text)>,
    /// The claim that holds the hexadecimal SHA-256 of the body.
    pub body_hash: Option<String>,
    /// How old `iat` may be.
    pub max_age: Option<Duration>,
    pub require_exp: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum JwtAlgorithm {
    #[serde(rename = "HS256")]
    Hs256,
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
}

/// Where the keys of tokens come from.
#[derive(Debug, Clone)]
pub(super) enum JwtKeys {
    /// The secret is the key.
    Secret,
    /// A key set at a fixed address.
    Set(String),
    /// Plaid's: one key by its id, asked for with the credentials of the source.
    Plaid,
}

impl Scheme {
    /// Whether a source must have a secret for this scheme to prove anything.
    pub(super) fn needs_secret(&self) -> bool {
        self.rules.iter().any(|rule| match &rule.kind {
            Kind::Jwt(jwt) => !matches!(jwt.keys, JwtKeys::Set(_)),
            Kind::None => false,
            Kind::Signature(_) | Kind::Token(_) | Kind::Basic(_) | Kind::Sns | Kind::Paypal => true,
        })
    }

    /// Whether requests prove nothing whatever the source knows.
    pub(super) fn is_none(&self) -> bool {
        self.rules.iter().all(|rule| matches!(rule.kind, Kind::None))
    }
}
