//! Public keys out of their DER wrappings, in the form that verification takes them.

use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::referenced::OwnedToRef as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::encoding;
use crate::time::Timestamp;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key: the point, the 32 bytes, or the DER of modulus and exponent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    Rsa(Vec<u8>),
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The key of a `SubjectPublicKeyInfo`, as DER, base64 of it, or PEM.
pub(super) fn public_key(text: &str) -> Option<PublicKey> {
    let der = encoding::pem(text, "PUBLIC KEY").or_else(|| encoding::base64(text.trim().as_bytes()))?;
    from_info(&SubjectPublicKeyInfoRef::from_der(&der).ok()?)
}

/// The key of the first certificate of a PEM file, if `now` is within the certificate's time. Neither its chain nor
/// its name is judged: whoever asks has fetched it from the provider's own host, over TLS that judged both.
pub(super) fn certified_key(pem: &[u8], now: Timestamp) -> Result<PublicKey, &'static str> {
    let pem = std::str::from_utf8(pem).map_err(|_| "is not a PEM file")?;
    let der = encoding::pem(pem, "CERTIFICATE").ok_or("is not a PEM file")?;
    let certificate = Certificate::from_der(&der).map_err(|_| "is not a certificate")?.tbs_certificate;
    let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    let validity = certificate.validity;
    if seconds < validity.not_before.to_unix_duration().as_secs() {
        return Err("is a certificate that is not valid yet");
    }
    if validity.not_after.to_unix_duration().as_secs() < seconds {
        return Err("is a certificate that has expired");
    }
    from_info(&certificate.subject_public_key_info.owned_to_ref()).ok_or("has a key of an unknown kind")
}

fn from_info(info: &SubjectPublicKeyInfoRef<'_>) -> Option<PublicKey> {
    let key = info.subject_public_key.as_bytes()?.to_vec();
    let algorithm = &info.algorithm;
    if algorithm.oid == RSA {
        Some(PublicKey::Rsa(key))
    } else if algorithm.oid == ED25519 {
        Some(PublicKey::Ed25519(key))
    } else if algorithm.oid == EC && algorithm.parameters_oid().is_ok_and(|curve| curve == P256) {
        Some(PublicKey::P256(key))
    } else {
        None
    }
}
