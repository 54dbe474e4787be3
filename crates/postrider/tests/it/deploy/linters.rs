//! What the tools of each format say.

use std::fs;
use std::process::Command;

use super::files::{path, text};
use crate::support::{skip, tool};

/// Runs a linter, which must find nothing.
#[track_caller]
fn content(command: &mut Command) {
    let output = command.output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?}\n{said}");
}

#[test]
fn the_dockerfile() {
    let Some(hadolint) = tool("deploy/bin/hadolint") else { return };
    content(Command::new(hadolint).args(["--no-color"]).arg(path("docker/Dockerfile")));
}

#[test]
fn the_compose_file() {
    let Some(check) = tool("deploy/bin/check-jsonschema") else { return };
    content(Command::new(check).args(["--builtin-schema", "vendor.compose-spec"]).arg(path("compose.yaml")));
}

#[test]
fn the_load_balancer() {
    let Some(caddy) = tool("deploy/bin/caddy") else { return };
    // It keeps what it makes where its environment says.
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(caddy);
    command.env("HOME", place.path()).env("XDG_CONFIG_HOME", place.path()).env("XDG_DATA_HOME", place.path());
    command.args(["validate", "--adapter", "caddyfile", "--config"]).arg(path("compose/Caddyfile"));
    content(&mut command);
}

#[test]
fn the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        skip("there is no systemd-analyze");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let unit = place.path().join("postrider.service");
    // Whether the program is there is looked at too.
    let here = text("systemd/postrider.service")
        .replace("/usr/local/bin/postrider", env!("CARGO_BIN_EXE_postrider"));
    fs::write(&unit, here).unwrap();
    let drop_ins = place.path().join("postrider.service.d");
    fs::create_dir(&drop_ins).unwrap();
    fs::copy(path("systemd/postrider.service.d/credentials.conf"), drop_ins.join("credentials.conf"))
        .unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("postrider"), "{said}");
    // Tenths of the points from 0, the least exposed, to 10.
    content(
        Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=20"]).arg(&unit),
    );
}
