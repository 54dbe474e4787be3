//! The API's description: well-formed, complete in words, and what the client libraries expect.

use std::collections::BTreeSet;

use serde_json::Value;

/// What the client libraries send and expect, operation by operation.
const CONTRACT: &str = include_str!("client_contract.json");

fn document() -> Value {
    serde_json::to_value(postrider::api::openapi()).unwrap()
}

/// Operations of the document: path, method, and the operation itself.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = ["get", "put", "post", "delete", "patch"];
    paths
        .iter()
        .flat_map(|(path, item)| methods.map(|method| (path.as_str(), method, &item[method])))
        .filter(|(_, _, operation)| !operation.is_null())
        .collect()
}

/// Follows a `$ref` into the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(path) => {
            let pointer = path.strip_prefix('#').unwrap_or_else(|| panic!("{path} leads out of the document"));
            let found = document.pointer(pointer).unwrap_or_else(|| panic!("{path} leads nowhere"));
            resolve(document, found)
        }
        None => value,
    }
}

fn is_told(value: &Value) -> bool {
    value["description"].as_str().is_some_and(|text| text.trim().len() > 3)
}

/// All schemas inside `schema`, itself included, with where they are.
fn walk(at: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
    found.push((at.to_owned(), schema.clone()));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{at}.{name}"), property, found);
    }
    for (key, items) in [("items", &schema["items"]), ("additionalProperties", &schema["additionalProperties"])] {
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

/// The names of a schema's properties, those of its parts included, and which of them are required.
fn properties(document: &Value, schema: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let schema = resolve(document, schema);
    let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let required = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned());
    let (mut names, mut required): (BTreeSet<_>, BTreeSet<_>) = (names.collect(), required.collect());
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, needed) = properties(document, part);
        names.extend(more);
        required.extend(needed);
    }
    (names, required)
}

#[test]
fn the_document_is_openapi_3_1_and_holds_together() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for field in ["title", "version", "description"] {
        assert!(document["info"][field].as_str().is_some_and(|text| !text.is_empty()), "info.{field}");
    }
    let tags: BTreeSet<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id"));
        assert!(ids.insert(id), "{id} is there twice");
        for tag in operation["tags"].as_array().unwrap() {
            assert!(tags.contains(tag.as_str().unwrap()), "{id} has the unknown tag {tag}");
        }
        let named: BTreeSet<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of_path: BTreeSet<_> = parameters.iter().filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(named, of_path, "{id}: the path and its parameters");
        assert!(parameters.iter().filter(|one| one["in"] == "path").all(|one| one["required"] == true), "{id}");
        let codes: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(codes.iter().any(|code| code.starts_with('2')), "{id} has no success");
        if id != "health.get" {
            assert!(["401", "422", "429"].iter().all(|code| codes.iter().any(|own| own == code)), "{id}: {codes:?}");
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        resolve(&document, &serde_json::json!({ "$ref": reference }));
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

#[test]
fn it_offers_what_the_client_libraries_use() {
    let document = document();
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for expected in contract["operations"].as_array().unwrap() {
        let (method, path) = (expected["method"].as_str().unwrap(), expected["path"].as_str().unwrap());
        let at = format!("{method} {path}");
        let operation = &document["paths"][path][method.to_lowercase()];
        if operation.is_null() {
            wrong.push(format!("{at} is missing"));
            continue;
        }
        compared += 1;
        let offered: BTreeSet<_> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["in"] == "query")
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        for name in expected["query"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()) {
            if !offered.contains(name) {
                wrong.push(format!("{at}: no query parameter {name}"));
            }
        }
        compare(&document, &at, "request", &operation["requestBody"]["content"]["application/json"]["schema"], &expected["request"], &mut wrong);
        let success = operation["responses"].as_object().unwrap().iter().find(|(code, _)| code.starts_with('2')).unwrap().1;
        let success = resolve(&document, success);
        compare(&document, &at, "answer", &success["content"]["application/json"]["schema"], &expected["answer"], &mut wrong);
    }
    assert!(wrong.is_empty(), "not what clients expect:\n{}", wrong.join("\n"));
    assert!(compared >= 39, "only {compared} operations were compared");
}

/// A request must take every field that clients send, and ask for none that they may leave out; an answer must have
/// every field that they need.
fn compare(document: &Value, at: &str, what: &str, schema: &Value, expected: &Value, wrong: &mut Vec<String>) {
    if expected.is_null() {
        return;
    }
    let (names, required) = properties(document, schema);
    let list = |key: &str| -> Vec<String> {
        expected[key].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    for name in list("required").iter().chain(&list("optional")) {
        if !names.contains(name) {
            wrong.push(format!("{at}: the {what} has no field {name}"));
        }
    }
    match what {
        "request" => {
            let sent = list("required");
            for name in required.iter().filter(|name| !sent.contains(name)) {
                wrong.push(format!("{at}: the request asks for {name}, which clients may leave out"));
            }
        }
        _ => {
            for name in list("required").iter().filter(|name| !required.contains(*name)) {
                wrong.push(format!("{at}: the answer may lack {name}"));
            }
        }
    }
}
