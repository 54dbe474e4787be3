//! What a person changes of a request before it is replayed.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use postrider_core::headers;
use postrider_core::limits;
use postrider_core::names::Invalid;
use postrider_core::replay::Sign;

use crate::edit::Assignment;
use crate::service::fields::{Checks, FieldError, InvalidFields};
use crate::service::sources::forward;

/// Changes to a received request, or to a published message.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    /// Headers to set, or to leave out where there is no value, by name.
    pub headers: BTreeMap<String, Option<String>>,
    /// A body in place of the one that came.
    pub body: Option<Bytes>,
    /// Values to set in the body, as JSON, by path.
    pub set: BTreeMap<String, String>,
}

/// [`Edits`] that can be made.
pub(super) struct Checked {
    headers: Vec<(String, Option<String>)>,
    body: Option<Bytes>,
    set: Vec<Assignment>,
}

fn refused(at: &[&str], invalid: Invalid) -> InvalidFields {
    let at = ["edits"].iter().chain(at).map(|&part| part.to_owned()).collect();
    InvalidFields(vec![FieldError { at, invalid }])
}

impl Edits {
    /// Checks what can be checked without the request.
    pub(super) fn check(self, sign: Sign, body_max: usize) -> Result<Checked, InvalidFields> {
        let mut checks = Checks::default();
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            let checked = check_header(&name, value.as_deref(), sign);
            checks.nested("headers", checked.map_err(|invalid| InvalidFields::one(&name, invalid)));
            headers.push((name.to_ascii_lowercase(), value));
        }
        if headers.len() > limits::HEADERS {
            let message = format!("must have at most {} entries", limits::HEADERS);
            checks.check::<()>("headers", Err(Invalid::too_long(message)));
        }
        if self.body.as_ref().is_some_and(|body| body.len() > body_max) {
            checks.check::<()>("body", Err(Invalid::too_long(format!("must have at most {body_max} bytes"))));
        }
        if self.set.len() > limits::REPLAY_VALUES {
            let message = format!("must have at most {} entries", limits::REPLAY_VALUES);
            checks.check::<()>("set", Err(Invalid::too_long(message)));
        }
        let mut set = Vec::with_capacity(self.set.len());
        for (path, value) in &self.set {
            match Assignment::new(path, value) {
                Ok(assignment) => set.push(assignment),
                Err(said) => checks.nested("set", Err(InvalidFields::one(path, Invalid::pattern(said)))),
            }
        }
        checks.finish().map_err(|invalid| invalid.under("edits"))?;
        Ok(Checked { headers, body: self.body, set })
    }
}

/// Whether a header may be set: what belongs to the connection is made anew, and what we sign is ours.
fn check_header(name: &str, value: Option<&str>, sign: Sign) -> Result<(), Invalid> {
    if sign == Sign::Postrider {
        return headers::raw_payload([(name, value.unwrap_or_default())]).map(drop);
    }
    let Ok(known) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(Invalid::pattern("is not the name of a header"));
    };
    if !forward::is_forwarded(known.as_str()) {
        return Err(Invalid::value("belongs to the connection, and is made anew for each"));
    }
    match value.map(HeaderValue::from_str) {
        Some(Err(_)) => Err(Invalid::pattern("has characters that no header may have")),
        _ => Ok(()),
    }
}

impl Checked {
    /// Whether nothing is changed.
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.body.is_none() && self.set.is_empty()
    }

    /// The names of headers that are set.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name.as_str())
    }

    /// Makes the changes to headers as they are received: each byte of a value as the character of its number.
    pub(super) fn apply_to_headers(&self, headers: &mut Vec<(String, String)>) {
        self.apply(headers, as_octets);
    }

    /// Makes the changes to headers that are text.
    pub(super) fn apply_to_text_headers(&self, headers: &mut Vec<(String, String)>) {
        self.apply(headers, str::to_owned);
    }

    fn apply(&self, headers: &mut Vec<(String, String)>, stored: fn(&str) -> String) {
        if self.body.is_some() {
            // It said how the body that came was packed.
            headers.retain(|(name, _)| name != "content-encoding");
        }
        for (name, value) in &self.headers {
            let at = headers.iter().position(|(known, _)| known == name).unwrap_or(headers.len());
            headers.retain(|(known, _)| known != name);
            if let Some(value) = value {
                headers.insert(at.min(headers.len()), (name.clone(), stored(value)));
            }
        }
    }

    /// The body with the changes. `is_form` says how values are found in it.
    pub(super) fn apply_to_body(&self, body: &Bytes, is_form: bool) -> Result<Bytes, InvalidFields> {
        let mut body = self.body.as_ref().unwrap_or(body).clone();
        for assignment in &self.set {
            let spliced = if is_form { assignment.splice_form(&body) } else { assignment.splice(&body) };
            let path = assignment.to_string();
            let refused =
                |error: crate::edit::NoSuchPath| refused(&["set", &path], Invalid::value(error.to_string()));
            body = spliced.map_err(refused)?.into();
        }
        Ok(body)
    }
}

/// Text as received headers are kept: each byte as the character of its number.
fn as_octets(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(headers: &[(&str, Option<&str>)], set: &[(&str, &str)]) -> Edits {
        Edits {
            headers: headers.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect(),
            body: None,
            set: set.iter().map(|(path, value)| ((*path).into(), (*value).into())).collect(),
        }
    }

    fn places(edits: Edits, sign: Sign) -> Vec<String> {
        let invalid = edits.check(sign, 10).err().map(|invalid| invalid.0).unwrap_or_default();
        invalid.into_iter().map(|error| error.at.join(".")).collect()
    }

    #[test]
    fn what_cannot_be_changed_is_told_in_its_place() {
        for (changes, sign, expected) in [
            (edits(&[("X-A", Some("1")), ("x-b", None)], &[("a.b", "1")]), Sign::AsItCame, &[][..]),
            (edits(&[("webhook-id", Some("1"))], &[]), Sign::Provider, &[]),
            (edits(&[("webhook-id", Some("1"))], &[]), Sign::Postrider, &["edits.headers.webhook-id"]),
            (edits(&[("Host", Some("x"))], &[]), Sign::AsItCame, &["edits.headers.Host"]),
            (edits(&[("postrider-hops", None)], &[]), Sign::AsItCame, &["edits.headers.postrider-hops"]),
            (edits(&[("a b", Some("x"))], &[]), Sign::AsItCame, &["edits.headers.a b"]),
            (edits(&[("x-a", Some("a\r\nb"))], &[]), Sign::AsItCame, &["edits.headers.x-a"]),
            (edits(&[], &[("a..b", "1")]), Sign::AsItCame, &["edits.set.a..b"]),
            (
                Edits { body: Some(Bytes::from_static(&[0; 11])), ..Edits::default() },
                Sign::AsItCame,
                &["edits.body"],
            ),
        ] {
            assert_eq!(places(changes, sign), expected);
        }
    }

    #[test]
    fn headers_change_where_they_stand() {
        let mut headers: Vec<(String, String)> =
            [("x-a", "1"), ("x-b", "2"), ("x-a", "3"), ("content-encoding", "gzip")]
                .map(|(name, value)| (name.into(), value.into()))
                .into();
        let changes = edits(&[("X-A", Some("é")), ("x-b", None), ("x-c", Some("new"))], &[]);
        let changes = Edits { body: Some(Bytes::from_static(b"{}")), ..changes };
        changes.check(Sign::AsItCame, 10).unwrap().apply_to_headers(&mut headers);
        let expected: [(String, String); 2] =
            [("x-a", "\u{c3}\u{a9}"), ("x-c", "new")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(headers, expected);
    }
}
