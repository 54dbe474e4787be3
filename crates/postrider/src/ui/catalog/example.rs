//! An example payload: the schema's own, or one that is made up from it, always the same.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value, json};

use super::outline::{Parts, list};

/// Values of an example that is made up, and levels of it.
const VALUES: usize = 300;
const LEVELS: usize = 8;
/// Bytes of an example of the schema's own.
const BYTES: usize = 64 * 1024;
/// Characters that a made-up text is stretched to.
const STRETCH: u64 = 64;

/// An example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Example {
    /// It, as JSON. Where the schema brings it, as it is written there.
    pub(crate) text: String,
    /// Whether it is made up.
    pub(crate) is_made_up: bool,
}

/// The first example of a schema, given as text; else one that is made up.
pub(crate) fn example(schema: &str) -> Example {
    if let Some(text) = own(schema) {
        return Example { text, is_made_up: false };
    }
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    Example { text: made_up(&schema, &schema).to_string(), is_made_up: true }
}

fn own(schema: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Schema<'a> {
        #[serde(borrow, default)]
        examples: Vec<&'a RawValue>,
    }
    let Schema { examples } = serde_json::from_str(schema).ok()?;
    examples.first().map(|text| text.get().to_owned()).filter(|text| text.len() <= BYTES)
}

/// A value that fits `schema`, as far as its plainer keywords say what fits. References are into `root`.
pub(crate) fn made_up(root: &Value, schema: &Value) -> Value {
    Maker { root, left: VALUES, open: Vec::new() }.value(schema, LEVELS).unwrap_or_else(|| json!({}))
}

/// The same with those members alone that must be there; where none must, with one that people know what to write into.
pub(crate) fn smallest(root: &Value, schema: &Value) -> Value {
    const KNOWN: [&str; 4] = ["description", "name", "url", "uid"];
    let mut value = made_up(root, schema);
    let parts = Parts::of(root, schema);
    if let Value::Object(members) = &mut value {
        let mut needed: Vec<String> = members.keys().filter(|name| parts.requires(name)).cloned().collect();
        if needed.is_empty() {
            needed.extend(KNOWN.into_iter().find(|name| members.contains_key(*name)).map(str::to_owned));
        }
        members.retain(|name, _| needed.contains(name));
    }
    value
}

struct Maker<'s> {
    root: &'s Value,
    left: usize,
    /// What references have led to on the way here: a value that is in itself is left out of itself.
    open: Vec<&'s Value>,
}

impl<'s> Maker<'s> {
    /// `None` where there is no end to it, or enough was made.
    fn value(&mut self, schema: &'s Value, levels: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let parts = Parts::of(self.root, schema);
        if levels == 0
            || parts.targets.iter().any(|target| self.open.iter().any(|open| std::ptr::eq(*open, *target)))
        {
            return None;
        }
        let given = list(parts.first("examples")).next().or_else(|| parts.first("example"));
        let given = given.or_else(|| parts.first("const")).or_else(|| list(parts.first("enum")).next());
        if let Some(given) = given.or_else(|| parts.first("default").filter(|value| !value.is_null())) {
            return (given.to_string().len() <= BYTES / 8).then(|| given.clone());
        }
        let before = self.open.len();
        self.open.extend(&parts.targets);
        let made = self.of_kind(&parts, levels);
        self.open.truncate(before);
        made
    }

    fn of_kind(&mut self, parts: &Parts<'s>, levels: usize) -> Option<Value> {
        let declared = match parts.first("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
            declared => declared.and_then(Value::as_str),
        };
        let has = |keyword| parts.first(keyword).is_some();
        match declared {
            Some("string") => Some(text(parts).into()),
            Some("integer") => Some(number(parts, 42, true)),
            Some("number") => Some(number(parts, 42, false)),
            Some("boolean") => Some(true.into()),
            Some("null") => Some(Value::Null),
            Some("array") => Some(self.items(parts, levels)),
            None if has("items") || has("prefixItems") => Some(self.items(parts, levels)),
            _ => self.object(parts, levels),
        }
    }

    /// With the members of the first alternative, where there are any. A value of which nothing is known is an object.
    fn object(&mut self, parts: &Parts<'s>, levels: usize) -> Option<Value> {
        let mut object = Map::new();
        if let Some(first) = parts.alternatives().first() {
            match self.value(first, levels - 1)? {
                Value::Object(members) => object = members,
                other => return Some(other),
            }
        }
        for (name, schema) in parts.members("properties") {
            if let Some(value) = self.value(schema, levels - 1) {
                object.insert(name.to_owned(), value);
            }
            if self.left == 0 {
                break;
            }
        }
        Some(Value::Object(object))
    }

    fn items(&mut self, parts: &Parts<'s>, levels: usize) -> Value {
        let tuple: Vec<_> = list(parts.first("prefixItems")).collect();
        let items = if tuple.is_empty() { parts.first("items").into_iter().collect() } else { tuple };
        items.into_iter().map_while(|schema| self.value(schema, levels - 1)).collect()
    }
}

fn text(parts: &Parts<'_>) -> String {
    let known = match parts.text("format").unwrap_or_default() {
        "date-time" => "2026-01-31T12:00:00Z",
        "date" => "2026-01-31",
        "time" => "12:00:00Z",
        "duration" => "P1D",
        "email" | "idn-email" => "jane@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "url" | "iri" => "https://example.com/",
        "uri-reference" | "iri-reference" => "/path",
        "uuid" => "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "byte" => "dGV4dA==",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let bound = |keyword| parts.first(keyword).and_then(Value::as_u64);
    let least = bound("minLength").unwrap_or_default().min(STRETCH);
    let most = bound("maxLength").unwrap_or(STRETCH).max(least);
    let text: String = "text".chars().cycle().take(4.max(least as usize)).collect();
    text.chars().take(most as usize).collect()
}

/// `usual`, moved to where the bounds let it be.
fn number(parts: &Parts<'_>, usual: i64, is_integer: bool) -> Value {
    let bound = |keyword| parts.first(keyword).and_then(Value::as_number);
    let past =
        |number: &Number, by: i64| number.as_i64().and_then(|number| number.checked_add(by)).map(Value::from);
    let is_below = |number: &Number| number.as_f64().is_some_and(|number| (usual as f64) < number);
    let is_above = |number: &Number| number.as_f64().is_some_and(|number| (usual as f64) > number);
    let moved =
        match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum"), bound("exclusiveMaximum")) {
            (Some(least), ..) if is_below(least) => Some(Value::Number(least.clone())),
            (_, Some(least), ..) if is_below(least) => past(least, 1),
            (_, _, Some(most), _) if is_above(most) => Some(Value::Number(most.clone())),
            (_, _, _, Some(most)) if is_above(most) => past(most, -1),
            _ => None,
        };
    moved.unwrap_or_else(|| if is_integer { usual.into() } else { json!(usual as f64 + 0.5) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_own_example_stays_as_it_is_written() {
        let found = example(r#"{"type":"object","examples":[{"n": 1.50, "b":1},{}]}"#);
        assert_eq!(found, Example { text: r#"{"n": 1.50, "b":1}"#.to_owned(), is_made_up: false });
    }

    #[test]
    fn without_one_a_fitting_one_is_made_up() {
        let schema = json!({
            "type": "object",
            "properties": {
                "at": {"type": "string", "format": "date-time"},
                "n": {"type": "integer", "minimum": 100},
                "small": {"type": "integer", "exclusiveMaximum": 3},
                "kind": {"enum": ["a", "b"]},
                "list": {"type": "array", "items": {"type": "boolean"}},
                "maybe": {"oneOf": [{"type": "null"}, {"type": "string", "maxLength": 2}]},
                "self": {"$ref": "#"},
                "node": {"$ref": "#/$defs/node"}
            },
            "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "number"}}}}
        });
        let made = made_up(&schema, &schema);
        let expected = json!({"at": "2026-01-31T12:00:00Z", "n": 100, "small": 2, "kind": "a", "list": [true], "maybe": "te",
            "node": {"v": 42.5}});
        let mut top = made.clone();
        top.as_object_mut().unwrap().remove("self");
        assert_eq!(top, expected);
        assert_eq!(made, made_up(&schema, &schema), "always the same");
    }

    #[test]
    fn any_schema_has_some_example() {
        for schema in [
            "",
            "true",
            "[]",
            "{}",
            r##"{"$ref":"#"}"##,
            r#"{"examples":5}"#,
            r##"{"anyOf":[{"$ref":"#"}]}"##,
        ] {
            let text = example(schema).text;
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{schema}: {text}");
        }
        let deep =
            (0..60).fold(json!({}), |inner, _| json!({"properties": {"a": inner.clone(), "b": inner["x"]}}));
        assert!(made_up(&deep, &deep).to_string().len() < 1_000);
        let wide: Map<String, Value> =
            (0..10_000).map(|n| (n.to_string(), json!({"type": "string"}))).collect();
        assert!(made_up(&json!({}), &json!({"properties": wide})).as_object().unwrap().len() <= VALUES);
    }
}
