//! Headers that callers add to what we send: to every attempt of an endpoint, or to one raw payload.
//!
//! They must not be able to change how the request is framed or routed, nor to forge what receivers trust (the
//! signature, our own names). Values of names in [`SENSITIVE`] are kept and sent, but the API does not show them again.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use crate::limits;
use crate::names::Invalid;

/// Names whose values are credentials more often than not: reads list the names and withhold the values. Sorted.
pub const SENSITIVE: [&str; 16] = [
    "api-key",
    "apikey",
    "authorization",
    "client-secret",
    "cookie",
    "x-access-token",
    "x-amz-security-token",
    "x-api-key",
    "x-api-token",
    "x-apikey",
    "x-auth",
    "x-auth-key",
    "x-auth-token",
    "x-client-secret",
    "x-secret",
    "x-token",
];

/// Names that belong to the connection or frame the message. Sorted.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Beginnings of names that mean something only when we, or a proxy, wrote them.
const RESERVED_PREFIXES: [&str; 4] = ["postrider-", "proxy-", "svix-", "webhook-"];

/// Whether the API withholds the value of the header `name`, in whatever case it is written.
#[must_use]
pub fn is_sensitive(name: &str) -> bool {
    SENSITIVE.iter().any(|sensitive| sensitive.eq_ignore_ascii_case(name))
}

/// The headers of an endpoint, by lower-case name. They have no `content-type`: the payload decides that.
pub fn endpoint<N, V>(headers: impl IntoIterator<Item = (N, V)>) -> Result<BTreeMap<String, String>, Invalid>
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    let headers = check(headers)?;
    if headers.contains_key("content-type") {
        return Err(Invalid::value(
            "`content-type` follows from the payload and cannot be set for an endpoint",
        ));
    }
    Ok(headers)
}

/// The headers of a raw payload, by lower-case name; `content-type` may be among them.
pub fn raw_payload<N, V>(headers: impl IntoIterator<Item = (N, V)>) -> Result<Vec<(String, String)>, Invalid>
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    Ok(check(headers)?.into_iter().collect())
}

fn check<N, V>(headers: impl IntoIterator<Item = (N, V)>) -> Result<BTreeMap<String, String>, Invalid>
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    let mut checked = BTreeMap::new();
    let mut bytes = 0;
    for (name, value) in headers {
        let (name, value) = (name.as_ref(), trim(value.as_ref()));
        bytes += name.len() + value.len();
        if bytes > limits::HEADER_BYTES {
            let message =
                format!("headers must have at most {} bytes, names and values", limits::HEADER_BYTES);
            return Err(Invalid::too_long(message));
        }
        let name = check_name(name)?;
        // Refuses control characters, line breaks and NUL above all; blanks, tabs and bytes from 0x80 up may stay.
        HeaderValue::from_str(value).map_err(|_| {
            Invalid::pattern(format!("the value of `{name}` has characters no header may have"))
        })?;
        if checked.insert(name.as_str().to_owned(), value.to_owned()).is_some() {
            return Err(Invalid::value(format!("`{name}` is given twice")));
        }
        if checked.len() > limits::HEADERS {
            return Err(Invalid::too_long(format!("there may be at most {} headers", limits::HEADERS)));
        }
    }
    Ok(checked)
}

fn check_name(name: &str) -> Result<HeaderName, Invalid> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Invalid::pattern("the name of a header may have only letters, digits and !#$%&'*+-.^_`|~")
    })?;
    let text = name.as_str();
    if FRAMING.contains(&text) || RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
        return Err(Invalid::value(format!("`{name}` is set by the server and cannot be given")));
    }
    Ok(name)
}

/// Blanks around a value are no part of it (RFC 9110, section 5.5).
fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(headers: &[(&str, &str)]) -> &'static str {
        endpoint(headers.iter().copied()).map_or_else(|invalid| invalid.kind, |_| "")
    }

    #[test]
    fn names_come_back_in_lower_case_with_trimmed_values() {
        let headers =
            endpoint([("X-Tenant", " acme\t"), ("Authorization", "Bearer ü"), ("x-empty", "")]).unwrap();
        let expected = [("authorization", "Bearer ü"), ("x-empty", ""), ("x-tenant", "acme")];
        assert!(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected));
    }

    #[test]
    fn what_frames_routes_or_signs_the_request_is_refused() {
        for name in FRAMING.into_iter().chain(["proxy-connection", "Proxy-Authorization"]).chain([
            "Webhook-Id",
            "webhook-signature",
            "svix-id",
            "SVIX-Timestamp",
            "postrider-attempt",
        ]) {
            assert_eq!(kind(&[(name, "x")]), "value_error", "{name}");
            assert!(raw_payload([(name, "x")]).is_err(), "{name}");
        }
        for name in ["hostname", "x-webhook-id", "tea", "accept", "user-agent", "x-svix"] {
            assert_eq!(kind(&[(name, "x")]), "", "{name}");
        }
    }

    #[test]
    fn names_and_values_that_could_split_the_request_are_refused() {
        for name in ["", "a b", "a:", "a\r\nb", "a\0", ":path", "ü", "a\n"] {
            assert_eq!(kind(&[(name, "x")]), "value_error.pattern", "{name:?}");
        }
        for value in ["a\r\nb: c", "a\nb", "a\rb", "a\0", "a\x7f", "\x1b[31m", "a\n"] {
            assert_eq!(kind(&[("x-a", value)]), "value_error.pattern", "{value:?}");
        }
    }

    #[test]
    fn the_content_type_belongs_to_raw_payloads() {
        assert_eq!(kind(&[("Content-Type", "text/xml")]), "value_error");
        let headers = raw_payload([("Content-Type", "text/xml")]).unwrap();
        assert_eq!(headers, [("content-type".to_owned(), "text/xml".to_owned())]);
    }

    #[test]
    fn the_set_has_ceilings_and_no_name_twice() {
        assert_eq!(kind(&[("X-A", "1"), ("x-a", "1")]), "value_error");
        let names: Vec<String> = (0..=limits::HEADERS).map(|index| format!("x-{index}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(kind(&many[..limits::HEADERS]), "");
        assert_eq!(kind(&many), "value_error.too_long");
        let large = "x".repeat(limits::HEADER_BYTES - 3);
        assert_eq!(kind(&[("x-a", &large)]), "");
        assert_eq!(kind(&[("x-ab", &large)]), "value_error.too_long");
        assert_eq!(kind(&[("x-a", &large), ("b", "")]), "value_error.too_long");
    }

    #[test]
    fn sensitive_names_are_known_in_any_case() {
        for (name, expected) in
            [("Authorization", true), ("X-API-Key", true), ("cookie", true), ("x-tenant", false), ("", false)]
        {
            assert_eq!(is_sensitive(name), expected, "{name}");
        }
        assert!(SENSITIVE.is_sorted() && FRAMING.is_sorted() && RESERVED_PREFIXES.is_sorted());
    }
}
