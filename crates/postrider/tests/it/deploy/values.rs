//! The chart's values, their schema and the templates speak of the same things.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::files::{path, text, yaml};

const CHART: &str = "helm/postrider";

/// All templates, one after another.
fn templates() -> String {
    let folder = path(CHART).join("templates");
    let entries = fs::read_dir(&folder).unwrap().chain(fs::read_dir(folder.join("tests")).unwrap());
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The names of values as `a.b.c`: those with nothing below them that the chart itself names.
fn leaves(value: &Value, name: &str, into: &mut BTreeSet<String>) {
    match value.as_object() {
        // The keys below are of whoever installs it.
        Some(map) if !map.is_empty() && !["settings", "resources"].contains(&name) => {
            for (key, value) in map {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                leaves(value, &name, into);
            }
        }
        _ => {
            into.insert(name.to_owned());
        }
    }
}

/// The same of a schema.
fn described(schema: &Value, name: &str, into: &mut BTreeSet<String>) {
    match schema["properties"].as_object() {
        Some(properties) => {
            assert_eq!(schema["additionalProperties"], false, "{name}: a misspelt value must be refused");
            for (key, schema) in properties {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                described(schema, &name, into);
            }
        }
        None => {
            into.insert(name.to_owned());
        }
    }
}

#[test]
fn and_their_schema_name_the_same() {
    let mut values = BTreeSet::new();
    leaves(&yaml(&format!("{CHART}/values.yaml")), "", &mut values);
    let schema: Value = serde_json::from_str(&text(&format!("{CHART}/values.schema.json"))).unwrap();
    let mut known = BTreeSet::new();
    described(&schema, "", &mut known);
    assert!(known.remove("global"), "Helm's own");
    assert_eq!(values, known);
}

#[test]
fn are_those_that_the_templates_use() {
    let templates = templates();
    let mut values = BTreeSet::new();
    leaves(&yaml(&format!("{CHART}/values.yaml")), "", &mut values);
    for name in &values {
        let last = name.rsplit('.').next().unwrap();
        assert!(templates.contains(&format!(".{last}")), "nothing uses {name}");
    }
    for used in templates.split(".Values.").skip(1) {
        let end = used.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').unwrap();
        let name = used[..end].trim_end_matches('.');
        let is_there = values.iter().any(|value| value == name || value.starts_with(&format!("{name}.")));
        assert!(is_there, "there is no value {name}");
    }
}
