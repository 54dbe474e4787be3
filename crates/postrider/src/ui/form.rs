//! Forms, and whether our own page sent them.
//!
//! A form comes from a page of this server by what the browser says. One that changes something brings a token besides
//! that only its page has: either alone would do against a page elsewhere that makes a visitor's browser send it.

use axum::extract::Request;
use http::{HeaderMap, header};
use postrider_core::session::FormToken;

use super::signed_in::Visitor;
use crate::body;
use crate::context::Context;

/// Bytes of a form. A body of 1 MiB may triple in it.
const BYTES: usize = 4 * 1024 * 1024;
/// Fields. A form may list a thousand event types to choose from.
const FIELDS: usize = 1_200;
/// Where a form carries the token of [`SignedIn::csrf`](super::signed_in::SignedIn::csrf), and where a request of a script.
const CSRF_FIELD: &str = "csrf";
const CSRF_HEADER: &str = "x-csrf-token";

/// What was filled in.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

/// It could not be read, or is not from a page of ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotOurs;

impl Form {
    /// Reads a form that a page of this server sent.
    pub(crate) async fn read(context: &Context, request: Request) -> Result<Self, NotOurs> {
        if !is_from_here(request.headers()) {
            return Err(NotOurs);
        }
        let mut held = context.memory.hold();
        let announced = body::announced(request.headers());
        let bytes =
            body::read(request.into_body(), announced, BYTES, &mut held).await.map_err(|_| NotOurs)?;
        let fields = url::form_urlencoded::parse(&bytes).take(FIELDS);
        Ok(Self(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// Reads a form that a page of this server sent, shown to this person in this session: its field `csrf`, or the header
    /// `X-CSRF-Token`, has their token.
    pub(crate) async fn read_signed(
        signed_in: &impl AsRef<Visitor>,
        context: &Context,
        request: Request,
    ) -> Result<Self, NotOurs> {
        Self::read_with(signed_in.as_ref().form_token(), context, request).await
    }

    /// The same of a session with this token.
    pub(crate) async fn read_with(
        token: &FormToken,
        context: &Context,
        request: Request,
    ) -> Result<Self, NotOurs> {
        let sent =
            request.headers().get(CSRF_HEADER).map(|sent| sent.to_str().unwrap_or_default().to_owned());
        let form = Self::read(context, request).await?;
        let sent = sent.as_deref().unwrap_or_else(|| form.get(CSRF_FIELD));
        if token.matches(sent) { Ok(form) } else { Err(NotOurs) }
    }

    /// What was filled in here.
    #[cfg(test)]
    pub(crate) fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// What a field has; nothing where there is no such field.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.all(name).last().unwrap_or_default()
    }

    /// What all fields of this name have, in their order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All fields with what they have, in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a box is ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// What a field of several lines has, with the line ends of `like`: browsers send others than they were given.
    pub(crate) fn lines(&self, name: &str, like: &[u8]) -> String {
        let text = self.get(name);
        if like.windows(2).any(|pair| pair == b"\r\n") { text.to_owned() } else { text.replace("\r\n", "\n") }
    }
}

/// Whether the browser says that a page of this server sent the request. What says nothing is no browser of today.
pub(crate) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), headers.get(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            own.is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(host.as_bytes()))
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_ours() {
        for (headers, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a:1"), ("host", "a:1")], false),
            (&[("origin", "http://a:1"), ("host", "a:1")], true),
            (&[("origin", "https://A:1"), ("host", "a:1")], true),
            (&[("origin", "http://b"), ("host", "a:1")], false),
            (&[("origin", "null"), ("host", "a:1")], false),
            (&[("origin", "http://a:1")], false),
        ] {
            let pairs = headers.iter().map(|(name, value)| {
                (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
            });
            assert_eq!(is_from_here(&pairs.collect()), expected, "{headers:?}");
        }
    }
}
