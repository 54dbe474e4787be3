use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// One line for each row: its path, `!` where it is required, its kind and its rules.
fn told(schema: &Value) -> String {
    let outline = Outline::of(schema, schema);
    let mut text = String::new();
    for row in &outline.rows {
        let must = if row.is_required { "!" } else { "" };
        let more: Vec<_> =
            row.format.iter().chain(&row.values).chain(&row.rules).map(String::as_str).collect();
        let inside = match row.inside {
            Inside::Follows => "",
            Inside::Above => " (above)",
            Inside::TooDeep => " (too deep)",
        };
        let _ = writeln!(text, "{}{must} {} {}{inside}", row.path, row.kind, more.join(", "));
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn objects_lists_and_choices_are_told_in_the_order_of_reading() {
    let schema = json!({
        "type": "object",
        "required": ["type", "data"],
        "additionalProperties": false,
        "properties": {
            "a": {"type": ["string", "null"], "maxLength": 9},
            "type": {"const": "invoice.paid"},
            "data": {
                "properties": {
                    "items": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}},
                    "paid": {"oneOf": [{"type": "null"}, {"type": "integer"}]},
                    "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
                    "more": {"additionalProperties": {"type": "number"}}
                }
            }
        }
    });
    assert_eq!(
        told(&schema),
        "data! object\n\
         data.items array of object at least 1 items\n\
         data.items[].id string uuid\n\
         data.more object\n\
         data.more.* number\n\
         data.paid integer or null\n\
         data.tags array of string \"x\", \"y\"\n\
         type! string \"invoice.paid\"\n\
         a string or null at most 9 characters"
    );
    assert_eq!(Outline::of(&schema, &schema).top.rules, ["no other fields"]);
}

#[test]
fn what_applies_together_is_one_row() {
    let schema = json!({
        "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"b": {"type": "string"}}, "required": ["a"]}],
        "$defs": {"base": {"type": "object", "properties": {"a": {"$ref": "#/$defs/id", "description": "own"}}},
            "id": {"type": "string", "description": "its"}}
    });
    assert_eq!(told(&schema), "a! string\nb string");
    assert_eq!(Outline::of(&schema, &schema).rows[0].about, "own");
}

#[test]
fn several_forms_stand_below_their_value() {
    let form = |name: &str| json!({"title": name, "type": "object", "properties": {"k": {"type": "string"}}});
    let schema = json!({"properties": {"p": {"anyOf": [form("card"), form("bank")]}}});
    let outline = Outline::of(&schema, &schema);
    let names: Vec<_> =
        outline.rows.iter().map(|row| (row.level, row.name.as_str(), row.is_alternative)).collect();
    assert_eq!(
        names,
        [(0, "p", false), (1, "card", true), (2, "k", false), (1, "bank", true), (2, "k", false)]
    );
}

#[test]
fn what_is_in_itself_ends() {
    let tree = json!({"$defs": {"n": {"properties": {"value": {}, "children": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}},
        "$ref": "#/$defs/n"});
    assert_eq!(told(&tree), "children array of object  (above)\nvalue anything");
    let own = json!({"properties": {"again": {"$ref": "#"}}});
    assert_eq!(told(&own), "again object  (above)");
    for knot in [
        json!({"$ref": "#"}),
        json!({"$ref": "#/allOf/0", "allOf": [{"$ref": "#"}]}),
        json!({"anyOf": [{"$ref": "#"}, {"$ref": "#/anyOf/0"}]}),
        json!({"items": {"items": {"$ref": "#/items"}}}),
    ] {
        let _ = told(&knot);
    }
}

#[test]
fn references_lead_nowhere_else() {
    for reference in ["https://example.com/schema", "#/nowhere", "other.json#/a", "#/%ff", ""] {
        let schema = json!({"properties": {"a": {"$ref": reference}}});
        assert_eq!(told(&schema), "a anything defined elsewhere, see the schema", "{reference}");
    }
}

#[test]
fn size_and_depth_have_ceilings_that_are_told() {
    let wide: serde_json::Map<String, Value> = (0..10_000).map(|n| (format!("f{n}"), json!({}))).collect();
    let wide = json!({"properties": wide});
    let outline = Outline::of(&wide, &wide);
    assert!(outline.is_cut && outline.rows.len() == ROWS);
    let deep = (0..60).fold(json!({"type": "string"}), |inner, _| json!({"properties": {"d": inner}}));
    let outline = Outline::of(&deep, &deep);
    assert_eq!((outline.rows.len(), outline.rows[LEVELS - 1].inside), (LEVELS, Inside::TooDeep));
    let long = "x".repeat(1_000_000);
    let long =
        json!({"properties": {&long: {"description": &long, "pattern": &long, "enum": vec![&long; 100]}}});
    let row = &Outline::of(&long, &long).rows[0];
    assert!(row.path.len() < 200 && row.about.len() < 2_000 && row.values_left_out == 70);
}

/// Each definition has the next one twice, so that the ways through it double forty times.
#[test]
fn ways_that_double_end_all_the_same() {
    let next = |n: usize| json!({"$ref": format!("#/$defs/d{}", n + 1)});
    for doubling in [
        |next: Value| json!({"items": next.clone(), "oneOf": [next]}),
        |next: Value| json!({"allOf": [next.clone(), {"items": next}]}),
        |next: Value| json!({"anyOf": [next.clone(), next.clone(), {"items": next}]}),
        |next: Value| json!({"properties": {"a": next.clone(), "b": next}}),
    ] {
        let all: serde_json::Map<String, Value> =
            (0..40).map(|n| (format!("d{n}"), doubling(next(n)))).collect();
        let schema = json!({"$ref": "#/$defs/d0", "$defs": all});
        assert!(Outline::of(&schema, &schema).rows.len() <= ROWS);
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let keyword = prop_oneof![
        Just("properties"),
        Just("items"),
        Just("oneOf"),
        Just("allOf"),
        Just("$ref"),
        Just("type"),
        Just("enum"),
        Just("required"),
        Just("additionalProperties"),
        Just("prefixItems"),
        Just("const"),
        Just("description"),
        Just("$defs")
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!("#")),
        Just(json!("#/properties/a")),
        Just(json!("#/items")),
        Just(json!("object")),
        Just(json!("array"))
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(
                prop_oneof![keyword.clone().prop_map(str::to_owned), Just("a".to_owned())],
                inner,
                0..5
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_has_an_outline(schema in anything()) {
        let outline = Outline::of(&schema, &schema);
        prop_assert!(outline.rows.len() <= ROWS && outline.rows.iter().all(|row| row.level < LEVELS));
    }
}
