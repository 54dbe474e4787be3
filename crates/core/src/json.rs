//! What we ask of a payload beyond its grammar: that it is an object, and that it is not nested too deep.
//!
//! Both look at the raw bytes of text that a JSON parser has already accepted; on other text they give some answer and
//! never panic. Neither decodes anything. A payload is delivered as the bytes that came, so duplicate names, numbers
//! of any size, `\u0000` and lone surrogates pass through untouched: they are grammatical, what they mean is between
//! the caller and the receiver, and only decoding them could do harm.

use crate::limits::JSON_DEPTH;

/// A payload whose nesting is a trap for receivers with recursive parsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be nested deeper than {JSON_DEPTH} levels, as it is at byte {at}")]
pub struct TooDeep {
    /// Where the first bracket too many stands, counted from 0.
    pub at: usize,
}

/// Whether `json` is an object. Blanks around it are allowed, as everywhere in JSON.
#[must_use]
pub fn is_object(json: &[u8]) -> bool {
    json.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) == Some(&b'{')
}

/// Checks that objects and arrays in `json` are nested at most [`JSON_DEPTH`] levels, the outermost being the first.
pub fn check_depth(json: &[u8]) -> Result<(), TooDeep> {
    // Text with so few brackets cannot be too deep, whatever is in its strings. Most payloads end here, and counting
    // takes the processor many bytes at a time.
    if json.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() <= JSON_DEPTH {
        return Ok(());
    }
    let mut depth = 0usize;
    let mut bytes = json.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' if depth == JSON_DEPTH => return Err(TooDeep { at }),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Moves past the quote that ends a string. What follows a backslash never does.
fn skip_string<'a>(bytes: &mut impl Iterator<Item = (usize, &'a u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", r#"{"a":["#.repeat(depth / 2), "]}".repeat(depth / 2))
    }

    #[test]
    fn only_objects_are_objects() {
        for (json, expected) in [
            ("{}", true),
            (" \t\r\n{\"a\":1} ", true),
            ("[{}]", false),
            ("\"{}\"", false),
            ("null", false),
            ("", false),
            ("\u{feff}{}", false),
        ] {
            assert_eq!(is_object(json.as_bytes()), expected, "{json:?}");
        }
    }

    #[test]
    fn depth_is_counted_outside_of_strings_only() {
        let many = "[".repeat(100);
        for json in [
            "{}".to_owned(),
            nested(JSON_DEPTH),
            format!(r#"{{"wide":[{}[]]}}"#, "[],".repeat(1_000)),
            format!(r#"{{"a":"{many}","{many}":1}}"#),
            format!(r#"{{"a":"\"{many}\\","b":"\\\"{many}"}}"#),
            format!(r#"{{"a":"\u0000\ud800{many}"}}"#),
        ] {
            assert!(
                serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok(),
                "the test's own text"
            );
            assert_eq!(check_depth(json.as_bytes()), Ok(()), "{json}");
        }
    }

    #[test]
    fn the_first_bracket_too_many_is_named() {
        let json = nested(JSON_DEPTH + 2);
        assert_eq!(check_depth(json.as_bytes()), Err(TooDeep { at: JSON_DEPTH / 2 * 6 }));
        let hidden = format!(r#"{{"a\\":{}{}}}"#, "[".repeat(JSON_DEPTH), "]".repeat(JSON_DEPTH));
        assert!(check_depth(hidden.as_bytes()).is_err(), "an escaped backslash does not escape the quote");
        assert!(check_depth("[".repeat(1_000_000).as_bytes()).is_err());
    }

    fn depth_of(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
            serde_json::Value::Object(items) => 1 + items.values().map(depth_of).max().unwrap_or(0),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_parser(
            levels in proptest::collection::vec((any::<bool>(), r#"[\[\]{}"\\a]{0,4}"#), 0..100)
        ) {
            let value = levels.into_iter().fold(serde_json::Value::Null, |inner, (array, name)| {
                if array { serde_json::json!([name, inner]) } else { serde_json::json!({ name: inner }) }
            });
            let deep = depth_of(&value) > JSON_DEPTH;
            prop_assert_eq!(check_depth(value.to_string().as_bytes()).is_err(), deep);
        }

        #[test]
        fn other_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (is_object(&bytes), check_depth(&bytes));
        }
    }
}
