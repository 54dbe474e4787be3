//! A child process: started with its output in a file, watched through /proc, and never left behind.

use std::{
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// Longest orderly stop.
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// How much of the output explains a failure.
const TAIL: usize = 2000;

pub(crate) struct Process {
    child: Child,
    output: PathBuf,
}

/// Memory of a process, in MiB.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) peak: f64,
}

impl Process {
    /// Starts a program. It inherits the environment, without other settings for Postrider than those given.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: &Path,
        args: impl IntoIterator<Item = A>,
        settings: &[(&str, &str)],
        output: PathBuf,
    ) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(&output)?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("POSTRIDER_") {
                command.env_remove(name);
            }
        }
        command.args(args).envs(settings.iter().copied());
        command.stdin(std::process::Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, output })
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.pid()?;
        // The standard library has no way to send this signal, and unsafe code is forbidden.
        let sent = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        if !sent.success() || timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            bail!("process {pid} did not stop within {STOP_WITHIN:?}:\n{}", self.tail());
        }
        Ok(())
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// An error if it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("ended with {status}:\n{}", self.tail()),
            None => Ok(()),
        }
    }

    /// Its memory now, as Linux tells it.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let mebibytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kibibytes / 1024.0)
        };
        let resident = mebibytes("VmRSS:").context("no VmRSS")?;
        Ok(Memory { resident, peak: mebibytes("VmHWM:").context("no VmHWM")? })
    }

    /// The end of what it has printed.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read(&self.output).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(TAIL)..]).into_owned()
    }

    fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the process has ended")
    }
}
