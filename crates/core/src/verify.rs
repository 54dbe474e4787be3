//! Checks the signature of a webhook in the form of Standard Webhooks 1.0: the other side of [`sign`](crate::sign).
//!
//! Fails closed: whatever is missing, malformed, too long or of an unknown version verifies nothing. Signatures are
//! compared over their whole length and in constant time. A caller that finds one of the three headers twice must
//! refuse the request itself, because a proxy in front may have read the other one.
//!
//! Deliberately absent: protection against replay within the tolerance. That needs a memory of ids, which has to be
//! in the transaction that accepts the event.

use std::time::Duration;

use base64::Engine as _;
use ring::hmac;
use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
use subtle::ConstantTimeEq as _;

use crate::secret::{BASE64, Material, SigningKey, key_pair};
use crate::sign::hmac_tag;
use crate::time::Timestamp;

/// Bytes of an id; ours have 31.
const ID_BYTES: usize = 256;
/// Digits of a timestamp: enough until the year 33658, and far from overflowing.
const TIMESTAMP_DIGITS: usize = 12;
/// Bytes of the signature header: twice what eleven Ed25519 signatures take, which a rotating sender has at most. It
/// bounds the number of signatures that one request can make us check.
const SIGNATURES_BYTES: usize = 2 * 1024;

/// The three headers, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a [u8],
    /// `webhook-timestamp`.
    pub timestamp: &'a [u8],
    /// `webhook-signature`.
    pub signatures: &'a [u8],
}

/// Why a webhook is not what it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The id is empty, has more than 256 bytes, or holds something but letters, digits, `-` and `_`.
    #[error("`webhook-id` is not an id")]
    Id,
    /// The timestamp is not a number of seconds.
    #[error("`webhook-timestamp` is not a number of seconds")]
    Timestamp,
    /// The timestamp is further than the tolerance in the past.
    #[error("`webhook-timestamp` is too far in the past")]
    TooOld,
    /// The timestamp is further than the tolerance in the future.
    #[error("`webhook-timestamp` is too far in the future")]
    TooNew,
    /// The signature header is longer than any rotation makes it.
    #[error("`webhook-signature` is too long")]
    TooManySignatures,
    /// No signature is this key's over this id, timestamp and body.
    #[error("no signature matches")]
    NoMatch,
}

/// Whether `signed` and `body` were signed by `key` within `tolerance` of `now`, ends included. Time counts in whole
/// seconds, as the header does.
pub fn verify(
    key: &SigningKey,
    signed: &Signed<'_>,
    body: &[u8],
    tolerance: Duration,
    now: Timestamp,
) -> Result<(), Refused> {
    let id = id(signed.id).ok_or(Refused::Id)?;
    let timestamp = digits(signed.timestamp).ok_or(Refused::Timestamp)?;
    let seconds: i64 = timestamp.parse().map_err(|_| Refused::Timestamp)?;
    let age = now.as_seconds().saturating_sub(seconds);
    if age.unsigned_abs() > tolerance.as_secs() {
        return Err(if age > 0 { Refused::TooOld } else { Refused::TooNew });
    }
    if signed.signatures.len() > SIGNATURES_BYTES {
        return Err(Refused::TooManySignatures);
    }
    let head = format!("{id}.{timestamp}.");
    let entries = signed.signatures.split(|byte| *byte == b' ');
    let matches = match key.material() {
        Material::Hmac(bytes) => {
            let tag = hmac_tag(&hmac::Key::new(hmac::HMAC_SHA256, bytes), &head, body);
            // Slices of different length are unequal; their length is no secret.
            decoded::<32>(entries, b"v1,").any(|signature| tag.as_ref().ct_eq(&signature).into())
        }
        Material::Ed25519(seed) => {
            let pair = key_pair(seed);
            let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
            let message = [head.as_bytes(), body].concat();
            decoded::<64>(entries, b"v1a,").any(|signature| public.verify(&message, &signature).is_ok())
        }
    };
    if matches { Ok(()) } else { Err(Refused::NoMatch) }
}

/// The signatures of one version that have its exact length; all other entries match nothing.
fn decoded<'a, const N: usize>(
    entries: impl Iterator<Item = &'a [u8]>,
    version: &'static [u8],
) -> impl Iterator<Item = [u8; N]> {
    entries
        .filter_map(move |entry| entry.strip_prefix(version))
        .filter_map(|text| BASE64.decode(text).ok()?.try_into().ok())
}

/// No dot is let through: with one, bytes could move between the id, the timestamp and the body.
fn id(bytes: &[u8]) -> Option<&str> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let valid = (1..=ID_BYTES).contains(&bytes.len()) && bytes.iter().all(allowed);
    if valid { std::str::from_utf8(bytes).ok() } else { None }
}

/// The text of the timestamp, which is what was signed.
fn digits(bytes: &[u8]) -> Option<&str> {
    let valid = (1..=TIMESTAMP_DIGITS).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
    if valid { std::str::from_utf8(bytes).ok() } else { None }
}

#[cfg(test)]
mod tests;
