//! The tables of commands, as text for a configuration file.

use std::fmt::Write as _;

use super::plan::{Command, Plan};

/// The tables of all plans; empty if none has a command.
pub(super) fn of(plans: &[Plan]) -> String {
    let mut text = String::new();
    for plan in plans {
        if let Some(command) = &plan.command {
            table(&mut text, command, &plan.uid);
        }
    }
    text
}

fn table(text: &mut String, command: &Command, uid: &str) {
    let Command { name, program, arguments, environment, directory } = command;
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes every write");
    line(format!("[exec.{name}]"));
    line(format!("program = {}", string(program)));
    if !arguments.is_empty() {
        line(format!("arguments = {}", list(arguments)));
    }
    if !environment.is_empty() {
        line(format!("environment = {}", list(environment)));
    }
    if let Some(directory) = directory {
        line(format!("directory = {}", string(directory)));
    }
    line(format!("allow = {}", list(&[format!("source:{uid}")])));
    line(String::new());
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| string(text)).collect::<Vec<_>>().join(", "))
}

/// A basic string: as in JSON, which escapes all that TOML wants escaped but for one character.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let arguments = ["", "a,b", "'\"\\", "\n\t\u{1}\u{7f}", "{payload.ref}", "{{x}}", "é"];
        let command = Command {
            name: "deploy".into(),
            program: "/srv/my scripts/deploy".into(),
            arguments: arguments.map(str::to_owned).into(),
            environment: vec!["A={header.x}".into()],
            directory: Some("/srv".into()),
        };
        let plan = Plan { uid: "Deploy.1".into(), command: Some(command.clone()), ..Plan::default() };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postrider.toml");
        std::fs::write(&path, of(&[plan])).unwrap();
        let sources = Sources { file: Some(path), ..Sources::default() };
        let loaded = Config::default().load(&sources).unwrap().config;
        let read = &loaded.exec["deploy"];
        assert_eq!(read.program.to_str(), Some(&*command.program));
        assert_eq!(read.arguments.0, command.arguments);
        assert_eq!(read.environment.0, command.environment);
        assert_eq!(read.allow.0, ["source:Deploy.1"]);
    }
}
