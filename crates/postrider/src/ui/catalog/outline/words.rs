//! What a schema asks for, in words.

use serde_json::Value;

use super::parts::{Parts, list};

/// Alternatives that are named.
const NAMED: usize = 8;
/// Levels of lists and alternatives that are named.
const LEVELS: usize = 2;

/// The kind of a value, such as `string`, `array of object` or `integer or null`.
pub(super) fn kind(root: &Value, parts: &Parts<'_>) -> String {
    named(root, parts, LEVELS)
}

fn named(root: &Value, parts: &Parts<'_>, levels: usize) -> String {
    if parts.is_never {
        return "nothing".to_owned();
    }
    let mut kinds = declared(parts);
    if kinds.is_empty() {
        kinds = implied(parts);
    }
    if kinds.is_empty() && levels > 0 {
        for alternative in parts.alternatives().into_iter().take(NAMED) {
            let kind = named(root, &Parts::of(root, alternative), levels - 1);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    if kinds.is_empty() {
        return "anything".to_owned();
    }
    if let (Some(array), Some(items), true) =
        (kinds.iter_mut().find(|kind| *kind == "array"), parts.first("items"), levels > 0)
    {
        let of = named(root, &Parts::of(root, items), levels - 1);
        *array = if of == "anything" { "array".to_owned() } else { format!("array of {of}") };
    }
    if parts.may_be_null() && !kinds.iter().any(|kind| kind == "null") {
        kinds.push("null".to_owned());
    }
    kinds.join(" or ")
}

/// What `type` says. Whatever else stands there is not repeated.
fn declared(parts: &Parts<'_>) -> Vec<String> {
    const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "object", "array", "null"];
    let known = |value: &Value| value.as_str().filter(|text| TYPES.contains(text)).map(str::to_owned);
    match parts.first("type") {
        Some(Value::Array(types)) => types.iter().filter_map(known).take(TYPES.len()).collect(),
        Some(one) => known(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What other keywords let one conclude.
fn implied(parts: &Parts<'_>) -> Vec<String> {
    let fixed = parts.first("const").into_iter().chain(list(parts.first("enum")));
    let mut kinds: Vec<String> = Vec::new();
    for kind in fixed.map(kind_of) {
        if !kinds.iter().any(|known| known == kind) {
            kinds.push(kind.to_owned());
        }
    }
    if kinds.is_empty()
        && ["properties", "additionalProperties"].iter().any(|keyword| parts.first(keyword).is_some())
    {
        kinds.push("object".to_owned());
    }
    if kinds.is_empty() && ["items", "prefixItems"].iter().any(|keyword| parts.first(keyword).is_some()) {
        kinds.push("array".to_owned());
    }
    kinds
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Further rules, in the order of reading.
pub(super) fn rules(parts: &Parts<'_>) -> Vec<String> {
    const BOUNDS: [(&str, &str, &str); 11] = [
        ("minimum", "at least ", ""),
        ("exclusiveMinimum", "above ", ""),
        ("maximum", "at most ", ""),
        ("exclusiveMaximum", "below ", ""),
        ("multipleOf", "a multiple of ", ""),
        ("minLength", "at least ", " characters"),
        ("maxLength", "at most ", " characters"),
        ("minItems", "at least ", " items"),
        ("maxItems", "at most ", " items"),
        ("minProperties", "at least ", " fields"),
        ("maxProperties", "at most ", " fields"),
    ];
    const CONDITIONS: [&str; 8] = [
        "if",
        "not",
        "dependentSchemas",
        "dependentRequired",
        "dependencies",
        "contains",
        "propertyNames",
        "unevaluatedProperties",
    ];
    let bounds = BOUNDS.into_iter().filter_map(|(keyword, before, after)| {
        let number = parts.first(keyword)?.as_number()?;
        Some(format!("{before}{number}{after}"))
    });
    let mut rules: Vec<String> = bounds.collect();
    let mut say = |holds: bool, rule: &str| {
        if holds {
            rules.push(rule.to_owned());
        }
    };
    say(parts.is("uniqueItems"), "no item twice");
    say(parts.first("additionalProperties") == Some(&Value::Bool(false)), "no other fields");
    say(parts.is("readOnly"), "read only");
    say(parts.is("writeOnly"), "write only");
    say(
        CONDITIONS.iter().any(|keyword| parts.first(keyword).is_some()),
        "further conditions, see the schema",
    );
    say(parts.is_foreign, "defined elsewhere, see the schema");
    say(parts.is_cut, "some parts of its definition are not shown");
    rules
}
