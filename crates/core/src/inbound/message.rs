//! What is signed: bytes of the request, put together as the provider does. Checking and signing both build it here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use ring::digest;

use super::encoding;
use super::place::{InvalidPlace, Place, View};
use super::verdict::Reason;

/// A part of a signed message. Parts follow each other without anything between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Body,
    Timestamp,
    Method,
    /// The configured public URL with the query that came.
    Url,
    /// The same with the scheme's own port written out or, if it is, without it.
    UrlPort,
    /// The same with the escapes decoded that `HubSpot` decodes.
    UrlUnescaped,
    /// The URL's path.
    Path,
    /// The fields of a form: names sorted, each with its sorted values, no value twice, all run together.
    FormSorted,
    /// The secret itself, where it is hashed instead of used as a key.
    Secret,
    BodySha256,
    Literal(String),
    /// A value; one that is absent from JSON counts as empty, one that is absent elsewhere fails.
    Value(Place),
    /// A value in lower case between two texts, or nothing at all if it is absent.
    Optional {
        before: String,
        place: Place,
        lower: bool,
        after: String,
    },
}

impl FromStr for Part {
    type Err = InvalidPlace;

    /// A word, `lit:TEXT`, `opt:BEFORE{PLACE}AFTER` or `opt:BEFORE{lower:PLACE}AFTER`, or a place.
    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let unknown = || InvalidPlace::Unknown(text.to_owned());
        Ok(match text {
            "body" => Self::Body,
            "timestamp" => Self::Timestamp,
            "method" => Self::Method,
            "url" => Self::Url,
            "url_port" => Self::UrlPort,
            "url_unescaped" => Self::UrlUnescaped,
            "path" => Self::Path,
            "form_sorted" => Self::FormSorted,
            "secret" => Self::Secret,
            "body_sha256" => Self::BodySha256,
            _ => {
                if let Some(literal) = text.strip_prefix("lit:") {
                    return Ok(Self::Literal(literal.to_owned()));
                }
                let Some(optional) = text.strip_prefix("opt:") else {
                    return text.parse().map(Self::Value);
                };
                let (before, rest) = optional.split_once('{').ok_or_else(unknown)?;
                let (place, after) = rest.split_once('}').ok_or_else(unknown)?;
                let lower = place.strip_prefix("lower:");
                Self::Optional {
                    before: before.to_owned(),
                    place: lower.unwrap_or(place).parse()?,
                    lower: lower.is_some(),
                    after: after.to_owned(),
                }
            }
        })
    }
}

/// Puts the message together. `timestamp` is its text as it came, `secret` the bytes that a digest hashes.
pub(super) fn build<'a>(
    parts: &'a [Part],
    view: &View<'a>,
    timestamp: &'a [u8],
    secret: &'a [u8],
) -> Result<Vec<Cow<'a, [u8]>>, Reason> {
    let mut message = Vec::with_capacity(parts.len());
    for (number, part) in parts.iter().enumerate() {
        let url = view.request.url;
        message.push(match part {
            Part::Body => Cow::Borrowed(view.request.body),
            Part::Timestamp => Cow::Borrowed(timestamp),
            Part::Method => Cow::Borrowed(view.request.method.as_bytes()),
            Part::Url => Cow::Borrowed(url.as_bytes()),
            Part::UrlPort => Cow::Owned(with_other_port(url).into_bytes()),
            Part::UrlUnescaped => Cow::Owned(unescaped(url)),
            Part::Path => Cow::Borrowed(path(url).as_bytes()),
            Part::FormSorted => Cow::Owned(form_sorted(view)?),
            Part::Secret => Cow::Borrowed(secret),
            Part::BodySha256 => Cow::Owned(body_sha256(view.request.body).into_bytes()),
            Part::Literal(literal) => Cow::Borrowed(literal.as_bytes()),
            Part::Value(place @ Place::Json(_)) => place.one(view)?.unwrap_or_default(),
            Part::Value(place) => {
                let value = place.needed(view)?;
                check_separator(place, &value, parts.get(number + 1))?;
                value
            }
            Part::Optional { before, place, lower, after } => match place.one(view)? {
                Some(value) => {
                    let value = if *lower { value.to_ascii_lowercase() } else { value.into_owned() };
                    Cow::Owned([before.as_bytes(), &value[..], after.as_bytes()].concat())
                }
                None => Cow::Borrowed(&[][..]),
            },
        });
    }
    Ok(message)
}

/// A header that holds the separator behind it would let bytes move between the two parts under one signature.
fn check_separator(place: &Place, value: &[u8], next: Option<&Part>) -> Result<(), Reason> {
    match (place, next) {
        (Place::Header(_), Some(Part::Literal(separator))) if contains(value, separator.as_bytes()) => {
            Err(Reason::Malformed { place: place.to_string(), what: "holds the separator that follows it" })
        }
        _ => Ok(()),
    }
}

fn contains(value: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && value.windows(part.len()).any(|window| window == part)
}

/// The hexadecimal SHA-256 of a body.
pub(super) fn body_sha256(body: &[u8]) -> String {
    encoding::to_hex(digest::digest(&digest::SHA256, body).as_ref())
}

fn form_sorted(view: &View<'_>) -> Result<Vec<u8>, Reason> {
    let pairs = view.request.pairs()?;
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in &pairs {
        sorted.entry(name).or_default().insert(value);
    }
    let mut text = Vec::with_capacity(view.request.body.len());
    for (name, values) in sorted {
        for value in values {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(value.as_bytes());
        }
    }
    Ok(text)
}

/// Where the authority of a URL begins and ends.
fn authority(url: &str) -> Option<(usize, usize)> {
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    Some((start, end))
}

fn path(url: &str) -> &str {
    let Some((_, start)) = authority(url) else { return url };
    let end = url[start..].find(['?', '#']).map_or(url.len(), |at| start + at);
    &url[start..end]
}

/// The URL with its scheme's own port added or removed; as it is, if it has another one.
pub(super) fn with_other_port(url: &str) -> String {
    let Some((start, end)) = authority(url) else { return url.to_owned() };
    let port = if url.starts_with("https") { ":443" } else { ":80" };
    let host = &url[start..end];
    let host_end = host.rfind('@').map_or(0, |at| at + 1);
    if let Some(bare) = host.strip_suffix(port) {
        return format!("{}{bare}{}", &url[..start], &url[end..]);
    }
    let after_brackets = host.rfind(']').map_or(host_end, |at| at + 1);
    if host[after_brackets..].contains(':') {
        return url.to_owned();
    }
    format!("{}{port}{}", &url[..end], &url[end..])
}

/// The characters whose escapes `HubSpot` decodes before signing.
const UNESCAPED: &[u8] = b":/?@!$'()*,;";

fn unescaped(url: &str) -> Vec<u8> {
    let bytes = url.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(encoding::hex);
        match escape.as_deref() {
            Some([byte]) if UNESCAPED.contains(byte) => {
                plain.push(*byte);
                at += 3;
            }
            _ => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_port_is_written_out_or_left_away_without_touching_the_rest() {
        for (url, other) in [
            ("https://a.example/p?q=%2f", "https://a.example:443/p?q=%2f"),
            ("https://a.example:443/p", "https://a.example/p"),
            ("http://a.example?x", "http://a.example:80?x"),
            ("https://a.example:8443/", "https://a.example:8443/"),
            ("https://u:p@a.example/", "https://u:p@a.example:443/"),
            ("https://[::1]/", "https://[::1]:443/"),
            ("https://[::1]:443/", "https://[::1]/"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(with_other_port(url), other);
        }
    }

    #[test]
    fn only_the_listed_escapes_are_decoded() {
        assert_eq!(unescaped("https://a/%3a%2F%40?x=%20%26%zz%2"), b"https://a/:/@?x=%20%26%zz%2");
        assert_eq!(path("https://a.example/b/c?d#e"), "/b/c");
        assert_eq!(path("https://a.example"), "");
    }

    #[test]
    fn parts_are_read() {
        assert_eq!("lit:v0:".parse::<Part>().unwrap(), Part::Literal("v0:".to_owned()));
        assert!(matches!(
            "opt:id:{lower:query:data.id};".parse::<Part>().unwrap(),
            Part::Optional { before, lower: true, after, .. } if before == "id:" && after == ";"
        ));
        for text in ["bod", "opt:x", "opt:{x", "opt:{x}", "lit"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
