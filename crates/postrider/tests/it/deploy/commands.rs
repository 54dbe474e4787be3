//! The real program has the commands that the files and `docs/deploy.md` give it.

use std::fs;
use std::process::Command;

use super::COMING_COMMANDS;
use super::files::{Image, Unit, root};

const PROGRAM: &str = "/usr/local/bin/postrider";

/// What `--help` of the command at the front of `words` says; `None` where there is no such command.
fn help(words: &[String]) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command.env_clear().args(words.iter().take_while(|word| !word.starts_with('-'))).arg("--help");
    let output = command.output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Demands that the program would take `words`: the command exists, and each of its options.
#[track_caller]
pub(super) fn exists(words: &[String]) {
    if COMING_COMMANDS.contains(&words[0].as_str()) {
        return;
    }
    let help = help(words).unwrap_or_else(|| panic!("there is no {words:?}"));
    for option in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(option.as_str()), "{words:?}: there is no {option}\n{help}");
    }
}

#[test]
fn that_start_the_server_and_ask_for_its_health() {
    let image = Image::read();
    assert_eq!(image.command("ENTRYPOINT"), [PROGRAM]);
    exists(&image.command("CMD"));
    exists(&image.command("HEALTHCHECK")[1..]);
    let unit = Unit::read(&["postrider.service"]);
    let line: Vec<String> = unit.one("ExecStart").split(' ').map(str::to_owned).collect();
    assert_eq!(line[0], PROGRAM);
    exists(&line[1..]);
}

#[test]
fn in_the_instructions() {
    let text = fs::read_to_string(root().join("docs/deploy.md")).unwrap();
    let mut count = 0;
    for line in text.lines().filter(|line| line.starts_with("    ")) {
        let mut words = line.split_whitespace().skip_while(|word| *word != PROGRAM).skip(1).peekable();
        // A place rather than a command, as in `install target/release/postrider /usr/local/bin/postrider`.
        if words.peek().is_some() {
            // Paths and names come after the options' names and the command.
            let words: Vec<String> = words
                .enumerate()
                .filter(|(at, word)| *at == 0 || word.starts_with("--"))
                .map(|(_, word)| word.to_owned())
                .collect();
            exists(&words);
            count += 1;
        }
    }
    assert!(count >= 4, "the instructions have lost their commands");
}

#[test]
fn what_is_coming_has_not_come() {
    for name in COMING_COMMANDS {
        assert_eq!(help(&[name.to_owned()]), None, "{name} has come: take it from COMING_COMMANDS");
    }
}
