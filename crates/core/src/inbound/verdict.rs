//! What a check says.

use super::ceiling;
use super::fetched::KeyRequest;
use crate::time::Timestamp;

/// A check that is done, or one that needs a key first.
#[derive(Debug)]
pub enum Check {
    /// The verdict.
    Done(Verdict),
    /// Fetch this and check again.
    NeedsKey(KeyRequest),
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A signature covers the body: it came from the provider and nobody changed it.
    Verified(Proof),
    /// The sender knows a shared token; the body is not protected by it.
    Authenticated(Proof),
    /// Not what it says it is, and why.
    Failed(Reason),
    /// Nothing to check it with: the source has no secret, or its preset does not sign.
    Unverified,
}

/// What a request was accepted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// The secret that matched, counted from 0 in the list that the verifier was made with; `None` where the key was
    /// the provider's own.
    pub secret: Option<usize>,
    /// When the provider signed, where it says so.
    pub timestamp: Option<Timestamp>,
}

impl Verdict {
    /// A stable word: `verified`, `authenticated`, `failed` or `unverified`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verified(_) => "verified",
            Self::Authenticated(_) => "authenticated",
            Self::Failed(_) => "failed",
            Self::Unverified => "unverified",
        }
    }

    /// Whether someone proved something: verified or authenticated.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Verified(_) | Self::Authenticated(_))
    }
}

/// Why a request failed. `Display` is a sentence that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the names of the fields and the sentences say what they are")]
pub enum Reason {
    /// Nothing where the signature, the timestamp or something signed must stand.
    #[error("the request has no {place}")]
    Missing { place: String },
    /// More than one value where only one has a meaning.
    #[error("the {place} came more than once, and which one counts is a guess")]
    Doubled { place: String },
    /// Something that cannot be what it should be.
    #[error("the {place} {what}")]
    Malformed { place: String, what: &'static str },
    /// A body that must be a form is none.
    #[error("the provider signs the fields of a form, and this body is not a form")]
    NotAForm,
    /// No variant of the provider's scheme fits the request.
    #[error("the request has none of the forms that this provider signs")]
    NotApplicable,
    /// Signed too long ago.
    #[error(
        "the request was signed {seconds} s ago, and at most {tolerance} s are allowed: it is a replay, it waited too \
         long, or a clock is wrong"
    )]
    TooOld { seconds: u64, tolerance: u64 },
    /// Signed in the future.
    #[error(
        "the request was signed {seconds} s in the future, and at most {tolerance} s are allowed: a clock is wrong"
    )]
    InFuture { seconds: u64, tolerance: u64 },
    /// Well-formed, and of none of the secrets.
    #[error("no secret matched ({secrets} tried): is it this endpoint's secret, and is the body unchanged?")]
    NoMatch { secrets: usize },
    /// All secrets are past their end.
    #[error("every secret of this source has expired")]
    Expired,
    /// The signature fits the body in another form.
    #[error(
        "the body was re-serialised on its way: the signature matches {form}; forward the bytes as they came"
    )]
    Reserialised { form: &'static str },
    /// The signature fits another URL.
    #[error(
        "the signature matches another URL, {url}: set the source's public URL to what the provider was told"
    )]
    UrlMismatch { url: String },
    /// A hash of the body, which the signature covers, is not that of this body.
    #[error("the {place} is not the hash of this body, so the body was changed")]
    BodyHash { place: String },
    /// A token, password or client state that is none of the secrets.
    #[error("the {place} is none of this source's secrets")]
    WrongToken { place: String },
    /// A batch without items, of which none can be verified.
    #[error("the batch is empty, so nothing in it is signed")]
    EmptyBatch,
    /// One item of a batch failed.
    #[error("item {index} of the batch: {reason}")]
    Item { index: usize, reason: Box<Reason> },
    /// A signature over something that is an answer to a handshake, which anyone can have us sign.
    #[error("what is signed could be the answer to a handshake, which proves nothing")]
    HandshakeAnswer,
    /// The key's address is not the provider's.
    #[error("the key's address {url} is not on the provider's host")]
    KeyAddress { url: String },
    /// The key could not be fetched.
    #[error("the provider's key could not be fetched from {url}: {why}")]
    KeyFetch { url: String, why: String },
    /// What was fetched is no key.
    #[error("what was fetched from {url} {why}")]
    KeyUnusable { url: String, why: &'static str },
    /// The provider's keys lack the one that signed.
    #[error("the provider's keys have none with the id {kid}; it may be new, or not the provider's")]
    UnknownKey { kid: String },
    /// A token that is signed in another way than the provider does.
    #[error("the token is signed with {algorithm}, and this provider signs with {expected}")]
    Algorithm { algorithm: String, expected: &'static str },
    /// A claim of a token is not what it must be.
    #[error("the token's claim `{claim}` {what}")]
    Claim { claim: String, what: &'static str },
    /// An address that the provider's customers share.
    #[error("the topic {topic} is not one that this source accepts")]
    Topic { topic: String },
}

impl Reason {
    /// A stable word for the kind of reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Doubled { .. } => "doubled",
            Self::Malformed { .. } => "malformed",
            Self::NotAForm => "not_a_form",
            Self::NotApplicable => "not_applicable",
            Self::TooOld { .. } => "too_old",
            Self::InFuture { .. } => "in_future",
            Self::NoMatch { .. } => "no_match",
            Self::Expired => "secrets_expired",
            Self::Reserialised { .. } => "reserialised",
            Self::UrlMismatch { .. } => "url_mismatch",
            Self::BodyHash { .. } => "body_hash",
            Self::WrongToken { .. } => "wrong_token",
            Self::EmptyBatch => "empty_batch",
            Self::Item { .. } => "item",
            Self::HandshakeAnswer => "handshake_answer",
            Self::KeyAddress { .. } => "key_address",
            Self::KeyFetch { .. } => "key_fetch",
            Self::KeyUnusable { .. } => "key_unusable",
            Self::UnknownKey { .. } => "unknown_key",
            Self::Algorithm { .. } => "algorithm",
            Self::Claim { .. } => "claim",
            Self::Topic { .. } => "topic",
        }
    }

    /// How far the check came: of several schemes that failed, the one that came furthest says the most.
    pub(super) const fn progress(&self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::Missing { .. } => 1,
            Self::Doubled { .. } | Self::Malformed { .. } | Self::NotAForm | Self::Expired => 2,
            Self::TooOld { .. } | Self::InFuture { .. } | Self::WrongToken { .. } | Self::EmptyBatch => 3,
            Self::NoMatch { .. } => 4,
            _ => 5,
        }
    }

    /// Whether the request itself is broken, rather than signed by someone else.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        matches!(
            self,
            Self::Malformed { .. }
                | Self::Doubled { .. }
                | Self::NotAForm
                | Self::EmptyBatch
                | Self::NotApplicable
        )
    }
}

/// Text from outside, fit for a sentence: cut, and without control characters.
pub(super) fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(ceiling::SHOWN_BYTES)];
    let text = String::from_utf8_lossy(cut);
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
