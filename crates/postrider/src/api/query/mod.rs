//! Query strings, read into the very types that the API's documentation is made from.
//!
//! Names that an operation does not have are ignored: client libraries grow. A value that cannot be what it must be
//! is a validation error at `["query", name]`; a query string that is not text is status 400.

mod values;

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;

use self::values::Values;
use super::json;
use super::problem::Problem;
use crate::context::Context;

/// Parameters of one query; more than any operation has.
const PARAMETERS: usize = 256;

/// The parameters in a query string.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Context> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Context) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let named = group(query).ok_or_else(|| {
        let detail = "The query string cannot be read: it must be percent-encoded UTF-8.";
        Problem::plain(StatusCode::BAD_REQUEST, "generic_error", detail)
    })?;
    let values = MapDeserializer::new(named.into_iter());
    serde_path_to_error::deserialize(values).map_err(|error| {
        Problem::Invalid(vec![json::refusal("query", error.path(), &error.inner().to_string())])
    })
}

/// Values by name, in their order. `x[]` and `x[0]` are `x`.
fn group(query: &str) -> Option<BTreeMap<String, Values>> {
    let mut named = BTreeMap::<String, Values>::new();
    for (count, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == PARAMETERS {
            return None;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        let plain = name.split_once('[').map_or(name.as_str(), |(plain, _)| plain);
        named.entry(plain.to_owned()).or_default().0.push(decode(value)?);
    }
    Some(named)
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use postrider_core::time::Timestamp;
    use serde::Deserialize;

    use super::super::problem::Refusal;
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Way {
        #[default]
        Up,
        Down,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Asked {
        limit: Option<u64>,
        way: Option<Way>,
        on: bool,
        since: Option<Timestamp>,
        names: Vec<String>,
        text: Option<String>,
    }

    fn refused(query: &str) -> (String, &'static str) {
        match parse::<Asked>(query) {
            Err(Problem::Invalid(mut refusals)) => {
                let Refusal { loc, kind, .. } = refusals.remove(0);
                (loc.join("."), kind)
            }
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn lists_come_in_four_forms() {
        for query in [
            "names=a,b",
            "names[]=a&names[]=b",
            "names[0]=a&names[1]=b",
            "names=a&names=b",
            "names%5B%5D=a&names=b",
        ] {
            assert_eq!(parse::<Asked>(query).unwrap().names, ["a", "b"], "{query}");
        }
        assert!(parse::<Asked>("names=").unwrap().names.is_empty());
        assert!(parse::<Asked>("").unwrap().names.is_empty());
    }

    #[test]
    fn values_have_their_types() {
        let asked: Asked =
            parse("limit=7&way=down&on=true&since=2027-01-15T09%3A00%3A00%2B01%3A00&text=a+b%2Cc&other=1")
                .unwrap();
        assert_eq!(
            asked,
            Asked {
                limit: Some(7),
                way: Some(Way::Down),
                on: true,
                since: Some(Timestamp::from_seconds(1_800_000_000)),
                names: Vec::new(),
                text: Some("a b,c".into()),
            }
        );
    }

    #[test]
    fn other_values_are_refused_by_name() {
        for (query, name, kind) in [
            ("limit=x", "query.limit", "type_error.integer"),
            ("limit=-1", "query.limit", "type_error.integer"),
            ("limit=", "query.limit", "type_error.integer"),
            ("on=yes", "query.on", "type_error.bool"),
            ("way=left", "query.way", "value_error"),
            ("since=yesterday", "query.since", "value_error"),
        ] {
            assert_eq!(refused(query), (name.to_owned(), kind), "{query}");
        }
    }

    #[test]
    fn what_is_not_text_is_a_bad_request() {
        for query in ["text=%ff", "%c3%28=1", &"a=1&".repeat(300)] {
            match parse::<Asked>(query) {
                Err(Problem::Plain { status, code, .. }) => {
                    assert_eq!((status.as_u16(), code), (400, "generic_error"));
                }
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}
