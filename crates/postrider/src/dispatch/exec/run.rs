//! One run of a command.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;

use super::command::{Command, Filled};
use super::group::Group;
use super::output::Output;

/// How long what a command has written may still come after it has ended: for what is on its way in the pipe, and not for
/// those who keep it open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// It was killed at the deadline.
    TimedOut,
    /// It was killed because the server stops.
    Stopped,
}

/// Runs `command` and waits for its end. Then nothing of it is left, and what it has written is beside how it ended. Fails
/// when it could not be started. When this is dropped, the command is killed.
pub(super) async fn run(
    command: &Command,
    filled: Filled,
    body: Bytes,
    stop: &CancellationToken,
) -> io::Result<(Ended, Bytes)> {
    let (reader, writer) = io::pipe()?;
    let mut output = Output::new(reader, command.max_output)?;
    let mut child = spawn(command, filled, writer)?;
    let group = child.id().and_then(Group::led_by).ok_or(io::ErrorKind::NotFound)?;
    group.limit(command.limits);
    let input = child.stdin.take();
    let talk = async {
        tokio::join!(output.read(), feed(input, body));
        std::future::pending::<Infallible>().await
    };
    let ended = tokio::select! {
        status = child.wait() => Ended::Exited(status?),
        () = tokio::time::sleep(command.timeout) => Ended::TimedOut,
        () = stop.cancelled() => Ended::Stopped,
        never = talk => match never {},
    };
    drop(group);
    child.wait().await?;
    tokio::time::timeout(LAST_WORDS, output.read()).await.ok();
    Ok((ended, output.kept()))
}

fn spawn(command: &Command, filled: Filled, writer: io::PipeWriter) -> io::Result<Child> {
    tokio::process::Command::new(&command.program)
        .args(filled.arguments)
        .env_clear()
        .envs(filled.environment)
        .current_dir(&command.directory)
        .stdin(if command.takes_body { Stdio::piped() } else { Stdio::null() })
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Writes the whole body, or as much as the command reads.
async fn feed(input: Option<ChildStdin>, body: Bytes) {
    if let Some(mut input) = input {
        input.write_all(&body).await.ok();
    }
}

impl Ended {
    /// What went wrong, for the endpoint's owner; `None` where nothing did.
    pub(super) fn problem(&self, timeout: Duration) -> Option<String> {
        match self {
            Self::Exited(status) => match (status.code(), status.signal()) {
                (Some(0), _) => None,
                (Some(code), _) => Some(format!("the command ended with exit code {code}")),
                (None, Some(signal)) => Some(format!("the command was ended by signal {signal}")),
                (None, None) => Some("the command ended, and the system does not say how".to_owned()),
            },
            Self::TimedOut => {
                Some(format!("the command ran longer than {} s and was killed", timeout.as_secs()))
            }
            Self::Stopped => Some("the command was killed because the server stops".to_owned()),
        }
    }
}

/// Why a command could not be started, for the endpoint's owner.
pub(super) fn not_started(error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "its program or its directory does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "its program may not be run, or its directory not be entered".to_owned()
        }
        io::ErrorKind::ArgumentListTooLong => {
            "its arguments and environment are too long together".to_owned()
        }
        _ => error.to_string(),
    };
    format!("the command could not be started: {why}")
}
