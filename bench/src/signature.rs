//! `webhook-signature`, scheme `v1`: HMAC-SHA256 over `id.timestamp.body`, in base64. And that of a provider who sends to a
//! source: HMAC-SHA256 over the body, in hexadecimal digits.
//!
//! The freshness of the timestamp is not judged: a bench replays and delays on purpose.

use std::{fmt::Write as _, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

use crate::wire::Message;

/// A shared signing secret.
#[derive(Clone)]
pub struct Secret(hmac::Key);

/// The secret is not `whsec_` and base64.
#[derive(Debug, thiserror::Error)]
#[error("a secret is whsec_ followed by base64")]
pub struct BadSecret;

impl Secret {
    /// The value of the header `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }

    /// Whether a delivery carries a signature that this secret made; one good one among several is enough.
    #[must_use]
    pub fn made(&self, delivery: &Message) -> bool {
        let header = |name| delivery.header(name);
        let (Some(id), Some(timestamp), Some(given)) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
        else {
            return false;
        };
        let mut content = format!("{id}.{timestamp}.").into_bytes();
        content.extend_from_slice(&delivery.body);
        given
            .split(' ')
            .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
            .any(|tag| hmac::verify(&self.0, &content, &tag).is_ok())
    }
}

/// The secret of a provider that signs the body alone.
#[derive(Clone)]
pub struct BodySecret(hmac::Key);

impl BodySecret {
    /// As GitHub uses the text of a secret.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))
    }

    /// The value of `x-hub-signature-256`.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        let mut value = "sha256=".to_owned();
        for byte in hmac::sign(&self.0, body).as_ref() {
            write!(value, "{byte:02x}").expect("a string takes every write");
        }
        value
    }
}

impl FromStr for Secret {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix("whsec_").ok_or(BadSecret)?;
        let key = STANDARD.decode(encoded).map_err(|_| BadSecret)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const BODY: &str = r#"{"test": 2432232314}"#;

    fn delivery(signature: &str) -> Message {
        let head = format!(
            "POST / HTTP/1.1\r\nWebhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n\
             webhook-signature: {signature}\r\n\r\n"
        );
        Message { head: head.into(), body: BODY.into() }
    }

    #[test]
    fn published_vector() {
        let secret: Secret = SECRET.parse().unwrap();
        assert_eq!(secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, BODY.as_bytes()), SIGNATURE);
    }

    #[test]
    fn one_good_signature_is_enough_and_none_is_not() {
        let secret: Secret = SECRET.parse().unwrap();
        assert!(secret.made(&delivery(&format!("v1,AAAA {SIGNATURE}"))));
        assert!(!secret.made(&delivery("v1,AAAA")));
        assert!(!secret.made(&delivery(&SIGNATURE.replace("v1,", "v1a,"))));
        let other: Secret = "whsec_AAAA".parse().unwrap();
        assert!(!other.made(&delivery(SIGNATURE)));
    }

    #[test]
    fn a_provider_signs_as_github_documents() {
        let secret = BodySecret::new("It's a Secret to Everybody");
        assert_eq!(
            secret.sign(b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
