//! Signing keys: the text forms that clients know, and (in `rotation`) the set that signs while keys are replaced.
//!
//! A [`SigningKey`] is valid by construction and keeps its bytes private: they leave only through
//! [`expose`](SigningKey::expose) and into [`sign`](crate::sign) and [`verify`](crate::verify), never through `Debug`,
//! and they are overwritten when the key is dropped. Sealing at rest is the store's business.
//!
//! Deliberately absent: keys that only verify. Nothing signs with a public key, so none is accepted here.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::{Zeroize as _, Zeroizing};

use crate::rng::Rng;

pub use rotation::{OldKey, SigningKeys};

mod rotation;

const HMAC_PREFIX: &str = "whsec_";
const PRIVATE_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";
const SEED_LEN: usize = 32;
/// Bytes of an HMAC key, both ends included: the range that Standard Webhooks gives.
const HMAC_LEN: std::ops::RangeInclusive<usize> = 24..=64;
const NEW_HMAC_LEN: usize = 32;

/// Standard base64; on the way in, padding may be left out, as other tools do when they write keys.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key that signs deliveries.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Material);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// 24 to 64 bytes; signs as `v1`.
    Hmac(Vec<u8>),
    /// The seed; signs as `v1a`.
    Ed25519([u8; SEED_LEN]),
}

/// Text that is not a signing key. The sentences are for the person who brought the key and never repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// A `whpk_` key.
    #[error("this is a public key; signing needs the private one, which starts with `whsk_`")]
    Public,
    /// Something before the base64 that names no kind of key, or not base64 at all.
    #[error("a signing key is `whsec_` or `whsk_` and base64")]
    Form,
    /// An HMAC key that is too short to be safe or longer than receivers accept.
    #[error("a `whsec_` key has 24 to 64 bytes, which is 32 to 88 characters of base64")]
    HmacLength,
    /// Neither a seed nor a seed and its public key.
    #[error("a `whsk_` key has 32 bytes, or 64 with its public key")]
    Ed25519Length,
    /// The second half of a 64-byte key is not the public key of the first.
    #[error("the public half of this `whsk_` key does not belong to its private half")]
    Mismatch,
}

impl SigningKey {
    /// The key that `text` is: `whsec_` and base64, base64 alone (the same), or `whsk_` and base64 of the 32-byte
    /// Ed25519 seed, which its public key may follow.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        if text.starts_with("whpk") {
            return Err(InvalidSigningKey::Public);
        }
        if let Some(rest) = text.strip_prefix(PRIVATE_PREFIX) {
            return Self::parse_ed25519(&decode(rest)?);
        }
        let mut bytes = decode(text.strip_prefix(HMAC_PREFIX).unwrap_or(text))?;
        if !HMAC_LEN.contains(&bytes.len()) {
            return Err(InvalidSigningKey::HmacLength);
        }
        Ok(Self(Material::Hmac(std::mem::take(&mut *bytes))))
    }

    fn parse_ed25519(bytes: &[u8]) -> Result<Self, InvalidSigningKey> {
        let (seed, public) = bytes.split_first_chunk().ok_or(InvalidSigningKey::Ed25519Length)?;
        match public.len() {
            0 => {}
            32 if key_pair(seed).public_key().as_ref() == public => {}
            32 => return Err(InvalidSigningKey::Mismatch),
            _ => return Err(InvalidSigningKey::Ed25519Length),
        }
        Ok(Self(Material::Ed25519(*seed)))
    }

    /// A new HMAC key of 32 random bytes.
    pub fn generate_hmac(rng: &dyn Rng) -> Self {
        let mut bytes = vec![0; NEW_HMAC_LEN];
        rng.fill(&mut bytes);
        Self(Material::Hmac(bytes))
    }

    /// A new Ed25519 key.
    pub fn generate_ed25519(rng: &dyn Rng) -> Self {
        let mut seed = [0; SEED_LEN];
        rng.fill(&mut seed);
        Self(Material::Ed25519(seed))
    }

    /// The key as text, which [`SigningKey::parse`] reads back: for the store, which seals it, and for the answer
    /// that shows a key to its owner. An Ed25519 key comes with its public key, the form that clients document.
    #[must_use]
    pub fn expose(&self) -> String {
        match &self.0 {
            Material::Hmac(bytes) => text(HMAC_PREFIX, bytes),
            Material::Ed25519(seed) => {
                let mut both = Zeroizing::new([0; 2 * SEED_LEN]);
                both[..SEED_LEN].copy_from_slice(seed);
                both[SEED_LEN..].copy_from_slice(key_pair(seed).public_key().as_ref());
                text(PRIVATE_PREFIX, &*both)
            }
        }
    }

    /// The public key that receivers verify with, or `None` for an HMAC key, which has none.
    #[must_use]
    pub fn public(&self) -> Option<String> {
        match &self.0 {
            Material::Hmac(_) => None,
            Material::Ed25519(seed) => Some(text(PUBLIC_PREFIX, key_pair(seed).public_key().as_ref())),
        }
    }

    pub(crate) const fn material(&self) -> &Material {
        &self.0
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        match &mut self.0 {
            Material::Hmac(bytes) => bytes.zeroize(),
            Material::Ed25519(seed) => seed.zeroize(),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Material::Hmac(_) => "SigningKey(whsec_…)",
            Material::Ed25519(_) => "SigningKey(whsk_…)",
        })
    }
}

pub(crate) fn key_pair(seed: &[u8; SEED_LEN]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed).expect("every 32 bytes are a seed")
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSigningKey> {
    // The longest key has 88 characters; there is no reason to decode more.
    if text.len() > 100 {
        return Err(InvalidSigningKey::Form);
    }
    BASE64.decode(text).map(Zeroizing::new).map_err(|_| InvalidSigningKey::Form)
}

fn text(prefix: &str, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(prefix.len() + bytes.len().div_ceil(3) * 4);
    text.push_str(prefix);
    BASE64.encode_string(bytes, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    const PRIVATE: &str =
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

    fn key(seed: u64) -> SigningKey {
        SigningKey::generate_hmac(&TestRng::seed(seed))
    }

    #[test]
    fn every_form_is_read_and_shown_in_its_own() {
        for (given, shown, public) in [
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA==", None),
            (PRIVATE, PRIVATE, Some(PUBLIC)),
            ("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=", PRIVATE, Some(PUBLIC)),
        ] {
            let key = SigningKey::parse(given).unwrap();
            assert_eq!(key.expose(), shown, "{given}");
            assert_eq!(key.public().as_deref(), public, "{given}");
            assert!(SigningKey::parse(shown).unwrap() == key);
        }
    }

    #[test]
    fn what_is_not_a_signing_key_is_refused_with_its_reason() {
        use InvalidSigningKey::{Ed25519Length, Form, HmacLength, Mismatch, Public};
        let other_public = PRIVATE.replace("VKIDij2HK", "VKIDij2HL");
        for (text, reason) in [
            ("", HmacLength),
            ("whsec_", HmacLength),
            ("whsec_AAAA", HmacLength),
            (&format!("whsec_{}", "A".repeat(92)), HmacLength),
            (&"A".repeat(10_000), Form),
            ("whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Form),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", Form),
            ("whsk1_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Form),
            ("hwsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Form),
            ("whsk_", Ed25519Length),
            ("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Ed25519Length),
            (&other_public, Mismatch),
            (PUBLIC, Public),
        ] {
            assert_eq!(SigningKey::parse(text).unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn new_keys_read_back_and_do_not_show_in_debug() {
        for key in [key(1), SigningKey::generate_ed25519(&TestRng::seed(1))] {
            let text = key.expose();
            assert!(SigningKey::parse(&text).unwrap() == key);
            assert!(!format!("{:?}", SigningKeys::new(key)).contains(&text[6..12]));
        }
    }
}
