//! Checks webhooks of `PayPal`.
//!
//! The certificate is shared by all merchants: what binds a webhook to this source is its webhook id, which is signed
//! and not sent. It is this preset's secret. The body is covered only by a CRC-32, which is no cryptographic hash:
//! whoever holds one genuine delivery can make another body for it, so documentation asks to fetch the resource before
//! money moves.

use std::time::Duration;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use url::Url;

use super::der::{self, PublicKey};
use super::encoding;
use super::fetched::{Fetched, KeyRequest};
use super::jwt::{Outcome, supplied};
use super::place::View;
use super::secret::Secret;
use super::signature::fresh;
use super::verdict::{Proof, Reason, shown};
use crate::time::Timestamp;

const CACHE: Duration = Duration::from_secs(24 * 3_600);
const HOSTS: [&str; 2] = ["api.paypal.com", "api.sandbox.paypal.com"];
/// The headers that a webhook has, all of them needed.
pub(super) const HEADERS: [&str; 5] = [
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
];

/// The proof that a webhook is signed for one of the webhook ids that `secrets` are.
pub(super) fn check(
    view: &View<'_>,
    secrets: &[(usize, &Secret)],
    tolerance: Duration,
    now: Timestamp,
    fetched: &Fetched,
) -> Result<Outcome, Reason> {
    let header = |name: &str| {
        let value = view.request.header(name)?;
        let value = value.ok_or_else(|| Reason::Missing { place: format!("header `{name}`") })?;
        std::str::from_utf8(value)
            .map_err(|_| Reason::Malformed { place: format!("header `{name}`"), what: "is not text" })
    };
    let id = header("paypal-transmission-id")?;
    let time = header("paypal-transmission-time")?;
    for (name, value) in [("paypal-transmission-id", id), ("paypal-transmission-time", time)] {
        if value.contains('|') {
            let place = format!("header `{name}`");
            return Err(Reason::Malformed { place, what: "holds the separator that follows it" });
        }
    }
    let algorithm = header("paypal-auth-algo")?;
    if algorithm != "SHA256withRSA" {
        let algorithm = shown(algorithm.as_bytes());
        return Err(Reason::Algorithm { algorithm, expected: "SHA256withRSA" });
    }
    let signed_at: Timestamp = time.parse().map_err(|_| Reason::Malformed {
        place: "header `paypal-transmission-time`".to_owned(),
        what: "is not a time",
    })?;
    fresh(Some(signed_at), tolerance, now)?;
    let signature = encoding::base64(header("paypal-transmission-sig")?.as_bytes()).ok_or_else(|| {
        Reason::Malformed { place: "header `paypal-transmission-sig`".to_owned(), what: "is not base64" }
    })?;
    let address = header("paypal-cert-url")?;
    let pinned = pinned(address).ok_or_else(|| Reason::KeyAddress { url: shown(address.as_bytes()) })?;
    let request = KeyRequest::new(pinned.into(), CACHE);
    let Some(pem) = supplied(&request, fetched)? else { return Ok(Outcome::NeedsKey(request)) };
    let key = match der::certified_key(pem, now) {
        Ok(PublicKey::Rsa(key)) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key),
        Ok(_) => return Err(Reason::KeyUnusable { url: request.url, why: "has no RSA key" }),
        Err(why) => return Err(Reason::KeyUnusable { url: request.url, why }),
    };
    let crc = crc32(view.request.body);
    let matches = |secret: &Secret| {
        let message = format!("{id}|{time}|{}|{crc}", secret.expose());
        key.verify(message.as_bytes(), &signature).is_ok()
    };
    match secrets.iter().find(|(_, secret)| matches(secret)) {
        Some((number, _)) => Ok(Outcome::Proof(Proof { secret: Some(*number), timestamp: Some(signed_at) })),
        None => Err(Reason::NoMatch { secrets: secrets.len() }),
    }
}

/// An https address of a certificate on `PayPal`'s own host, without a port or a user.
fn pinned(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty();
    let host = url.host_str().is_some_and(|host| HOSTS.contains(&host));
    let path = url.path().starts_with("/v1/notifications/certs/");
    (plain && url.password().is_none() && host && path).then_some(url)
}

/// CRC-32 as in zip files.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut value = index as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    let step = |crc: u32, byte: &u8| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8);
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_has_its_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn only_paypals_own_certificates_are_fetched() {
        for (url, allowed) in [
            ("https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77", true),
            ("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", true),
            ("http://api.paypal.com/v1/notifications/certs/CERT-1", false),
            ("https://api.paypal.com/v1/notifications/certs/../../evil", false),
            ("https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1", false),
            ("https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1", false),
            ("https://www.paypal.com/v1/notifications/certs/CERT-1", false),
        ] {
            assert_eq!(pinned(url).is_some(), allowed, "{url}");
        }
    }
}
