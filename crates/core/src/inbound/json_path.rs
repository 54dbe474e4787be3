//! Values inside JSON, found by a path such as `data.id`, `items[0].id` or `events[].id`, in one pass over the bytes.
//!
//! Nothing but the value that is asked for is decoded, so a number keeps its digits, a large body costs no tree, and a
//! deep one no stack: the parser recurses as far as the path goes and skips the rest. Of a name that an object has
//! twice, the last counts, as with most parsers.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::ceiling;

/// A path; an empty one is the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
    Each,
}

/// Text that is no path.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a path such as `data.id`, `items[0].id` or `events[].id`")]
pub(crate) struct InvalidPath(String);

impl FromStr for JsonPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let invalid = || InvalidPath(text.to_owned());
        let mut steps = Vec::new();
        for (number, segment) in text.split('.').enumerate() {
            let (key, mut rest) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
            if !key.is_empty() {
                steps.push(Step::Key(key.to_owned()));
            } else if number > 0 || rest.is_empty() {
                return Err(invalid());
            }
            while !rest.is_empty() {
                let (index, after) =
                    rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(invalid)?;
                steps.push(match index {
                    "" => Step::Each,
                    index => Step::Index(index.parse().map_err(|_| invalid())?),
                });
                rest = after;
            }
        }
        if steps.len() > 16 {
            return Err(invalid());
        }
        Ok(Self { text: text.to_owned(), steps })
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl JsonPath {
    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Its steps, outermost first; at most 16.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The JSON text of every value at this path, as slices of `json`; none if it is no JSON, or has more than
    /// [`ceiling::ITEMS`] of them.
    pub(crate) fn all<'a>(&self, json: &'a [u8]) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut parser = serde_json::Deserializer::from_slice(json);
        let walk = Walk { steps: &self.steps, found: &mut found };
        match walk.deserialize(&mut parser).and_then(|()| parser.end()) {
            Ok(()) => found,
            Err(_) => Vec::new(),
        }
    }

    /// The JSON text of the one value at this path.
    pub(super) fn raw<'a>(&self, json: &'a [u8]) -> Option<&'a str> {
        self.all(json).into_iter().next()
    }

    /// The value as text: a string decoded, a number or boolean as it is written; `None` if it is absent, null, an
    /// object or an array.
    pub(super) fn text(&self, json: &[u8]) -> Option<String> {
        scalar(self.raw(json)?)
    }
}

/// A scalar's text.
pub(crate) fn scalar(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

/// The first name of the object `json` that is not `known`.
pub(super) fn other_key(json: &[u8], known: &str) -> Option<String> {
    struct Names<'k>(&'k str);
    impl<'de> Visitor<'de> for Names<'_> {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut other = None;
            while let Some(name) = map.next_key::<String>()? {
                map.next_value::<IgnoredAny>()?;
                if other.is_none() && name != self.0 {
                    other = Some(name);
                }
            }
            Ok(other)
        }
    }
    serde_json::Deserializer::from_slice(json).deserialize_map(Names(known)).ok().flatten()
}

struct Walk<'p, 'f, 'a> {
    steps: &'p [Step],
    found: &'f mut Vec<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.steps.is_empty() {
            return deserializer.deserialize_any(self);
        }
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        if self.found.len() == ceiling::ITEMS {
            return Err(D::Error::custom("too many values"));
        }
        self.found.push(raw.get());
        Ok(())
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let before = self.found.len();
        while let Some(name) = map.next_key::<String>()? {
            match self.steps.split_first() {
                Some((Step::Key(key), rest)) if *key == name => {
                    self.found.truncate(before);
                    map.next_value_seed(Walk { steps: rest, found: self.found })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for number in 0.. {
            let wanted = match self.steps.split_first() {
                Some((Step::Each, rest)) => Some(rest),
                Some((Step::Index(index), rest)) if *index == number => Some(rest),
                _ => None,
            };
            let more = match wanted {
                Some(rest) => items.next_element_seed(Walk { steps: rest, found: self.found })?,
                None => items.next_element::<IgnoredAny>()?.map(drop),
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(path: &str, json: &str) -> Vec<String> {
        path.parse::<JsonPath>().unwrap().all(json.as_bytes()).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn paths_find_values_as_they_are_written() {
        for (path, json, expected) in [
            ("a", r#"{"a": 1.50}"#, vec!["1.50"]),
            ("a.b", r#"{"x":{"b":0},"a":{"b":"é"}}"#, vec![r#""é""#]),
            (
                "a[1].b",
                r#"{"a":[{"b":1},{"b":123456789012345678901234567890}]}"#,
                vec!["123456789012345678901234567890"],
            ),
            ("[].id", r#"[{"id":1},{},{"id":2}]"#, vec!["1", "2"]),
            ("a[].b[]", r#"{"a":[{"b":[1,2]},{"b":[3]}]}"#, vec!["1", "2", "3"]),
            ("event-data.event", r#"{"event-data":{"event":"x"}}"#, vec![r#""x""#]),
            ("a", r#"{"a":1,"a":2}"#, vec!["2"]),
            ("a.b", r#"{"a":{"b":1},"a":3}"#, vec![]),
            ("a.b", r#"{"a":[1]}"#, vec![]),
            ("a", "{\"a\":1} trailing", vec![]),
            ("a", "not json", vec![]),
            ("a", "", vec![]),
        ] {
            assert_eq!(all(path, json), expected, "{path} in {json}");
        }
    }

    #[test]
    fn scalars_become_text_and_nothing_else_does() {
        let text = |json: &str| "a".parse::<JsonPath>().unwrap().text(json.as_bytes());
        assert_eq!(text(r#"{"a":"x\u0041\n"}"#).unwrap(), "xA\n");
        assert_eq!(text(r#"{"a":10.10}"#).unwrap(), "10.10");
        assert_eq!(text(r#"{"a":true}"#).unwrap(), "true");
        for json in [r#"{"a":null}"#, r#"{"a":{}}"#, r#"{"a":[1]}"#, "{}", "[]", r#""a""#] {
            assert_eq!(text(json), None, "{json}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a]b[", "a[0]b", "a[-1]"] {
            assert!(path.parse::<JsonPath>().is_err(), "{path}");
        }
        assert!("a.".repeat(20).trim_end_matches('.').parse::<JsonPath>().is_err());
    }

    #[test]
    fn depth_and_number_have_ceilings() {
        let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(all("b", &deep), ["2"], "what is not asked for is skipped without recursion");
        let many = format!("[{}1]", "1,".repeat(ceiling::ITEMS));
        assert!(all("[]", &many).is_empty());
    }

    #[test]
    fn the_other_key_of_an_update_is_its_kind() {
        assert_eq!(other_key(br#"{"update_id":1,"message":{}}"#, "update_id").unwrap(), "message");
        assert_eq!(other_key(br#"{"update_id":1}"#, "update_id"), None);
        assert_eq!(other_key(b"[1]", "update_id"), None);
    }
}
