//! Files that pages refer to. Each is in the program, at a path that has the hash of its bytes, so that browsers may keep
//! it for ever and yet never show an old one.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};

/// A file.
pub(crate) struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    path: LazyLock<String>,
}

macro_rules! asset {
    ($name:literal, $content_type:literal) => {{
        const BYTES: &[u8] = include_bytes!(concat!("assets/", $name));
        Asset {
            name: $name,
            content_type: $content_type,
            bytes: BYTES,
            path: LazyLock::new(|| path($name, BYTES)),
        }
    }};
}

/// The looks of all pages.
pub(crate) static STYLE: Asset = asset!("postrider.css", "text/css; charset=utf-8");
/// What a bin's page can do beyond showing itself.
pub(crate) static BIN: Asset = asset!("bin.js", "text/javascript; charset=utf-8");

static ALL: [&Asset; 2] = [&STYLE, &BIN];

impl Asset {
    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

fn path(name: &str, bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    let first = hash.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
    format!("/assets/{first:016x}/{name}")
}

/// All files.
pub(crate) fn router() -> Router {
    Router::new().route("/assets/{hash}/{name}", get(serve))
}

async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let asked = format!("/assets/{hash}/{name}");
    let Some(asset) = ALL.iter().find(|asset| asset.name == name && asset.path() == asked) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new(Body::from(Bytes::from_static(asset.bytes)));
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
