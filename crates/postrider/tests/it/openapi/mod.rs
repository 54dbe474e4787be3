//! The API's description: well-formed, complete in words, and what the client libraries expect.

mod contract;
mod form;
mod words;

use serde_json::Value;

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
            let pointer =
                path.strip_prefix('#').unwrap_or_else(|| panic!("{path} leads out of the document"));
            let found = document.pointer(pointer).unwrap_or_else(|| panic!("{path} leads nowhere"));
            resolve(document, found)
        }
        None => value,
    }
}
