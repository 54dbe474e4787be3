//! The document offers what the client libraries use: `client_contract.json`, operation by operation.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{document, resolve};

/// What the client libraries send and expect.
const CONTRACT: &str = include_str!("../client_contract.json");

/// The names of a schema's properties, those of its parts included, and which of them are required.
fn properties(document: &Value, schema: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let schema = resolve(document, schema);
    let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let required =
        schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned());
    let (mut names, mut required): (BTreeSet<_>, BTreeSet<_>) = (names.collect(), required.collect());
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, needed) = properties(document, part);
        names.extend(more);
        required.extend(needed);
    }
    (names, required)
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
        compare(
            &document,
            &at,
            "request",
            &operation["requestBody"]["content"]["application/json"]["schema"],
            &expected["request"],
            &mut wrong,
        );
        let success = operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .find(|(code, _)| code.starts_with('2'))
            .unwrap()
            .1;
        let success = resolve(&document, success);
        compare(
            &document,
            &at,
            "answer",
            &success["content"]["application/json"]["schema"],
            &expected["answer"],
            &mut wrong,
        );
    }
    assert!(wrong.is_empty(), "not what clients expect:\n{}", wrong.join("\n"));
    assert!(compared >= 56, "only {compared} operations were compared");
}

/// A request must take every field that clients send, and ask for none that they may leave out; an answer must have
/// every field that they need.
fn compare(
    document: &Value,
    at: &str,
    what: &str,
    schema: &Value,
    expected: &Value,
    wrong: &mut Vec<String>,
) {
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
