//! Requests as an HTTP Archive 1.2, which browsers' tools and proxies read.
//!
//! The bin is the server of these exchanges, so a request has its whole body and an answer has its status alone. What a
//! bin does not know has the value that the format gives to the unknown, -1.
//!
//! It comes in pieces, since the JSON of a request may be many times the size of its bytes.

use std::iter::once;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::request::{Arrived, Kept};
use super::text;

/// Fields of a query or form that are listed.
const PAIRS: usize = 1_000;

/// The text of the archive in pieces: one for each of `all`, from the last to the first, between a head and an end.
pub fn archive(all: Vec<Arc<Kept>>, origin: String) -> impl Iterator<Item = String> {
    let creator = json!({ "name": "Postrider", "version": env!("CARGO_PKG_VERSION") });
    let head = format!(r#"{{"log":{{"version":"1.2","creator":{creator},"entries":["#);
    let entries = all.into_iter().rev().enumerate();
    let entries = entries.map(move |(index, kept)| {
        let comma = if index == 0 { "" } else { "," };
        format!("{comma}{}", entry(&kept, &origin))
    });
    once(head).chain(entries).chain(once("]}}".to_owned()))
}

fn entry(kept: &Kept, origin: &str) -> Value {
    let millis = kept.arrived.took.as_secs_f64() * 1000.0;
    let status = kept.answered.get(..3).and_then(|status| status.parse::<u16>().ok()).unwrap_or(0);
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    json!({
        "startedDateTime": kept.at.before(kept.arrived.took),
        "time": millis,
        "request": request(kept, origin),
        "response": {
            "status": status,
            "statusText": reason.unwrap_or_default(),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": { "size": -1, "mimeType": "x-unknown" },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "comment": kept.answered,
        },
        "cache": {},
        "timings": { "send": millis, "wait": 0, "receive": 0 },
        "serverIPAddress": "",
    })
}

fn request(kept: &Kept, origin: &str) -> Value {
    let Arrived { method, path, headers, body, body_bytes, .. } = &kept.arrived;
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| pair(name, &String::from_utf8_lossy(value))).collect();
    let query = text::pairs(kept.query().as_bytes(), PAIRS);
    let mut request = json!({
        "method": method,
        "url": format!("{origin}{path}"),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": query.iter().map(|(name, value)| pair(name, value)).collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": body_bytes,
    });
    if !body.is_empty() {
        request["postData"] = post_data(kept);
    }
    request
}

fn post_data(kept: &Kept) -> Value {
    let body = &kept.arrived.body;
    let mut data = json!({ "mimeType": kept.header("content-type").unwrap_or_default() });
    if kept.media_type() == "application/x-www-form-urlencoded" {
        let fields = text::pairs(body, PAIRS);
        data["params"] = fields.iter().map(|(name, value)| pair(name, value)).collect();
    }
    if let Ok(text) = std::str::from_utf8(body) {
        data["text"] = text.into();
    } else {
        // The format has no word for it in a request; tools that know it from answers read this.
        data["text"] = STANDARD.encode(body).into();
        data["_encoding"] = "base64".into();
    }
    if kept.is_cut() {
        data["comment"] = format!("the first {} of {} bytes", body.len(), kept.arrived.body_bytes).into();
    }
    data
}

fn pair(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}
