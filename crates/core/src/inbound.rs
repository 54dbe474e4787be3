//! Requests that other companies' services send us: whether they are genuine, what they are, and what to answer.
//!
//! How a provider signs is data: a [`Preset`] is read from TOML (`presets/`, or an operator's own text) into a checked
//! [`Scheme`]. One engine serves both directions: [`Verifier::check`] judges a received request and
//! [`Verifier::produce`] signs one as the provider would, and both build the signed bytes with the same code. Only what
//! cannot be said as data has code of its own: AWS SNS, `PayPal`, JSON Web Tokens, and the handshakes.
//!
//! What holds everywhere below:
//!
//! - The bytes that came are the bytes that are checked. Nothing is decoded, joined or normalised on the way.
//! - It fails closed: what is missing, doubled, malformed or too large verifies nothing.
//! - Macs, digests and tokens are compared in constant time, after decoding.
//! - The URL that counts is the configured one; `Host` and `X-Forwarded-*` never enter a check.
//! - Every count has a ceiling ([`ceiling`]), because the other end is hostile.
//!
//! In reading order: [`request`] and [`place`] (where values stand), [`secret`], [`settings`] and [`key`]; [`scheme`]
//! and [`preset`] (the data), [`message`] and [`signature`] (the engine), [`token`], [`jwt`], [`sns`] and [`paypal`]
//! (the other kinds), [`verifier`] with its [`verdict`], [`probe`] (which turns "no match" into an answer);
//! [`handshake`], [`produce`], [`extract`], [`detect`], [`describe`]; [`reference`](mod@reference) prints `docs/providers.md`.
//!
//! Deliberately absent: fetching keys (a check says which it needs), a memory against replay within the tolerance (it
//! belongs into the transaction that accepts the event), and choosing a preset by what a request looks like:
//! [`Presets::detect`] is a hint for people, since many providers share their header names.

pub(crate) mod ceiling;
mod request;

pub(crate) mod json_path;
mod place;

mod secret;
mod settings;

mod der;
mod encoding;
mod key;

mod preset;
mod scheme;

mod message;
mod probe;
mod signature;

pub(crate) mod jwt;
mod paypal;
mod sns;
mod token;

mod fetched;
mod verdict;
mod verifier;

mod describe;
mod detect;
mod extract;
mod handshake;
mod produce;
mod reference;

pub use describe::{Description, Step};
pub use detect::Guess;
pub use extract::Item;
pub use fetched::{Fetched, KeyRequest, MAX_FETCHES};
pub use handshake::{Answer, Effect, Reply};
pub use key::InvalidKey;
pub use preset::{Confidence, InvalidPreset, Preset, Presets, Setting};
pub use produce::{CannotSign, Draft};
pub use reference::reference;
pub use request::Request;
pub use scheme::Scheme;
pub use secret::{InvalidSecret, Secret};
pub use settings::Settings;
pub use verdict::{Check, Proof, Reason, Verdict};
pub use verifier::{InvalidVerifier, Verifier};

#[cfg(test)]
mod tests;
