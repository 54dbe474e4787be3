//! Signatures of deliveries, in the form of Standard Webhooks 1.0.
//!
//! What is signed is `id.timestamp.body`, the body byte for byte as it is sent. Every active key gives one signature:
//! `v1,` and base64 of HMAC-SHA256, or `v1a,` and base64 of Ed25519; a space stands between them.
//!
//! The id must hold no dot, or bytes could move between the three parts under the same signature. Ours never do: see
//! [`MessageId`](crate::id::MessageId).

use base64::Engine as _;
use ring::hmac;
use ring::signature::Ed25519KeyPair;

use crate::secret::{BASE64, Material, SigningKeys, key_pair};
use crate::time::Timestamp;

/// Characters of the longest entry: `v1a,`, base64 of 64 bytes and the space.
const ENTRY_CHARS: usize = 4 + 88 + 1;

/// The keys that are active at one time, prepared so that a message costs nothing but its own bytes.
///
/// Good until [`Signer::valid_until`]; whoever keeps a signer longer makes a new one then.
pub struct Signer {
    keys: Vec<Prepared>,
    valid_until: Option<Timestamp>,
}

enum Prepared {
    Hmac(hmac::Key),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// Prepares the keys that sign at `now`.
    #[must_use]
    pub fn new(keys: &SigningKeys, now: Timestamp) -> Self {
        let prepare = |material: &Material| match material {
            Material::Hmac(bytes) => Prepared::Hmac(hmac::Key::new(hmac::HMAC_SHA256, bytes)),
            Material::Ed25519(seed) => Prepared::Ed25519(key_pair(seed)),
        };
        Self {
            keys: keys.active(now).map(|key| prepare(key.material())).collect(),
            valid_until: keys.old.iter().map(|old| old.expires_at).filter(|end| now < *end).min(),
        }
    }

    /// When the next key stops signing, so that this signer is out of date; `None` if never.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// The signature header's value for one attempt, `timestamp` being the attempt's time in seconds since 1970.
    #[must_use]
    pub fn signature(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        debug_assert!(!id.contains('.'), "an id with a dot makes the signature ambiguous");
        let head = format!("{id}.{timestamp}.");
        let mut header = String::with_capacity(self.keys.len() * ENTRY_CHARS);
        for key in &self.keys {
            if !header.is_empty() {
                header.push(' ');
            }
            match key {
                Prepared::Hmac(key) => {
                    header.push_str("v1,");
                    BASE64.encode_string(hmac_tag(key, &head, body), &mut header);
                }
                Prepared::Ed25519(pair) => {
                    header.push_str("v1a,");
                    // Ed25519 reads its message twice, so it cannot take it in pieces.
                    BASE64.encode_string(pair.sign(&[head.as_bytes(), body].concat()), &mut header);
                }
            }
        }
        header
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("valid_until", &self.valid_until).finish_non_exhaustive()
    }
}

/// HMAC of `head` and `body`, which are never put together: a body may have megabytes.
pub(crate) fn hmac_tag(key: &hmac::Key, head: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(head.as_bytes());
    context.update(body);
    context.sign()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::secret::SigningKey;

    const NOW: Timestamp = Timestamp::from_seconds(1_614_265_330);
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const HMAC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ED25519: &str =
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const V1A: &str =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    fn key(text: &str) -> SigningKey {
        SigningKey::parse(text).unwrap()
    }

    #[test]
    fn signatures_are_the_published_ones() {
        // The example of the Standard Webhooks documentation and its Ed25519 twin, both recomputed with other tools.
        for (secret, signature) in [(HMAC, V1), (ED25519, V1A)] {
            let signer = Signer::new(&SigningKeys::new(key(secret)), NOW);
            assert_eq!(signer.signature(ID, 1_614_265_330, BODY), signature);
            assert_eq!(signer.valid_until(), None);
        }
    }

    #[test]
    fn the_ed25519_half_follows_rfc_8032() {
        // RFC 8032, section 7.1, test 2: one byte, 0x72.
        let seed = "whsk_TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs=";
        let Material::Ed25519(seed) = key(seed).material().clone() else { panic!("not Ed25519") };
        let signature = key_pair(&seed).sign(&[0x72]);
        assert_eq!(
            BASE64.encode(signature),
            "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA=="
        );
    }

    #[test]
    fn every_active_key_signs_until_its_time() {
        let mut keys = SigningKeys::new(key(HMAC));
        keys.rotate(key(ED25519), Duration::from_secs(60), NOW);
        let signer = Signer::new(&keys, NOW);
        assert_eq!(signer.signature(ID, 1_614_265_330, BODY), format!("{V1A} {V1}"));
        let end = signer.valid_until().unwrap();
        assert_eq!(end, NOW.after(Duration::from_secs(60)));
        let later = Signer::new(&keys, end);
        assert_eq!(later.signature(ID, 1_614_265_330, BODY), V1A);
        assert_eq!(later.valid_until(), None);
    }

    #[test]
    fn bodies_need_not_be_text_and_may_be_empty() {
        let signer = Signer::new(&SigningKeys::new(key(HMAC)), NOW);
        let signatures = [&b""[..], &b"\0"[..], &b"\xff\xfe"[..]].map(|body| signer.signature(ID, 1, body));
        assert_ne!(signatures[0], signatures[1]);
        assert_ne!(signatures[1], signatures[2]);
    }
}
