//! Completion scripts, which a shell can load.

use std::path::Path;
use std::process::Command;

use crate::support::run;

/// The shells, and how each reads a script: without running it, except for bash, which only defines things by it.
const SHELLS: [(&str, &[&str]); 3] = [
    ("bash", &["--noprofile", "--norc", "-c", "source \"$0\" && complete -p postrider"]),
    ("zsh", &["--no-rcs", "--no-exec"]),
    ("fish", &["--no-config", "--no-execute"]),
];

/// What a shell that this machine has says to a script; `None` where it has no such shell.
fn load(shell: &str, arguments: &[&str], script: &Path) -> Option<Result<(), String>> {
    let output = Command::new(shell).args(arguments).arg(script).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() && said.is_empty() { Ok(()) } else { Err(said) })
}

#[tokio::test]
async fn scripts_know_the_commands_and_load() {
    let dir = tempfile::tempdir().unwrap();
    for (shell, arguments) in SHELLS {
        let script = run(dir.path(), &["completions", shell]).await.ok();
        for word in ["postrider", "serve", "doctor", "revoke", "data-dir"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
        let file = dir.path().join(shell);
        std::fs::write(&file, script).unwrap();
        if let Some(loaded) = load(shell, arguments, &file) {
            assert_eq!(loaded, Ok(()), "{shell}");
        }
    }
}

/// Else the test above would also pass with a loader that takes everything.
#[test]
fn loaders_refuse_what_is_no_script() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("broken");
    std::fs::write(&file, "if true\n( \"\n").unwrap();
    for (shell, arguments) in SHELLS {
        let loaded = load(shell, arguments, &file);
        assert!(loaded.is_none_or(|loaded| loaded.is_err()), "{shell}");
    }
}
