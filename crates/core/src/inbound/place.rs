//! Where a value of a request stands.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::ceiling;
use super::json_path::{self, JsonPath};
use super::request::Request;
use super::settings::{Settings, Text};
use super::verdict::Reason;

/// Where a value stands, as presets write it: `header:NAME`, `headers:PREFIX{n}` (numbered from 1), `json:PATH`,
/// `json_other_key:NAME` (the first key of the body that is not NAME), `form:NAME`, `query:NAME`, `const:TEXT`. A
/// header's name may be a setting: `header:$name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Header(Text),
    Numbered(String),
    Json(JsonPath),
    OtherKey(String),
    Form(String),
    Query(String),
    Const(String),
}

/// Text that names no place.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidPlace {
    #[error(
        "`{0}` is no place; write header:NAME, headers:PREFIX{{n}}, json:PATH, json_other_key:NAME, form:NAME, \
         query:NAME or const:TEXT"
    )]
    Unknown(String),
    #[error(transparent)]
    Path(#[from] json_path::InvalidPath),
}

/// A request, seen with what a rule needs beside it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub request: Request<'a>,
    /// The JSON that paths start from: the body, or one item of it.
    pub document: &'a [u8],
    pub settings: &'a Settings,
}

impl<'a> View<'a> {
    pub(super) const fn new(request: &Request<'a>, settings: &'a Settings) -> Self {
        Self { request: *request, document: request.body, settings }
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let unknown = || InvalidPlace::Unknown(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        if rest.is_empty() {
            return Err(unknown());
        }
        let name = || rest.to_owned();
        Ok(match kind {
            "header" => Self::Header(Text::from_str(rest).unwrap_or_else(|never| match never {})),
            "headers" => Self::Numbered(rest.strip_suffix("{n}").ok_or_else(unknown)?.to_owned()),
            "json" => Self::Json(rest.parse()?),
            "json_other_key" => Self::OtherKey(name()),
            "form" => Self::Form(name()),
            "query" => Self::Query(name()),
            "const" => Self::Const(name()),
            _ => return Err(unknown()),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Numbered(prefix) => write!(f, "header `{prefix}1`"),
            Self::Json(path) => write!(f, "body field `{path}`"),
            Self::OtherKey(name) => write!(f, "body field beside `{name}`"),
            Self::Form(name) => write!(f, "form field `{name}`"),
            Self::Query(name) => write!(f, "query parameter `{name}`"),
            Self::Const(text) => write!(f, "constant `{text}`"),
        }
    }
}

impl Place {
    /// All values here. Values of a doubled header stay apart: each is a candidate, and joining them would let an
    /// attacker compose one.
    pub(super) fn all<'a>(&self, view: &View<'a>) -> Result<Vec<Cow<'a, [u8]>>, Reason> {
        let values: Vec<Cow<'a, [u8]>> = match self {
            Self::Header(name) => match name.get(view.settings) {
                Some(name) => view.request.values(name).map(Cow::Borrowed).collect(),
                None => Vec::new(),
            },
            Self::Numbered(prefix) => (1..=ceiling::SIGNATURES)
                .map_while(|number| {
                    let name = format!("{prefix}{number}");
                    let values: Vec<_> = view.request.values(&name).collect();
                    if values.is_empty() { None } else { Some(values) }
                })
                .flatten()
                .map(Cow::Borrowed)
                .collect(),
            Self::Json(path) => {
                let texts = path.all(view.document).into_iter().filter_map(json_path::scalar);
                texts.map(|text| Cow::Owned(text.into_bytes())).collect()
            }
            _ => self.one(view)?.into_iter().collect(),
        };
        if values.iter().any(|value| value.len() > ceiling::VALUE_BYTES) {
            return Err(Reason::Malformed { place: self.to_string(), what: "is too long" });
        }
        Ok(values)
    }

    /// The one value here, or `None`. Two values where one is meant are refused.
    pub(super) fn one<'a>(&self, view: &View<'a>) -> Result<Option<Cow<'a, [u8]>>, Reason> {
        let bytes = |text: Cow<'a, str>| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Ok(match self {
            Self::Header(name) => match name.get(view.settings) {
                Some(name) => view.request.header(name)?.map(Cow::Borrowed),
                None => None,
            },
            Self::Numbered(_) => self.all(view)?.into_iter().next(),
            Self::Json(path) => path.text(view.document).map(|text| Cow::Owned(text.into_bytes())),
            Self::OtherKey(name) => {
                json_path::other_key(view.document, name).map(|key| Cow::Owned(key.into_bytes()))
            }
            Self::Form(name) => view.request.field(name)?.map(bytes),
            Self::Query(name) => view.request.query(name)?.map(bytes),
            Self::Const(text) => Some(Cow::Owned(text.clone().into_bytes())),
        })
    }

    /// The one value here, which must be there.
    pub(super) fn needed<'a>(&self, view: &View<'a>) -> Result<Cow<'a, [u8]>, Reason> {
        self.one(view)?.ok_or_else(|| Reason::Missing { place: self.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_named() {
        for (text, name) in [
            ("header:x-a", "header `x-a`"),
            ("header:$header", "header `$header`"),
            ("headers:x-a-{n}", "header `x-a-1`"),
            ("json:a.b", "body field `a.b`"),
            ("form:a:b", "form field `a:b`"),
            ("query:a", "query parameter `a`"),
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), name);
        }
        for text in ["", "header", "header:", "cookie:a", "headers:x-a", "json:a..b"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_caseless_values_are_bytes_and_doubles_are_refused() {
        let headers: [(&[u8], &[u8]); 4] =
            [(b"X-A", b" \xff "), (b"X-b", b"1"), (b"x-B", b"2"), (b"x-n-1", b"n")];
        let request = Request { method: "POST", url: "https://a/?q=1&q=2", headers: &headers, body: b"" };
        let settings = Settings::default();
        let view = View::new(&request, &settings);
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert_eq!(place("header:x-a").needed(&view).unwrap().as_ref(), b"\xff");
        assert!(matches!(place("header:x-b").one(&view), Err(Reason::Doubled { .. })));
        assert_eq!(place("header:x-b").all(&view).unwrap().len(), 2, "candidates are not joined");
        assert!(matches!(place("query:q").one(&view), Err(Reason::Doubled { .. })));
        assert_eq!(place("headers:x-n-{n}").all(&view).unwrap().len(), 1);
    }
}
