//! The examples in the help texts work as printed, but for the address of the receiver.

use std::path::Path;
use std::process::Command;

use super::{Tool, command};
use crate::support::Receiver;

/// The commands under `Examples:`; a line goes on where it ends in a backslash.
fn examples(help: &str) -> Vec<String> {
    let (_, shown) = help.split_once("Examples:\n").expect("the help has examples");
    let shown = shown.replace("\\\n", "\\\u{0}");
    let lines = shown.lines().take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().replace('\u{0}', "\n")).collect()
}

#[tokio::test]
async fn the_examples_of_the_help_work_as_printed() {
    let receiver = Receiver::start().await;
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("github.secret"), "It's a Secret to Everybody\n").unwrap();
    std::fs::write(place.path().join("hello.txt"), "Hello, World!").unwrap();
    let program = Path::new(command().get_program()).parent().unwrap().to_owned();
    let path = std::env::join_paths(
        [program].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    for (tool, count) in [("trigger", 5), ("verify", 2), ("explain", 2)] {
        let examples = examples(&Tool::run(&[tool, "--help"]).await.ends(0));
        assert_eq!(examples.len(), count, "{examples:?}");
        for example in examples {
            let mut here = example.clone();
            for there in ["http://127.0.0.1:3000", "http://localhost:4242"] {
                here = here.replace(there, &receiver.url(""));
            }
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", &here]).current_dir(place.path()).env("PATH", &path);
            let told = Tool::of(shell, b"").await;
            assert_eq!(told.code, Some(0), "{example}: {told:?}");
            assert!(!told.stdout.is_empty(), "{example}");
        }
    }
    assert_eq!(receiver.count(), 3, "three of them send");
}
