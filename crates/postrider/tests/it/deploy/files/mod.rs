//! Reading the files of `deploy/`, each in its own language.

mod image;
mod unit;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(super) use image::Image;
pub(super) use unit::Unit;

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where `name` of `deploy/` is.
pub(super) fn path(name: &str) -> PathBuf {
    root().join("deploy").join(name)
}

/// The text of `name` of `deploy/`.
pub(super) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// `name` of `deploy/`, a YAML document without keys that stand twice, with its anchors merged in.
pub(super) fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The texts in a list.
pub(super) fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The services of the Compose file that run the server, by name.
pub(super) fn servers(compose: &Value) -> Vec<(&String, &Value)> {
    let services = compose["services"].as_object().unwrap();
    let servers: Vec<_> = services
        .iter()
        .filter(|(_, service)| service["image"].as_str().unwrap().starts_with("postrider:"))
        .collect();
    assert_eq!(servers.len(), 4, "one with SQLite and three nodes");
    servers
}

/// The variables that a service of the Compose file sets.
pub(super) fn environment(service: &Value) -> Vec<(String, String)> {
    let pairs = service["environment"].as_object().unwrap();
    pairs.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}
