//! A request as it was received.

use std::borrow::Cow;

use url::form_urlencoded;

use super::ceiling;
use super::verdict::Reason;

/// Decoded names and values, in order.
pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A request as it was received. Nothing here is trusted, decoded or normalised.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The configured public URL of the source with the raw query that came. Never built from `Host` or a
    /// forwarding header: providers sign the URL that they were told, and an attacker chooses those headers.
    pub url: &'a str,
    /// Names and values, in order, with duplicates, in their own case and bytes.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// The body, byte for byte, still compressed if it came compressed.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// All values of a header, in order.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let same = move |header: &&(&[u8], &[u8])| header.0.eq_ignore_ascii_case(name.as_bytes());
        self.headers.iter().filter(same).map(|(_, value)| trim(value))
    }

    /// The one value of a header. Two are refused: a proxy before us may have read the other one.
    pub(super) fn header(&self, name: &str) -> Result<Option<&'a [u8]>, Reason> {
        let mut values = self.values(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Reason::Doubled { place: format!("header `{name}`") });
        }
        match value {
            Some(value) if value.len() > ceiling::VALUE_BYTES => {
                Err(Reason::Malformed { place: format!("header `{name}`"), what: "is too long" })
            }
            value => Ok(value),
        }
    }

    /// What stands behind the first question mark of the URL, without the fragment.
    pub(super) fn raw_query(&self) -> Option<&'a str> {
        let url = self.url.split_once('#').map_or(self.url, |(url, _)| url);
        url.split_once('?').map(|(_, query)| query)
    }

    /// The decoded value of a query parameter; twice the same name is refused.
    pub(super) fn query(&self, name: &str) -> Result<Option<Cow<'a, str>>, Reason> {
        let query = self.raw_query().unwrap_or_default();
        only(form_urlencoded::parse(query.as_bytes()), name, "query parameter")
    }

    /// The decoded value of a form field; twice the same name is refused. `None` too if the body is not a form.
    pub(super) fn field(&self, name: &str) -> Result<Option<Cow<'a, str>>, Reason> {
        if !self.is_form() {
            return Ok(None);
        }
        only(form_urlencoded::parse(self.body), name, "form field")
    }

    /// The decoded pairs of a form, in order.
    pub(super) fn pairs(&self) -> Result<Pairs<'a>, Reason> {
        if !self.is_form() {
            return if self.body.is_empty() { Ok(Vec::new()) } else { Err(Reason::NotAForm) };
        }
        let pairs: Pairs<'a> = form_urlencoded::parse(self.body).take(ceiling::PAIRS + 1).collect();
        if pairs.len() > ceiling::PAIRS {
            return Err(Reason::Malformed { place: "the form".to_owned(), what: "has too many fields" });
        }
        Ok(pairs)
    }

    /// Whether the content type says that the body is a form.
    pub(super) fn is_form(&self) -> bool {
        self.values("content-type").next().is_some_and(|value| {
            let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
            trim(kind).eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        })
    }
}

fn only<'a>(
    pairs: form_urlencoded::Parse<'a>,
    name: &str,
    kind: &str,
) -> Result<Option<Cow<'a, str>>, Reason> {
    let mut found = None;
    for (number, (key, value)) in pairs.enumerate() {
        if number == ceiling::PAIRS {
            return Err(Reason::Malformed { place: format!("{kind} `{name}`"), what: "is among too many" });
        }
        if key == name && found.replace(value).is_some() {
            return Err(Reason::Doubled { place: format!("{kind} `{name}`") });
        }
    }
    Ok(found)
}

/// Blanks around a value are no part of it (RFC 9110, section 5.5).
fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers and bodies hold tokens; whoever logs a request gets its size.
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}
