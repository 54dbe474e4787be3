//! Signatures as providers make them.

use ring::hmac;

/// HMAC-SHA256 in hexadecimal digits.
pub(crate) fn hmac_hex(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    hmac::sign(&key, text.as_bytes())
        .as_ref()
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
