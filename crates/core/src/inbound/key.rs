//! Secrets, decoded as a scheme wants them.

use ring::signature::{
    self, ED25519, Ed25519KeyPair, KeyPair as _, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use ring::{digest, hmac};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::der::{self, PublicKey};
use super::encoding;
use super::secret::Secret;
use crate::secret::{Material, SigningKey, key_pair};

/// A hash function. SHA-1 is here because providers still sign with it; in a MAC it has no known weakness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    pub(super) const fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    const fn rsa_pkcs1(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Sha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        }
    }

    /// `None` for SHA-1, which nobody combines with PSS.
    const fn rsa_pss(self) -> Option<&'static dyn VerificationAlgorithm> {
        match self {
            Self::Sha1 => None,
            Self::Sha256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
            Self::Sha384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
            Self::Sha512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        }
    }
}

/// How bytes are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hmac(Hash),
    /// A plain hash over a message that holds the secret itself.
    Digest(Hash),
    Ed25519,
    /// ECDSA on P-256 with SHA-256; the signature as DER, or as two numbers of 32 bytes.
    EcdsaDer,
    EcdsaFixed,
    RsaPkcs1(Hash),
    RsaPss(Hash),
}

impl Algorithm {
    /// Whether checking one signature costs enough that a request must not bring many.
    pub(super) const fn is_asymmetric(self) -> bool {
        !matches!(self, Self::Hmac(_) | Self::Digest(_))
    }

    /// Its name, for people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hmac(Hash::Sha1) => "HMAC-SHA1",
            Self::Hmac(Hash::Sha256) => "HMAC-SHA256",
            Self::Hmac(Hash::Sha384) => "HMAC-SHA384",
            Self::Hmac(Hash::Sha512) => "HMAC-SHA512",
            Self::Digest(Hash::Sha1) => "SHA-1",
            Self::Digest(Hash::Sha256) => "SHA-256",
            Self::Digest(Hash::Sha384) => "SHA-384",
            Self::Digest(Hash::Sha512) => "SHA-512",
            Self::Ed25519 => "Ed25519",
            Self::EcdsaDer => "ECDSA P-256 as DER",
            Self::EcdsaFixed => "ECDSA P-256",
            Self::RsaPkcs1(Hash::Sha1) => "RSA-SHA1",
            Self::RsaPkcs1(Hash::Sha256) => "RSA-SHA256",
            Self::RsaPkcs1(Hash::Sha384) => "RSA-SHA384",
            Self::RsaPkcs1(Hash::Sha512) => "RSA-SHA512",
            Self::RsaPss(Hash::Sha1) => "RSA-PSS-SHA1",
            Self::RsaPss(Hash::Sha256) => "RSA-PSS-SHA256",
            Self::RsaPss(Hash::Sha384) => "RSA-PSS-SHA384",
            Self::RsaPss(Hash::Sha512) => "RSA-PSS-SHA512",
        }
    }

    /// Bytes of a signature, where it has one length.
    pub(super) fn signature_len(self) -> Option<usize> {
        match self {
            Self::Hmac(hash) | Self::Digest(hash) => Some(hash.digest().output_len()),
            Self::Ed25519 | Self::EcdsaFixed => Some(64),
            Self::EcdsaDer | Self::RsaPkcs1(_) | Self::RsaPss(_) => None,
        }
    }
}

/// How the text of a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyForm {
    /// The bytes of the text as it is: also where it looks like base64.
    Utf8,
    Base64,
    Hex,
    /// Base64 behind `whsec_`, which may be absent or follow a `v1,`.
    Whsec,
    /// The SHA-1 of the text.
    Sha1,
    /// The text after replacing HTML character references.
    Html,
    /// An Ed25519 key of Standard Webhooks: `whpk_`, or `whsk_` where it also signs.
    Whpk,
    /// A public key as PEM, or base64 of its DER.
    Spki,
}

/// A secret that is no key for its scheme. The sentence never repeats the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this preset's secret is {wanted}")]
pub struct InvalidKey {
    wanted: &'static str,
}

/// A decoded secret.
pub(super) enum Key {
    Hmac(hmac::Key),
    Raw(Zeroizing<Vec<u8>>),
    Ed25519 { public: Vec<u8>, pair: Option<Box<Ed25519KeyPair>> },
    Public(Vec<u8>),
}

impl KeyForm {
    /// The key of `secret` for `algorithm`.
    pub(super) fn decode(self, secret: &Secret, algorithm: Algorithm) -> Result<Key, InvalidKey> {
        match algorithm {
            Algorithm::Hmac(hash) => {
                self.bytes(secret.expose()).map(|bytes| Key::Hmac(hmac::Key::new(hash.hmac(), &bytes)))
            }
            Algorithm::Digest(_) => self.bytes(secret.expose()).map(Key::Raw),
            Algorithm::Ed25519 => self.ed25519(secret.expose()),
            Algorithm::EcdsaDer | Algorithm::EcdsaFixed => match der::public_key(secret.expose()) {
                Some(PublicKey::P256(point)) => Ok(Key::Public(point)),
                _ => Err(InvalidKey { wanted: "a public key on the curve P-256, as PEM or base64" }),
            },
            Algorithm::RsaPkcs1(_) | Algorithm::RsaPss(_) => match der::public_key(secret.expose()) {
                Some(PublicKey::Rsa(key)) => Ok(Key::Public(key)),
                _ => Err(InvalidKey { wanted: "an RSA public key, as PEM or base64" }),
            },
        }
    }

    /// Whether a secret is a user's name and a password, as they stand in an address.
    pub(super) fn basic(secret: &Secret) -> Result<(), InvalidKey> {
        let wanted = "a user's name and a password with a colon between them";
        if secret.expose().contains(':') { Ok(()) } else { Err(InvalidKey { wanted }) }
    }

    /// The bytes of a shared secret, never none.
    fn bytes(self, text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidKey> {
        let (bytes, wanted) = match self {
            Self::Base64 => (encoding::base64(text.as_bytes()), "base64"),
            Self::Hex => (encoding::hex(text.as_bytes()), "an even number of hexadecimal digits"),
            Self::Whsec => {
                let bare = text.strip_prefix("v1,").unwrap_or(text);
                let bare = bare.strip_prefix("whsec_").unwrap_or(bare);
                (encoding::base64(bare.as_bytes()), "`whsec_` and base64")
            }
            Self::Sha1 => {
                let hash = digest::digest(Hash::Sha1.digest(), text.as_bytes());
                (Some(hash.as_ref().to_vec()), "text")
            }
            Self::Html => (Some(encoding::html_unescape(text).into_bytes()), "text"),
            Self::Utf8 | Self::Whpk | Self::Spki => (Some(text.as_bytes().to_vec()), "text"),
        };
        bytes.filter(|bytes| !bytes.is_empty()).map(Zeroizing::new).ok_or(InvalidKey { wanted })
    }

    fn ed25519(self, text: &str) -> Result<Key, InvalidKey> {
        if text.starts_with("whsk_") {
            let key = SigningKey::parse(text)
                .map_err(|_| InvalidKey { wanted: "`whsk_` and base64 of a private key" })?;
            if let Material::Ed25519(seed) = key.material() {
                let pair = key_pair(seed);
                let public = pair.public_key().as_ref().to_vec();
                return Ok(Key::Ed25519 { public, pair: Some(Box::new(pair)) });
            }
        }
        let (bytes, wanted) = match self {
            Self::Hex => (encoding::hex(text.as_bytes()), "a public key of 64 hexadecimal digits"),
            Self::Whpk => {
                let bare = text.strip_prefix("whpk_");
                (bare.and_then(|bare| encoding::base64(bare.as_bytes())), "`whpk_` and base64")
            }
            _ => (encoding::base64(text.as_bytes()), "base64 of a public key of 32 bytes"),
        };
        match bytes {
            Some(public) if public.len() == 32 => Ok(Key::Ed25519 { public, pair: None }),
            _ => match der::public_key(text) {
                Some(PublicKey::Ed25519(public)) => Ok(Key::Ed25519 { public, pair: None }),
                _ => Err(InvalidKey { wanted }),
            },
        }
    }
}

impl Key {
    /// What a symmetric algorithm makes of `message`; `None` if the key is of another kind.
    pub(super) fn tag(&self, algorithm: Algorithm, message: &[impl AsRef<[u8]>]) -> Option<Vec<u8>> {
        match (self, algorithm) {
            (Self::Hmac(key), _) => {
                let mut context = hmac::Context::with_key(key);
                for piece in message {
                    context.update(piece.as_ref());
                }
                Some(context.sign().as_ref().to_vec())
            }
            (Self::Raw(_), Algorithm::Digest(hash)) => {
                let mut context = digest::Context::new(hash.digest());
                for piece in message {
                    context.update(piece.as_ref());
                }
                Some(context.finish().as_ref().to_vec())
            }
            _ => None,
        }
    }

    /// Whether one of `signatures` is this key's over `message`.
    pub(super) fn matches(
        &self,
        algorithm: Algorithm,
        message: &[impl AsRef<[u8]>],
        signatures: &[&[u8]],
    ) -> bool {
        if let Some(tag) = self.tag(algorithm, message) {
            // Slices of different length are unequal; their length is no secret.
            return signatures.iter().any(|signature| bool::from(tag.ct_eq(signature)));
        }
        let (algorithm, public): (&dyn VerificationAlgorithm, _) = match (self, algorithm) {
            (Self::Ed25519 { public, .. }, Algorithm::Ed25519) => (&ED25519, public),
            (Self::Public(public), Algorithm::EcdsaDer) => (&signature::ECDSA_P256_SHA256_ASN1, public),
            (Self::Public(public), Algorithm::EcdsaFixed) => (&signature::ECDSA_P256_SHA256_FIXED, public),
            (Self::Public(public), Algorithm::RsaPkcs1(hash)) => (hash.rsa_pkcs1(), public),
            (Self::Public(public), Algorithm::RsaPss(hash)) => match hash.rsa_pss() {
                Some(algorithm) => (algorithm, public),
                None => return false,
            },
            _ => return false,
        };
        let public = UnparsedPublicKey::new(algorithm, public);
        let message = joined(message);
        signatures.iter().any(|signature| public.verify(&message, signature).is_ok())
    }

    /// The key's signature over `message`, or `None` for a key that only verifies.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[impl AsRef<[u8]>]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519 { pair, .. } => Some(pair.as_ref()?.sign(&joined(message)).as_ref().to_vec()),
            _ => self.tag(algorithm, message),
        }
    }

    /// The bytes of a secret that is spliced into what is hashed.
    pub(super) fn raw(&self) -> &[u8] {
        match self {
            Self::Raw(bytes) => bytes,
            _ => &[],
        }
    }
}

/// Whether `signature` is the RSA key's over `message`, the key given by modulus and exponent.
pub(super) fn rsa_matches(n: &[u8], e: &[u8], message: &[u8], signature: &[u8]) -> bool {
    RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
}

/// The pieces in one: asymmetric algorithms read their message twice or whole.
fn joined(message: &[impl AsRef<[u8]>]) -> Vec<u8> {
    message.iter().flat_map(AsRef::as_ref).copied().collect()
}
