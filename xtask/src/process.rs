//! Running other programs.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a program with a time limit is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs `command`, which writes where this program does, and demands that it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start {}", line(command)))?;
    if status.success() { Ok(()) } else { bail!("run {}: {status}", line(command)) }
}

/// Runs `command` and gives its standard output; its messages go where this program's do.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("start {}", line(command)))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        bail!("run {}: {}", line(command), output.status)
    }
}

/// Runs `command`, passes its standard output on, and shows each line of it to `see`. One that writes no line for as long
/// as `quiet_max` hangs: it is ended, and what it wrote last tells where.
pub(crate) fn watch(quiet_max: Duration, command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("start {}", line(command)))?;
    let output = child.stdout.take().expect("the output is piped");
    let (sender, lines) = sync_channel(0);
    std::thread::spawn(move || read_lines(output, &sender));
    loop {
        match lines.recv_timeout(quiet_max) {
            Ok(Ok(bytes)) => {
                io::stdout().write_all(&bytes)?;
                see(String::from_utf8_lossy(&bytes).trim_end());
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                child.kill()?;
                child.wait()?;
                bail!("run {}: it wrote nothing for {} s", line(command), quiet_max.as_secs())
            }
        }
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("run {}: {status}", line(command)) }
}

/// Sends the lines of `output` until it ends or nobody wants them.
fn read_lines(output: impl Read, lines: &SyncSender<io::Result<Vec<u8>>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut bytes = Vec::new();
        let line = match output.read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => Ok(bytes),
            Err(error) => Err(error),
        };
        let failed = line.is_err();
        if lines.send(line).is_err() || failed {
            return;
        }
    }
}

/// Runs `command` without input, and ends it when it takes longer than `limit`.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    let began = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).spawn().with_context(|| format!("start {}", line(command)))?;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("run {}: {status}", line(command)),
            None if began.elapsed() < limit => std::thread::sleep(LOOK),
            None => {
                child.kill()?;
                child.wait()?;
                bail!("run {}: it took longer than {} s", line(command), limit.as_secs())
            }
        }
    }
}

/// Whether `command` can be started and succeeds. What it writes is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// `command` as a person would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    format!("`{}`", words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_are_seen_until_the_end() {
        let mut seen = Vec::new();
        let mut see = |line: &str| seen.push(line.to_owned());
        watch(Duration::from_secs(60), &mut sh("echo one; echo two; printf three"), &mut see).unwrap();
        let failed = watch(Duration::from_secs(60), &mut sh("echo four; exit 3"), &mut see).unwrap_err();
        assert!(failed.to_string().ends_with("exit status: 3"), "{failed}");
        assert_eq!(seen, ["one", "two", "three", "four"]);
    }

    #[test]
    fn one_that_hangs_is_ended() {
        let began = Instant::now();
        let hung = watch(Duration::from_millis(200), &mut sh("exec sleep 60"), |_| {}).unwrap_err();
        assert!(hung.to_string().contains("it wrote nothing"), "{hung}");
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
