//! JSON values as YAML 1.2: one member a line, every text between double quotes, where YAML reads what JSON writes.

use std::fmt::Write as _;

use serde_json::Value;

/// A document.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    nested(value, 0, &mut out);
    out
}

/// Writes a value with its members on lines of their own.
fn nested(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                indent(depth, out);
                text(name, out);
                out.push(':');
                after(value, depth, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(depth, out);
                out.push('-');
                after(item, depth, out);
            }
        }
        plain => {
            scalar(plain, out);
            out.push('\n');
        }
    }
}

/// Writes what stands behind a colon or a dash.
fn after(value: &Value, depth: usize, out: &mut String) {
    let has_members = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    out.push(if has_members { '\n' } else { ' ' });
    nested(value, depth + 1, out);
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn scalar(value: &Value, out: &mut String) {
    match value {
        Value::String(string) => text(string, out),
        // Numbers, `true`, `false`, `null`, `{}` and `[]` are the same in both.
        other => drop(write!(out, "{other}")),
    }
}

/// Text between quotes. What YAML does not count as printable is escaped, and so are its line breaks.
fn text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' | '\u{a1}'..='\u{200a}' | '\u{2030}'..='\u{d7ff}' => out.push(c),
            c if u32::from(c) <= 0xffff => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => drop(write!(out, "\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_stand_on_lines() {
        let value = json!({"a": [1, {"b": null, "c": []}, "x: y"], "d": {}, "e": {"f": "no"}});
        assert_eq!(
            write(&value),
            "\"a\":\n  - 1\n  -\n    \"b\": null\n    \"c\": []\n  - \"x: y\"\n\"d\": {}\n\"e\":\n  \"f\": \"no\"\n"
        );
        assert_eq!(write(&json!("a\u{feff}\u{2028}\u{1f600}")), "\"a\\ufeff\\u2028\\U0001f600\"\n");
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map(".{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_reader_of_yaml_reads_the_same(value in anything()) {
            let text = write(&value);
            let read: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
            prop_assert_eq!(read, value);
        }
    }
}
