//! How much of a request is looked at. What is beyond a ceiling is refused, never cut.

/// Secrets of one source.
pub(super) const SECRETS: usize = 16;
/// Characters of a secret or a setting: a PEM certificate fits.
pub(super) const SECRET_BYTES: usize = 8 * 1024;
/// Signatures of one request; `DocuSign` numbers its headers up to this.
pub(super) const SIGNATURES: usize = 100;
/// Signatures that need an asymmetric operation each.
pub(super) const ASYMMETRIC_SIGNATURES: usize = 8;
/// Messages that are built for one request: one for each timestamp that stands beside a signature.
pub(super) const TIMESTAMPS: usize = 4;
/// Bytes of a header's value, or of a field that is read out of a body.
pub(crate) const VALUE_BYTES: usize = 16 * 1024;
/// Pairs of a form or a query.
pub(crate) const PAIRS: usize = 2_000;
/// Items of a batch.
pub(crate) const ITEMS: usize = 10_000;
/// Items of a batch of which each is verified by itself.
pub(super) const SIGNED_ITEMS: usize = 1_000;
/// Tokens of a request, each of which needs an asymmetric operation.
pub(super) const TOKENS: usize = 100;
/// Bytes of a body that is tried in other forms when its signature does not match.
pub(super) const PROBED_BYTES: usize = 64 * 1024;
/// Digits of a timestamp, milliseconds included: far from overflowing, and enough for thousands of years.
pub(super) const TIMESTAMP_DIGITS: usize = 16;
/// Bytes of text from outside that a reason repeats.
pub(super) const SHOWN_BYTES: usize = 200;
/// Bytes of a key that is fetched.
pub(super) const FETCHED_BYTES: usize = 256 * 1024;
/// Keys of a fetched set that are looked at.
pub(super) const JWKS_KEYS: usize = 100;
