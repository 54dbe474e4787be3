// cargo add base64 ring
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

const TOLERANCE_SECONDS: u64 = 5 * 60;

/// Checks a request by its raw body; `now` is in seconds since 1970.
pub fn verify<'h>(
    secret: &str,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: u64,
) -> Result<(), &'static str> {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
    let [Some(id), Some(timestamp), Some(signatures)] = headers else {
        return Err("the request is not signed");
    };
    let seconds: u64 = timestamp.parse().map_err(|_| "the request is not signed")?;
    if now.abs_diff(seconds) > TOLERANCE_SECONDS {
        return Err("the signature is too old or too new");
    }
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).map_err(|_| "the secret is no base64")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let matches = signatures.split(' ').filter_map(|entry| entry.strip_prefix("v1,")).any(|text| {
        // Compares in constant time.
        STANDARD.decode(text).is_ok_and(|given| hmac::verify(&key, &signed, &given).is_ok())
    });
    if matches { Ok(()) } else { Err("the signature does not match") }
}
