//! Everything in the document is described.

use serde_json::Value;

use super::{document, operations, resolve};

fn is_told(value: &Value) -> bool {
    value["description"].as_str().is_some_and(|text| text.trim().len() > 3)
}

/// All schemas inside `schema`, itself included, with where they are.
fn walk(at: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
    found.push((at.to_owned(), schema.clone()));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{at}.{name}"), property, found);
    }
    for (key, items) in
        [("items", &schema["items"]), ("additionalProperties", &schema["additionalProperties"])]
    {
        if items.is_object() {
            walk(&format!("{at}.{key}"), items, found);
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for (index, part) in schema[key].as_array().into_iter().flatten().enumerate() {
            walk(&format!("{at}.{key}{index}"), part, found);
        }
    }
}

#[test]
fn everything_is_described() {
    let document = document();
    let mut silent = Vec::new();
    for (path, method, operation) in operations(&document) {
        let id = format!("{method} {path}");
        if operation["summary"].as_str().is_none_or(|text| text.len() < 4) {
            silent.push(format!("{id} has no summary"));
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if !is_told(resolve(&document, parameter)) {
                silent.push(format!("{id}: parameter {}", parameter["name"]));
            }
        }
        for (code, response) in operation["responses"].as_object().unwrap() {
            if !is_told(resolve(&document, response)) {
                silent.push(format!("{id}: answer {code}"));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let mut found = Vec::new();
        walk(name, schema, &mut found);
        for (at, part) in found {
            // A list's rows and a map's values are told with the list and the map.
            let is_field = at.rsplit('.').next().is_some_and(|last| {
                at.contains('.') && !["items", "additionalProperties"].contains(&last) && !last.contains("Of")
            });
            if is_field && !is_told(&part) && !is_told(resolve(&document, &part)) {
                silent.push(at);
            }
        }
    }
    assert!(silent.is_empty(), "without a description:\n{}", silent.join("\n"));
}
