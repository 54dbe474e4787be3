//! Commands of the real program that come to an end.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{PATIENCE, engine};

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Exit {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program with these arguments, and none of the settings of whoever runs the tests.
pub(super) fn program(arguments: &[&str]) -> Command {
    let build =
        std::env::var_os("POSTRIDER_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_postrider").into());
    let mut command = Command::new(build);
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("POSTRIDER_")) {
        command.env_remove(name);
    }
    command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs a command on `data` to its end.
pub(crate) async fn run(data: &Path, arguments: &[&str]) -> Exit {
    let mut command = program(arguments);
    command.env("POSTRIDER_DATA_DIR", data).envs(engine::variables(data));
    let ended = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } = tokio::time::timeout(PATIENCE, ended)
        .await
        .unwrap_or_else(|_| panic!("{arguments:?} does not end"))
        .unwrap()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Exit { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

impl Exit {
    /// What it wrote to stdout, after the test has failed if it did not end well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }
}
