//! The real program takes the settings that the files give it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::COMING_VARIABLES;
use super::files::{Image, Unit, environment, servers, yaml};

type Variables = Vec<(String, String)>;

/// `postrider config show` with these variables and no others: all keys with their values, or what it complains of.
fn show(variables: &[(String, String)]) -> Result<BTreeMap<String, String>, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command.env_clear().args(["config", "show", "--output", "json"]);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let keys: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Ok(keys.iter().map(|key| (text(&key["key"]), text(&key["value"]))).collect())
}

/// What holds with these variables. Secrets are read from files made up for it, since those that are named are not
/// here; what is [coming](COMING_VARIABLES) is left out.
pub(super) fn shown(variables: &[(String, String)]) -> BTreeMap<String, String> {
    let place = tempfile::tempdir().unwrap();
    let here = variables.iter().filter(|(name, _)| !COMING_VARIABLES.contains(&name.as_str()));
    let here: Variables = here
        .map(|(name, value)| {
            let value = if name.ends_with("_FILE") { made_up(place.path(), name) } else { value.clone() };
            (name.clone(), value)
        })
        .collect();
    show(&here).unwrap_or_else(|complaint| panic!("{variables:?}: {complaint}"))
}

/// A file with something that will do as any secret: 64 hexadecimal digits.
fn made_up(place: &Path, name: &str) -> String {
    let path = place.join(name);
    std::fs::write(&path, "0123456789abcdef".repeat(4)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Settings written over those of the image.
fn over_the_image(variables: Variables) -> Variables {
    let mut all = Image::read().environment();
    all.retain(|(name, _)| variables.iter().all(|(other, _)| other != name));
    all.extend(variables);
    all
}

#[test]
fn of_the_image() {
    let image = Image::read();
    let shown = shown(&image.environment());
    assert_eq!(shown["listen"], "0.0.0.0:8071");
    assert_eq!(shown["data_dir"], image.says("VOLUME"));
}

#[test]
fn of_the_compose_file() {
    for (name, service) in servers(&yaml("compose.yaml")) {
        let shown = shown(&over_the_image(environment(service)));
        assert_eq!(shown["server.max_connections_per_ip"], "0", "{name}");
        assert_ne!(shown["bootstrap_key"], "", "{name}");
        assert_eq!(shown["seal_key"].is_empty(), name == "postrider", "{name}: nodes share the sealing key");
    }
}

#[test]
fn of_the_unit() {
    let unit = Unit::read(&["postrider.service"]);
    assert_eq!(shown(&unit.environment())["data_dir"], "/var/lib/postrider");
    let unit = Unit::read(&["postrider.service", "postrider.service.d/credentials.conf"]);
    let shown = shown(&unit.environment());
    for (key, variable) in [
        ("bootstrap_key", "POSTRIDER_BOOTSTRAP_KEY_FILE"),
        ("seal_key", "POSTRIDER_SEAL_KEY_FILE"),
        ("metrics.token", "POSTRIDER_METRICS__TOKEN_FILE"),
    ] {
        assert_ne!(shown[key], "", "{key}");
        let read = unit.environment().into_iter().find(|(name, _)| name == variable).unwrap().1;
        let credential = read.strip_prefix("/run/credentials/").unwrap();
        assert!(unit.all("LoadCredential").any(|loaded| loaded.starts_with(&format!("{credential}:"))));
    }
}

/// The variables of a container that the chart made; those that Kubernetes fills in are given a word.
pub(super) fn of_container(container: &Value) -> Variables {
    let variables = container["env"].as_array().unwrap();
    let pair = |variable: &Value| {
        let value = variable["value"].as_str().unwrap_or("demo");
        (variable["name"].as_str().unwrap().to_owned(), value.to_owned())
    };
    over_the_image(variables.iter().map(pair).collect())
}

#[test]
fn what_is_coming_has_not_come() {
    for name in COMING_VARIABLES {
        let variable = vec![(name.to_owned(), "/nowhere".to_owned())];
        let complaint = show(&variable).expect_err("a value that no key has");
        assert!(
            complaint.contains("there is no key"),
            "{name} has come: take it from COMING_VARIABLES\n{complaint}"
        );
    }
}
