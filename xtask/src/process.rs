//! Running other programs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
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

/// Runs `command`, passes its standard output on, and shows each line of it to `see`.
pub(crate) fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("start {}", line(command)))?;
    let mut lines = BufReader::new(child.stdout.take().expect("the output is piped"));
    let mut bytes = Vec::new();
    while lines.read_until(b'\n', &mut bytes)? > 0 {
        std::io::stdout().write_all(&bytes)?;
        see(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("run {}: {status}", line(command)) }
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
