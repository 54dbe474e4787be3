//! Bad input: each kind ends in a clear 4xx that says where, changes nothing, and hurts nobody else.

mod crowds;
mod fields;
mod heads;
mod payloads;
mod queries;
mod refused;
mod slow;
mod wire;

/// The status of an answer as it came, and its body, which must be JSON of the usual form if there is one.
fn told(said: &str) -> (&str, Option<serde_json::Value>) {
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or((said, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if body.is_empty() {
        return (status, None);
    }
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {said}"));
    assert!(status.starts_with('2') || body["code"].is_string() && body["detail"].is_string(), "{said}");
    (status, Some(body))
}
