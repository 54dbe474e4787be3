//! Turns "no match" into an answer: tries what commonly happens to a body or a URL on the way, and says which it was.
//!
//! It runs only after a check has failed, over small bodies and few secrets, and never lets a request pass.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::IgnoredAny;

use super::ceiling;
use super::message::{self, Part};
use super::place::View;
use super::scheme::Signature;
use super::signature::Numbered;
use super::verdict::{Reason, shown};

/// Secrets that are tried.
const KEYS: usize = 4;

/// A reason that says more than that nothing matches, if one of the common accidents explains it.
pub(super) fn explain(signature: &Signature, view: &View<'_>, keys: &[Numbered<'_>]) -> Option<Reason> {
    let keys = &keys[..keys.len().min(KEYS)];
    let signs = |wanted: &[Part]| signature.message.iter().any(|part| wanted.contains(part));
    if signs(&[Part::Url, Part::UrlPort, Part::UrlUnescaped]) {
        for url in urls(view) {
            let mut other = *view;
            other.request.url = &url;
            if signature.would_match(&other, keys) {
                return Some(Reason::UrlMismatch { url: shown(url.as_bytes()) });
            }
        }
    }
    if signs(&[Part::Body, Part::BodySha256]) && view.request.body.len() <= ceiling::PROBED_BYTES {
        for (form, body) in bodies(view.request.body) {
            let mut other = *view;
            other.request.body = &body;
            other.document = &body;
            if *body != *view.request.body && signature.would_match(&other, keys) {
                return Some(Reason::Reserialised { form });
            }
        }
    }
    None
}

/// Other addresses that may lead here: scheme, port, trailing slash, query, and the hosts that the request names.
fn urls(view: &View<'_>) -> Vec<String> {
    let url = view.request.url;
    let (bare, query) = url.split_once('?').map_or((url, ""), |(bare, _)| (bare, &url[bare.len()..]));
    let Some((scheme, rest)) = bare.split_once("://") else { return Vec::new() };
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, _)| (host, &rest[host.len()..]));
    let other_scheme = if scheme == "https" { "http" } else { "https" };
    let other_slash = bare.strip_suffix('/').map_or_else(|| format!("{bare}/"), str::to_owned);
    let mut urls = vec![
        format!("{other_scheme}://{rest}{query}"),
        format!("{other_slash}{query}"),
        message::with_other_port(url),
        bare.to_owned(),
    ];
    for name in ["host", "x-forwarded-host", "x-original-host"] {
        let named = view.request.values(name).next().and_then(|value| std::str::from_utf8(value).ok());
        for other in named.into_iter().filter(|other| *other != host && other.len() <= 253) {
            urls.push(format!("{scheme}://{other}{path}{query}"));
            urls.push(format!("{other_scheme}://{other}{path}{query}"));
        }
    }
    urls
}

/// The body as other programs would have written it.
fn bodies(body: &[u8]) -> Vec<(&'static str, Cow<'_, [u8]>)> {
    let mut bodies: Vec<(&'static str, Cow<'_, [u8]>)> = vec![
        ("the body without the line end behind it", Cow::Borrowed(body.trim_ascii_end())),
        ("the body with a line end behind it", Cow::Owned([body, b"\n"].concat())),
        ("the body with CR LF behind it", Cow::Owned([body, b"\r\n"].concat())),
    ];
    let Ok(text) = std::str::from_utf8(body) else { return bodies };
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return bodies;
    }
    let minified = layout(text, Layout::Minified);
    let spaced = layout(text, Layout::Spaced);
    bodies.extend(
        [
            ("the JSON without blanks", minified.clone()),
            ("the JSON with blanks after commas and colons", spaced.clone()),
            ("the JSON indented by two", layout(text, Layout::Indented(2))),
            ("the JSON indented by four", layout(text, Layout::Indented(4))),
            ("the JSON with escaped slashes", minified.replace("\\/", "/").replace('/', "\\/")),
            ("the JSON with unescaped slashes", minified.replace("\\/", "/")),
            ("the JSON with everything but ASCII escaped", escaped(&spaced)),
            ("the JSON with everything but ASCII escaped, without blanks", escaped(&minified)),
        ]
        .map(|(form, text)| (form, Cow::Owned(text.into_bytes()))),
    );
    bodies
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Minified,
    /// A blank after every comma and colon.
    Spaced,
    /// A line for each value.
    Indented(usize),
}

/// The same JSON with other blanks. Nothing inside strings is touched.
fn layout(json: &str, layout: Layout) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let (mut depth, mut inside, mut escape) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        if let Layout::Indented(by) = layout {
            out.push('\n');
            // Deeper than any program indents; without a ceiling, brackets would cost their square.
            out.extend(std::iter::repeat_n(' ', by * depth.min(64)));
        }
    };
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if inside {
            out.push(character);
            inside = escape || character != '"';
            escape = !escape && character == '\\';
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '"' => {
                inside = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                if layout == Layout::Spaced {
                    out.push(' ');
                }
                line(&mut out, depth);
            }
            ':' => {
                out.push(':');
                if layout != Layout::Minified {
                    out.push(' ');
                }
            }
            _ => out.push(character),
        }
    }
    out
}

/// Every character beyond ASCII as its escape, which is where strings have them.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a string takes every write");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_those_of_other_programs() {
        let json = "{ \"a\" : [1,\n2, {}, [ ] ],\"b\\\"c , : \": \"x y\" }";
        assert_eq!(layout(json, Layout::Minified), r#"{"a":[1,2,{},[]],"b\"c , : ":"x y"}"#);
        assert_eq!(layout(json, Layout::Spaced), r#"{"a": [1, 2, {}, []], "b\"c , : ": "x y"}"#);
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(layout(json, Layout::Indented(2)), serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(escaped("é😀"), "\\u00e9\\ud83d\\ude00");
    }
}
