//! What is in a bin, as JSON.

use std::iter::once;
use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use postrider_core::time::Timestamp;
use serde::Serialize;

use super::answer_json;
use super::viewer::Viewer;
use crate::context::Context;
use crate::service::bins::{Kept, Overview};

/// Bytes of the bodies of one answer; the newest always is in it.
const SHOWN_BYTES: usize = 1024 * 1024;

#[derive(Serialize)]
struct BinOut<'a> {
    name: &'a str,
    /// Newest first.
    requests: Vec<RequestOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestOut<'a> {
    /// Its number.
    id: String,
    received_at: Timestamp,
    method: &'a str,
    /// Path and query.
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    /// As text; what is not UTF-8 shows replacement characters.
    body: String,
    /// The bytes, where they are no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    /// Bytes of the whole body, as far as it was read.
    body_bytes: usize,
    /// Whether something of the body is missing here.
    cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    /// Milliseconds that the body took.
    took_ms: f64,
    answered: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// The newest requests.
pub(super) fn serve(context: &Context, viewer: &Viewer) -> Response {
    let overview = context.bins.overview(&viewer.name);
    answer_json(StatusCode::OK, text(&viewer.name, &overview))
}

/// All requests, in pieces: one for each, between a head and an end.
pub(super) fn pieces(name: &str, overview: Overview) -> impl Iterator<Item = String> + use<> {
    let head = format!(r#"{{"name":{},"requests":["#, serde_json::Value::from(name));
    let Overview { requests, notes, .. } = overview;
    let requests = requests.into_iter().enumerate().map(move |(index, kept)| {
        let comma = if index == 0 { "" } else { "," };
        let out = out(&kept, notes.get(&kept.number).map(String::as_str));
        format!("{comma}{}", serde_json::to_string(&out).expect("our own types are JSON"))
    });
    once(head).chain(requests).chain(once("]}".to_owned()))
}

/// As many of the newest as have [`SHOWN_BYTES`], and one at least.
fn text(name: &str, overview: &Overview) -> Vec<u8> {
    let mut bytes = 0;
    let fits = |kept: &&Arc<Kept>| {
        let is_newest = bytes == 0;
        bytes += 1 + kept.arrived.body.len();
        is_newest || bytes <= SHOWN_BYTES
    };
    let requests = overview.requests.iter().take_while(fits);
    let requests =
        requests.map(|kept| out(kept, overview.notes.get(&kept.number).map(String::as_str))).collect();
    serde_json::to_vec(&BinOut { name, requests }).expect("our own types are JSON")
}

fn out<'a>(kept: &'a Kept, note: Option<&'a str>) -> RequestOut<'a> {
    let arrived = &kept.arrived;
    let header = |(name, value): &'a (String, bytes::Bytes)| {
        (name.as_str(), String::from_utf8_lossy(value).into_owned())
    };
    RequestOut {
        id: kept.number.to_string(),
        received_at: kept.at,
        method: &arrived.method,
        path: &arrived.path,
        headers: arrived.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&arrived.body).into_owned(),
        body_base64: std::str::from_utf8(&arrived.body).is_err().then(|| STANDARD.encode(&arrived.body)),
        body_bytes: arrived.body_bytes,
        cut: kept.is_cut(),
        remote: arrived.remote.map(|address| address.to_string()),
        took_ms: arrived.took.as_secs_f64() * 1000.0,
        answered: &kept.answered,
        note,
    }
}
