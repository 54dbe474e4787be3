//! Installing packages of the system: where it is Debian's, and this process is root's.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::process;

/// The longest that each step of it may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Installs a package. An error where this process may not, which says how else to `help` oneself.
pub(crate) fn install(package: &str, help: &str) -> Result<()> {
    let may_install = is_root()? && process::succeeds(Command::new("apt-get").arg("--version"));
    ensure!(may_install, "find {package}: {help}");
    eprintln!("{package}: installing");
    process::run_within(LIMIT, Command::new("apt-get").args(["update", "--quiet=2"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet=2", "--no-install-recommends", package]);
    process::run_within(LIMIT, install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether this process is root's.
pub(crate) fn is_root() -> Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))?.trim_ascii() == b"0")
}
