//! Files that pages refer to. Each is in the program, at a path that has the hash of its bytes, so that browsers may keep
//! it for ever and yet never show an old one.
//!
//! Files of other people are in `vendor/`, as they were published; what pages load of them is put together here, at
//! compile time. All are text: a browser that takes gzip gets it, packed once when the first one asks, so that neither a
//! build step nor a generated file is needed for it.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};

/// A file.
pub(crate) struct Asset {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
    path: LazyLock<String>,
    packed: LazyLock<Bytes>,
}

const STYLESHEET: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// A file of `assets/`, or a text under a name.
macro_rules! asset {
    ($name:literal, $content_type:expr) => {
        asset!($name, $content_type, include_str!(concat!("assets/", $name)))
    };
    ($name:literal, $content_type:expr, $text:expr) => {{
        const TEXT: &str = $text;
        Asset {
            name: $name,
            content_type: $content_type,
            text: TEXT,
            path: LazyLock::new(|| path($name, TEXT)),
            packed: LazyLock::new(|| packed(TEXT)),
        }
    }};
}

/// The looks of all pages.
pub(crate) static STYLE: Asset = asset!("postrider.css", STYLESHEET);
/// The icons of all pages; see [`super::icon`].
pub(crate) static ICONS: Asset = asset!("icons.svg", IMAGE);
/// The small elements that pages of all kinds have.
pub(crate) static ELEMENTS: Asset = asset!("elements.js", SCRIPT);
/// What a bin's page can do beyond showing itself.
pub(crate) static BIN: Asset = asset!("bin.js", SCRIPT);
/// htmx with what it may do, in one file: htmx begins when it likes, and an extension in a file of its own would sometimes
/// come too late for that.
pub(crate) static HTMX: Asset = asset!(
    "ui.js",
    SCRIPT,
    concat!(include_str!("vendor/htmx.org/dist/htmx.min.js"), "\n", include_str!("assets/trust.js"),)
);
/// The looks of the pages for signing in.
pub(crate) static SIGN_IN: Asset = asset!("sign-in.css", STYLESHEET);
/// The looks of the dashboard.
pub(crate) static DASHBOARD: Asset = asset!("dashboard.css", STYLESHEET);
/// What pages of the dashboard can do beyond showing themselves.
pub(crate) static DASHBOARD_SCRIPT: Asset = asset!("dashboard.js", SCRIPT);
/// The looks of the pages that are read.
pub(crate) static DOCS: Asset = asset!("docs.css", STYLESHEET);
/// What pages that are read can do beyond showing themselves.
pub(crate) static DOCS_SCRIPT: Asset = asset!("docs.js", SCRIPT);
/// The looks of the portal, beside those of the dashboard.
pub(crate) static PORTAL: Asset = asset!("portal.css", STYLESHEET);
/// What the portal's pages can do beyond showing themselves.
pub(crate) static PORTAL_SCRIPT: Asset = asset!("portal.js", SCRIPT);
/// What sites load that show the portal inside of their pages.
pub(crate) const EMBED: &str = include_str!("assets/embed.js");
/// uPlot, which draws charts: for pages that have one.
pub(crate) static CHART: Asset =
    asset!("uPlot.iife.min.js", SCRIPT, include_str!("vendor/uplot/dist/uPlot.iife.min.js"));
/// What has it draw our tables.
pub(crate) static CHARTS: Asset = asset!("chart.js", SCRIPT);
/// Its looks.
pub(crate) static CHART_STYLE: Asset =
    asset!("uPlot.min.css", STYLESHEET, include_str!("vendor/uplot/dist/uPlot.min.css"));

static ALL: &[&Asset] = &[
    &STYLE,
    &SIGN_IN,
    &ICONS,
    &BIN,
    &HTMX,
    &DASHBOARD,
    &DASHBOARD_SCRIPT,
    &ELEMENTS,
    &DOCS,
    &DOCS_SCRIPT,
    &CHART,
    &CHARTS,
    &CHART_STYLE,
    &PORTAL,
    &PORTAL_SCRIPT,
];

impl Asset {
    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

fn path(name: &str, text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let first = hash.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
    format!("/assets/{first:016x}/{name}")
}

/// The same in gzip. Writing to memory does not fail; were it to, nothing would be packed.
fn packed(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

/// All files.
pub(crate) fn router() -> Router {
    Router::new().route("/assets/{hash}/{name}", get(serve))
}

async fn serve(Path((hash, name)): Path<(String, String)>, asking: HeaderMap) -> Response {
    let asked = format!("/assets/{hash}/{name}");
    let Some(asset) = ALL.iter().find(|asset| asset.name == name && asset.path() == asked) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_packed = takes_gzip(&asking) && !asset.packed.is_empty();
    let bytes = if is_packed { asset.packed.clone() } else { Bytes::from_static(asset.text.as_bytes()) };
    let mut response = Response::new(Body::from(bytes));
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if is_packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether the client names gzip and does not weigh it with nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        is_gzip && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// The most that a first view may load of scripts and styles, in gzip.
    const FIRST_VIEW_BYTES: usize = 60 * 1024;

    #[test]
    fn names_are_single_and_packing_loses_nothing() {
        for (at, asset) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.name != asset.name), "{}", asset.name);
            let mut text = String::new();
            flate2::read::GzDecoder::new(&asset.packed[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, asset.text, "{}", asset.name);
        }
    }

    #[test]
    fn the_heaviest_first_view_is_light() {
        // A page of the portal with a chart has all that one of the dashboard has, and more.
        let loaded = [
            &STYLE,
            &DASHBOARD,
            &ELEMENTS,
            &DASHBOARD_SCRIPT,
            &HTMX,
            &CHART,
            &CHARTS,
            &CHART_STYLE,
            &PORTAL,
            &PORTAL_SCRIPT,
        ];
        let bytes: usize = loaded.iter().map(|asset| asset.packed.len()).sum();
        assert!(bytes <= FIRST_VIEW_BYTES, "{bytes}");
    }

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        for (value, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("br, GZIP;q=0.5", true),
            ("gzip ; q=0", false),
            ("gzip;q=0.000", false),
            ("x-gzip", false),
            ("*", false),
            ("", false),
        ] {
            let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(value))];
            assert_eq!(takes_gzip(&headers.into_iter().collect()), expected, "{value}");
        }
    }
}
