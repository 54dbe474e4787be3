//! Runs a tool to its end, with something on its stdin.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{PATIENCE, Received};

/// How a tool ended.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, without the settings of whoever runs the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("POSTRIDER_")) {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1");
    command
}

impl Tool {
    /// Runs `postrider ARGUMENTS` with nothing on stdin.
    pub(crate) async fn run(arguments: &[&str]) -> Self {
        Self::fed(arguments, b"").await
    }

    /// The same with these bytes on stdin.
    pub(crate) async fn fed(arguments: &[&str], stdin: &[u8]) -> Self {
        let mut command = command();
        command.args(arguments);
        Self::of(command, stdin).await
    }

    /// Runs any command.
    pub(crate) async fn of(mut command: Command, stdin: &[u8]) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (shown, stdin) = (format!("{command:?}"), stdin.to_vec());
        let running = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // A tool that fails before it reads has closed the pipe.
            let _ = child.stdin.take().unwrap().write_all(&stdin);
            child.wait_with_output().unwrap()
        });
        let ended = tokio::time::timeout(PATIENCE, running).await;
        let Output { status, stdout, stderr } =
            ended.unwrap_or_else(|_| panic!("{shown} does not end")).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// `postrider verify` of what a receiver got, with the body on stdin.
    pub(crate) async fn verify(preset: &str, received: &Received, more: &[&str]) -> Self {
        let headers: Vec<_> =
            received.headers.iter().map(|(name, value)| format!("--header={name}: {value}")).collect();
        let mut arguments = vec!["verify", "--preset", preset, "--body", "-"];
        arguments.extend(headers.iter().map(String::as_str));
        arguments.extend(more);
        Self::fed(&arguments, &received.body).await
    }

    /// Its stdout, after the test has failed if it did not end with `code`.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.stdout
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(self, code: i32) -> Value {
        let text = self.ends(code);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text:?} is JSON"))
    }

    /// What it says to stderr, after the test has failed if it was not refused as wrong usage.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        self.stderr
    }
}
