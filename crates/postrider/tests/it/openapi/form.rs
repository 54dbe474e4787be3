//! The document is OpenAPI 3.1 and holds together.

use std::collections::BTreeSet;

use super::{document, operations, resolve};

#[test]
fn the_document_is_openapi_3_1_and_holds_together() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for field in ["title", "version", "description"] {
        assert!(document["info"][field].as_str().is_some_and(|text| !text.is_empty()), "info.{field}");
    }
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id"));
        assert!(ids.insert(id), "{id} is there twice");
        for tag in operation["tags"].as_array().unwrap() {
            assert!(tags.contains(tag.as_str().unwrap()), "{id} has the unknown tag {tag}");
        }
        let named: BTreeSet<_> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of_path: BTreeSet<_> = parameters
            .iter()
            .filter(|one| one["in"] == "path")
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, of_path, "{id}: the path and its parameters");
        assert!(
            parameters.iter().filter(|one| one["in"] == "path").all(|one| one["required"] == true),
            "{id}"
        );
        let codes: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(codes.iter().any(|code| code.starts_with('2')), "{id} has no success");
        if id != "health.get" {
            assert!(
                ["401", "422", "429"].iter().all(|code| codes.iter().any(|own| own == code)),
                "{id}: {codes:?}"
            );
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        resolve(&document, &serde_json::json!({ "$ref": reference }));
    }
}
