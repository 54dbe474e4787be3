//! JSON from callers, and where exactly it is wrong.
//!
//! A body is parsed once. Only when that fails is it parsed again, with a parser that keeps track of the path, to
//! find the words for the answer. Those never repeat a value: it may be large or secret.

use postrider_core::json::is_object;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_path_to_error::{Path, Segment};

use super::problem::{Problem, Refusal};

/// The object in `bytes`; no bytes at all count as an empty one, so that the answer names the first missing field.
pub(crate) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    // serde would take a list for an object as well, by the order of the fields.
    if !is_object(bytes) {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Problem::Invalid(vec![Refusal {
                loc: vec!["body".to_owned()],
                msg: "must be an object".into(),
                kind: "type_error.dict",
            }]),
            Err(error) => undecodable(&error),
        });
    }
    serde_json::from_slice(bytes).map_err(|error| explain::<T>(bytes, &error))
}

fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8], first: &serde_json::Error) -> Problem {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut parser) {
        Err(error) if error.inner().is_data() => {
            Problem::Invalid(vec![refusal("body", error.path(), &error.inner().to_string())])
        }
        _ => undecodable(first),
    }
}

fn undecodable(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let msg = format!("not JSON, as of line {line} column {column}");
    Problem::refused("body", &format!("{line}:{column}"), "value_error.jsondecode", msg)
}

/// What serde says about a value at `path`, in the words of the contract.
pub(crate) fn refusal(place: &str, path: &Path, message: &str) -> Refusal {
    let mut loc = vec![place.to_owned()];
    loc.extend(path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }));
    let message = message.split(" at line ").next().unwrap_or_default();
    if let Some(field) = quoted_after(message, "missing field `") {
        loc.push(field.to_owned());
        return Refusal { loc, msg: "field required".into(), kind: "value_error.missing" };
    }
    if let Some(field) = quoted_after(message, "duplicate field `") {
        loc.push(field.to_owned());
        return Refusal { loc, msg: "given twice".into(), kind: "value_error.duplicate" };
    }
    let Some((_, expected)) = message.rsplit_once(", expected ") else {
        // A message of our own types.
        return Refusal { loc, msg: message.to_owned().into(), kind: "value_error" };
    };
    let (what, kind) = expectation(expected);
    let kind = if message.starts_with("invalid type") { kind } else { "value_error" };
    Refusal { loc, msg: format!("must be {what}").into(), kind }
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('`').next()
}

/// serde's word for what it expected, as a sentence's end and as a type of error.
fn expectation(expected: &str) -> (String, &'static str) {
    let (what, kind) = match expected {
        "a boolean" | "a bool" => ("a boolean", "type_error.bool"),
        "a sequence" => ("a list", "type_error.list"),
        "a map" => ("an object", "type_error.dict"),
        "u8" | "u16" | "u32" | "u64" | "usize" => {
            ("a whole number, not negative and not too large", "type_error.integer")
        }
        _ if expected.starts_with("struct ") => ("an object", "type_error.dict"),
        _ if expected.contains("string") => ("a string", "type_error.str"),
        _ => (expected, "type_error"),
    };
    (what.to_owned(), kind)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "what is read does not matter here")]
    struct Inner {
        rate: Option<u16>,
        on: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "what is read does not matter here")]
    struct Outer<'a> {
        some_name: String,
        list: Option<Vec<String>>,
        #[serde(borrow)]
        payload: Option<&'a RawValue>,
        inner: Option<Inner>,
        schedule: Option<postrider_core::retry::Schedule>,
    }

    fn refused(text: &str) -> (String, String, &'static str) {
        match parse::<Outer<'_>>(text.as_bytes()) {
            Err(Problem::Invalid(mut refusals)) => {
                let Refusal { loc, msg, kind } = refusals.remove(0);
                (loc.join("."), msg.into_owned(), kind)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_mistake_has_its_place_and_type() {
        for (text, loc, kind) in [
            ("", "body.someName", "value_error.missing"),
            ("{}", "body.someName", "value_error.missing"),
            (r#"{"someName":1}"#, "body.someName", "type_error.str"),
            (r#"{"someName":null}"#, "body.someName", "type_error.str"),
            (r#"{"someName":"a","someName":"b"}"#, "body.someName", "value_error.duplicate"),
            (r#"{"someName":"a","list":["a",2]}"#, "body.list.1", "type_error.str"),
            (r#"{"someName":"a","list":{}}"#, "body.list", "type_error.list"),
            (r#"{"someName":"a","inner":{"on":"yes"}}"#, "body.inner.on", "type_error.bool"),
            (r#"{"someName":"a","inner":[]}"#, "body.inner", "value_error"),
            (r#"{"someName":"a","inner":{"on":true,"rate":70000}}"#, "body.inner.rate", "value_error"),
            (r#"{"someName":"a","inner":{"on":true,"rate":-1}}"#, "body.inner.rate", "value_error"),
            (r#"{"someName":"a","inner":{"on":true,"rate":"9"}}"#, "body.inner.rate", "type_error.integer"),
            (r#"{"someName":"a","payload":{"x":1},"schedule":[]}"#, "body.schedule", "value_error"),
            ("[1]", "body", "type_error.dict"),
            (r#" ["a",null,null,null,null]"#, "body", "type_error.dict"),
            ("[1", "body.1:2", "value_error.jsondecode"),
            ("7", "body", "type_error.dict"),
            ("{", "body.1:1", "value_error.jsondecode"),
            ("{\"someName\":\n\"a\"} x", "body.2:6", "value_error.jsondecode"),
            (r#"{"someName":"a","payload":{]}"#, "body.1:28", "value_error.jsondecode"),
        ] {
            let (at, msg, found) = refused(text);
            assert_eq!((at.as_str(), found), (loc, kind), "{text}: {msg}");
        }
    }

    #[test]
    fn values_are_not_repeated() {
        let (_, msg, _) = refused(r#"{"someName":"a","inner":"hunter2, expected hunter3"}"#);
        assert_eq!(msg, "must be an object");
    }

    #[test]
    fn depth_does_no_harm() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(refused(&format!(r#"{{"payload":{deep}"#)).2, "value_error.jsondecode");
        assert_eq!(refused(&format!(r#"{{"unknown":{deep}"#)).2, "value_error.jsondecode");
        assert_eq!(refused(&deep).2, "value_error.jsondecode");
        let closed = format!(r#"{{"someName":"a","payload":{deep}{}}}"#, "]".repeat(1_000_000));
        assert!(parse::<Outer<'_>>(closed.as_bytes()).is_ok(), "left to the check of depth");
    }
}
