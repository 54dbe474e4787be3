//! A page as an answer, with what browsers may do with it.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};

use super::assets::{Asset, HTMX, STYLE};
use super::theme::Theme;

/// Nothing but what this server has, and no script or style inside of a page. Scripts hand markup to the page only
/// through the policies that `trust.js` and `dashboard.js` make, and code through none.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types postrider dashboard";

/// The same for a page that shows others of this server in frames.
static FRAMES: LazyLock<HeaderValue> = LazyLock::new(|| {
    HeaderValue::try_from(format!("{POLICY}; frame-src 'self'")).unwrap_or(HeaderValue::from_static(POLICY))
});

/// What htmx is told: its looks are in our stylesheet, since it could not bring its own.
const HTMX_SETTINGS: &str = r#"{"includeIndicatorCSS":false,"defaultTimeout":30000}"#;

/// What all pages are answered with.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // A path may hold a token, which other sites must not see. With no referrer at all, browsers would send forms over
    // plain HTTP without their origin.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A whole page.
pub(crate) struct Page {
    status: StatusCode,
    title: String,
    styles: Vec<&'static Asset>,
    scripts: Vec<&'static Asset>,
    theme: Theme,
    is_indexed: bool,
    has_frames: bool,
    body: Markup,
}

impl Page {
    /// A page with this title, the scripts that it needs, and what stands in its body.
    pub(crate) fn new(title: &str, scripts: &[&'static Asset], body: &Markup) -> Self {
        Self {
            status: StatusCode::OK,
            title: title.to_owned(),
            styles: vec![&STYLE],
            scripts: scripts.to_vec(),
            theme: Theme::System,
            is_indexed: false,
            has_frames: false,
            body: body.clone(),
        }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with a further stylesheet.
    pub(crate) fn with_style(mut self, style: &'static Asset) -> Self {
        self.styles.push(style);
        self
    }

    /// The same in the theme that its visitor chose.
    pub(crate) fn with_theme(self, theme: Theme) -> Self {
        Self { theme, ..self }
    }

    /// The same for search engines too, which are kept from all other pages.
    pub(crate) fn indexed(self) -> Self {
        Self { is_indexed: true, ..self }
    }

    /// The same, with pages of this server in frames, which no other page may have.
    pub(crate) fn with_frames(self) -> Self {
        Self { has_frames: true, ..self }
    }

    fn markup(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" data-theme=[self.theme.forced()] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if !self.is_indexed { meta name="robots" content="noindex"; }
                    title { (self.title) " · Postrider" }
                    link rel="icon" href="data:,";
                    @for style in &self.styles { link rel="stylesheet" href=(style.path()); }
                    @if self.scripts.iter().any(|script| std::ptr::eq(*script, &raw const HTMX)) {
                        meta name="htmx-config" content=(HTMX_SETTINGS);
                    }
                    @for script in &self.scripts { script defer src=(script.path()) {} }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (self.body)
                }
            }
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.markup().into_string()));
        *response.status_mut() = self.status;
        for (name, value) in HEADERS {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        if self.has_frames {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, FRAMES.clone());
        }
        response
    }
}

/// Bytes as a file of this name, whatever they are: no browser shows them.
pub(crate) fn download(name: &str, bytes: impl Into<Body>) -> Response {
    let mut response = Response::new(bytes.into());
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// After something was done: the page that shows it.
pub(crate) fn see(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}
