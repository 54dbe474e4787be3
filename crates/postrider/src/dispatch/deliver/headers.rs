//! The headers of a request, and header lines as they are recorded.

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use postrider_core::delivery::Work;
use postrider_core::environment::SignatureHeaders;
use postrider_core::headers::is_sensitive;
use postrider_core::message::Raw;
use postrider_core::time::Timestamp;

use crate::directory::Destination;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("Postrider/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What is recorded instead of a credential.
const WITHHELD: &[u8] = b"(withheld)";

/// The names of one set of signature headers: id, timestamp, signature.
struct Names([HeaderName; 3]);

const WEBHOOK: Names = Names([
    HeaderName::from_static("webhook-id"),
    HeaderName::from_static("webhook-timestamp"),
    HeaderName::from_static("webhook-signature"),
]);
const SVIX: Names = Names([
    HeaderName::from_static("svix-id"),
    HeaderName::from_static("svix-timestamp"),
    HeaderName::from_static("svix-signature"),
]);

/// What is sent, signed at `now`.
pub(super) fn of_request(work: &Work, destination: &Destination, body: &[u8], now: Timestamp) -> HeaderMap {
    let raw = work.message.payload.as_ref().and_then(|payload| payload.raw.as_ref());
    if let Some(raw) = raw.filter(|raw| raw.as_it_came) {
        return as_it_came(raw, destination);
    }
    let mut headers = HeaderMap::with_capacity(8 + destination.headers.len());
    headers.insert(USER_AGENT, AGENT);
    headers.insert(CONTENT_TYPE, JSON);
    let id = work.message.id.to_string();
    let signature = destination.signer(now).signature(&id, now.as_seconds(), body);
    let id = HeaderValue::try_from(id).expect("an id is base62");
    let signature = HeaderValue::try_from(signature).expect("a signature is base64");
    let sets: &[&Names] = match destination.environment.settings.signature_headers {
        SignatureHeaders::Webhook => &[&WEBHOOK],
        SignatureHeaders::Svix => &[&SVIX],
        SignatureHeaders::Both => &[&WEBHOOK, &SVIX],
    };
    for Names([id_name, timestamp_name, signature_name]) in sets {
        headers.insert(id_name, id.clone());
        headers.insert(timestamp_name, HeaderValue::from(now.as_seconds()));
        headers.insert(signature_name, signature.clone());
    }
    for (name, value) in raw.into_iter().flat_map(|raw| &raw.headers) {
        // Checked when the message was accepted.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    for (name, value) in &destination.headers {
        headers.insert(name, value.clone());
    }
    headers
}

/// What was received, as it was: the provider's signature counts, and not ours. The endpoint's own headers come over it.
fn as_it_came(raw: &Raw, destination: &Destination) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(raw.headers.len() + destination.headers.len());
    for (name, value) in &raw.headers {
        // Each character is a byte of the value that came.
        let value: Vec<u8> = value.chars().filter_map(|char| u8::try_from(u32::from(char)).ok()).collect();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value)) {
            headers.append(name, value);
        }
    }
    for (name, value) in &destination.headers {
        headers.insert(name, value.clone());
    }
    headers
}

/// The lines of `headers`, whole ones up to `max` bytes. What is secret, or may be a credential by its name, is neither
/// kept nor shown.
pub(super) fn lines(headers: &HeaderMap, max: usize, is_secret: impl Fn(&HeaderName) -> bool) -> Bytes {
    let mut lines = BytesMut::with_capacity(headers.len() * 48);
    for (name, value) in headers {
        let withheld = is_sensitive(name.as_str()) || is_secret(name);
        let value = if withheld { WITHHELD } else { value.as_bytes() };
        let length = name.as_str().len() + value.len() + 3;
        if lines.len() + length > max {
            break;
        }
        lines.put_slice(name.as_str().as_bytes());
        lines.put_slice(b": ");
        lines.put_slice(value);
        lines.put_u8(b'\n');
    }
    lines.freeze()
}
