//! The names of values.

use std::fmt;
use std::str::FromStr;

use crate::inbound::json_path::JsonPath;

/// Bytes of a name.
const NAME_BYTES: usize = 256;

/// A value of a request, by the name that people give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// `payload.PATH`: a value of the JSON body, such as `payload.data.items[0].id`; where the body is a form, the field
    /// whose name is the whole path.
    Payload(Path),
    /// `form.NAME`: a field of a form.
    Form(String),
    /// `header.NAME`: a header, its name in any case.
    Header(String),
    /// `query.NAME`: a parameter of the query.
    Query(String),
    /// `method`: the method, in capitals.
    Method,
    /// `remote`: the address that the request came from.
    Remote,
    /// `body`: the body as it came.
    Body,
    /// `headers`: all headers, as a JSON object.
    Headers,
    /// `query`: all parameters of the query, as a JSON object.
    Queries,
}

/// A path in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(pub(super) JsonPath);

/// Text that names no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be payload.PATH, form.NAME, header.NAME, query.NAME, method, remote, body, headers or query, such as \
     payload.data.items[0].id or header.x-event"
)]
pub struct InvalidFact;

impl Fact {
    /// The name inside its kind; empty where the kind is all.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Payload(path) => path.0.as_str(),
            Self::Form(name) | Self::Header(name) | Self::Query(name) => name,
            Self::Method | Self::Remote | Self::Body | Self::Headers | Self::Queries => "",
        }
    }

    /// Whether the body says it: then it is known of every message, received or not.
    #[must_use]
    pub fn is_of_the_body(&self) -> bool {
        matches!(self, Self::Payload(_) | Self::Form(_) | Self::Body)
    }
}

impl FromStr for Fact {
    type Err = InvalidFact;

    fn from_str(text: &str) -> Result<Self, InvalidFact> {
        let (kind, name) = text.split_once('.').map_or((text, None), |(kind, name)| (kind, Some(name)));
        let Some(name) = name else {
            return Ok(match kind {
                "method" => Self::Method,
                "remote" => Self::Remote,
                "body" => Self::Body,
                "headers" => Self::Headers,
                "query" => Self::Queries,
                _ => return Err(InvalidFact),
            });
        };
        if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
            return Err(InvalidFact);
        }
        Ok(match kind {
            "payload" => Self::Payload(Path(name.parse().map_err(|_| InvalidFact)?)),
            "form" => Self::Form(name.to_owned()),
            "header" if http::HeaderName::from_bytes(name.as_bytes()).is_ok() => {
                Self::Header(name.to_ascii_lowercase())
            }
            "query" => Self::Query(name.to_owned()),
            _ => return Err(InvalidFact),
        })
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Method => return f.write_str("method"),
            Self::Remote => return f.write_str("remote"),
            Self::Body => return f.write_str("body"),
            Self::Headers => return f.write_str("headers"),
            Self::Queries => return f.write_str("query"),
            Self::Payload(_) => "payload",
            Self::Form(_) => "form",
            Self::Header(_) => "header",
            Self::Query(_) => "query",
        };
        write!(f, "{kind}.{}", self.name())
    }
}
