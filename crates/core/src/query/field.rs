//! The fields: their names, and what a person is told about them.

use std::fmt;
use std::str::FromStr;

use crate::inbound::json_path::JsonPath;

/// What a term is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// One of the fields with a fixed name.
    Named(Name),
    /// `body.PATH`: a value of the JSON payload.
    Body(BodyPath),
    /// `header.NAME`: a header of the last request, by lower-case name.
    Header(String),
    /// No field: text.
    Text,
}

/// The path of a value in a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPath(pub(super) JsonPath);

/// Bytes of a header's name.
const HEADER_BYTES: usize = 128;

/// The fields with fixed names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Where the delivery stands.
    Status,
    /// The HTTP status of the last attempt.
    Code,
    /// What went wrong where no answer came.
    Error,
    /// The event type.
    Type,
    /// The endpoint.
    Endpoint,
    /// The application.
    App,
    /// The source that received the message.
    Source,
    /// The message.
    Message,
    /// The caller's own id of the message.
    EventId,
    /// A channel of the message.
    Channel,
    /// A tag of the message.
    Tag,
    /// Whether the message was made of another by hand, with a change.
    Edited,
    /// Why the last attempt happened.
    Trigger,
    /// How many attempts were made.
    Attempt,
    /// How long the last attempt took.
    Latency,
    /// Accepted at this time or later.
    Since,
    /// Accepted before this time.
    Until,
}

/// How a field is described to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The field.
    pub name: Name,
    /// Its name, without the colon.
    pub text: &'static str,
    /// What it means, in half a sentence.
    pub meaning: &'static str,
    /// Values that are offered, or show what one looks like.
    pub values: &'static [&'static str],
}

const fn describe(
    name: Name,
    text: &'static str,
    meaning: &'static str,
    values: &'static [&'static str],
) -> Description {
    Description { name, text, meaning, values }
}

/// All fields with fixed names, the most wanted first. `body.PATH` and `header.NAME` come on top of them.
pub const FIELDS: [Description; 17] = [
    describe(
        Name::Status,
        "status",
        "where the delivery stands",
        &["failed", "retrying", "pending", "sending", "delivered", "canceled"],
    ),
    describe(
        Name::Code,
        "code",
        "the HTTP status of the last attempt",
        &["5xx", "4xx", "3xx", "2xx", "none", ">=500"],
    ),
    describe(Name::Type, "type", "the event type, such as invoice.*", &[]),
    describe(Name::Endpoint, "endpoint", "the endpoint, by id or uid", &[]),
    describe(Name::Since, "since", "accepted then or later", &["15m", "1h", "24h", "7d"]),
    describe(Name::Until, "until", "accepted before then", &["15m", "1h", "24h", "7d"]),
    describe(Name::App, "app", "the application, by id or uid", &[]),
    describe(
        Name::Error,
        "error",
        "what went wrong where no answer came",
        &["timeout", "connect", "dns", "tls", "blocked", "too_large", "protocol", "exec", "internal", "*"],
    ),
    describe(Name::Attempt, "attempt", "how many attempts were made", &[">1", ">=5"]),
    describe(Name::Latency, "latency", "how long the last attempt took", &[">500ms", ">2s"]),
    describe(Name::Message, "message", "the message, by id or event id", &[]),
    describe(Name::EventId, "event_id", "your own id of the event", &[]),
    describe(Name::Channel, "channel", "a channel of the message", &[]),
    describe(Name::Tag, "tag", "a tag of the message", &[]),
    describe(Name::Trigger, "trigger", "why the last attempt happened", &["manual", "scheduled"]),
    describe(Name::Edited, "edited", "whether somebody changed the message by hand", &["yes", "no"]),
    describe(Name::Source, "source", "the source that received it, by id or uid", &[]),
];

/// Other words for fields.
const ALIASES: [(&str, Name); 6] = [
    ("tenant", Name::App),
    ("application", Name::App),
    ("event_type", Name::Type),
    ("msg", Name::Message),
    ("attempts", Name::Attempt),
    ("before", Name::Until),
];

impl Name {
    /// What people are told about it.
    #[must_use]
    pub fn description(self) -> &'static Description {
        FIELDS.iter().find(|field| field.name == self).expect("a test finds every name among the fields")
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let own = FIELDS.iter().find(|field| field.text.eq_ignore_ascii_case(text)).map(|field| field.name);
        own.or_else(|| {
            ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(text)).map(|(_, name)| *name)
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name.description().text),
            Self::Body(path) => write!(f, "body.{}", path.0),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Text => Ok(()),
        }
    }
}

/// Text that names no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoField;

impl FromStr for Field {
    type Err = NoField;

    fn from_str(text: &str) -> Result<Self, NoField> {
        if let Some(path) = text.strip_prefix("body.") {
            let usable = |path: &JsonPath| !path.as_str().contains([':', '"', ','].as_slice());
            return path.parse().ok().filter(usable).map(|path| Self::Body(BodyPath(path))).ok_or(NoField);
        }
        if let Some(name) = text.strip_prefix("header.") {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_!#$%&'*+.^`|~".contains(&byte);
            let fits = !name.is_empty() && name.len() <= HEADER_BYTES && name.bytes().all(is_token);
            return fits.then(|| Self::Header(name.to_ascii_lowercase())).ok_or(NoField);
        }
        Name::parse(text).map(Self::Named).ok_or(NoField)
    }
}

/// The name that is nearest to a misspelled one, if one is near.
pub(super) fn nearest(wrong: &str) -> Option<&'static str> {
    let all = FIELDS.iter().map(|field| field.text).chain(ALIASES.iter().map(|(alias, _)| *alias));
    nearest_of(wrong, all)
}

/// The one of `all` that is nearest to `wrong`, if it is near: two changes, and fewer than it has letters.
pub(super) fn nearest_of<'a>(wrong: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    if wrong.len() > 32 {
        return None;
    }
    let (distance, near) = all.map(|known| (changes(&wrong, known), known)).min()?;
    (distance <= 2 && distance < wrong.len()).then_some(near)
}

/// How many letters must be changed, added or left out to make one of the other.
fn changes(one: &str, other: &str) -> usize {
    let other = other.as_bytes();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, byte) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(byte != *known);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_every_name_they_have() {
        for field in FIELDS {
            assert_eq!(field.text.parse(), Ok(Field::Named(field.name)));
            assert_eq!(field.name.description().text, field.text);
        }
        for (alias, name) in ALIASES {
            assert_eq!(alias.to_ascii_uppercase().parse(), Ok(Field::Named(name)));
        }
        assert_eq!("header.X-Trace".parse(), Ok(Field::Header("x-trace".into())));
        for bad in ["", "body.", "body", "header.", "header.a b", "body.a..b", "state"] {
            assert_eq!(bad.parse::<Field>(), Err(NoField), "{bad:?}");
        }
    }

    #[test]
    fn what_is_misspelled_is_recognised() {
        for (wrong, near) in [
            ("staus", Some("status")),
            ("Statsu", Some("status")),
            ("tpye", Some("type")),
            ("endpont", Some("endpoint")),
            ("tennant", Some("tenant")),
            ("x", None),
            ("https", None),
            ("weather", None),
        ] {
            assert_eq!(nearest(wrong), near, "{wrong}");
        }
    }
}
