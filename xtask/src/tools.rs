//! What some tests need, in the target folder: the official client libraries for Python and Node.js, what drives a browser
//! and judges pages, and the tools that judge the files of `deploy/`.
//!
//! Nothing is installed outside `target/test-tools` but the browser itself, as [`chromium`] says. A folder that is there is complete: one that could not be filled
//! is removed, so that a test which finds it may rely on it, and one which does not says that it was skipped.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::step::Note;
use crate::{chromium, process, workspace};

/// The longest that an installation may take.
const LIMIT: Duration = Duration::from_secs(300);
/// Names what was installed, by the manifest's own text.
const STAMP: &str = "installed";

/// What is installed together.
struct Tool {
    /// Its folder below [`home`].
    name: &'static str,
    /// What to install: a file below the server's `tests/`, beside what uses it.
    manifest: &'static str,
    /// Fills a folder by its manifest.
    fill: fn(&Path, &Path) -> Result<()>,
}

const TOOLS: [Tool; 4] = [
    Tool { name: "python", manifest: "clients/requirements.txt", fill: fill_python },
    Tool { name: "node", manifest: "clients/package.json", fill: fill_node },
    Tool { name: "browser", manifest: "browser/package.json", fill: fill_browser },
    Tool { name: "deploy", manifest: "deploy/requirements.txt", fill: fill_python },
];

/// Where the tools are; tests are told by `POSTRIDER_TEST_TOOLS`.
pub(crate) fn home() -> PathBuf {
    workspace::target().join("test-tools")
}

/// Installs what is missing or was made by another manifest. What cannot be installed is an error if `must`, and
/// else left out.
pub(crate) fn install(must: bool) -> Result<Note> {
    let mut missing = Vec::new();
    for tool in &TOOLS {
        if let Err(error) = tool.install() {
            eprintln!("{}: failed to {error:#}", tool.name);
            missing.push(tool.name);
        }
    }
    if missing.is_empty() {
        return Ok(Note::new());
    }
    let missing = missing.join(" and ");
    ensure!(!must, "install what the tests need in {missing}");
    Ok(format!("without {missing}, whose tests will be skipped"))
}

impl Tool {
    fn install(&self) -> Result<()> {
        let manifest = workspace::root().join("crates/postrider/tests").join(self.manifest);
        let wanted = fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
        let folder = home().join(self.name);
        if fs::read_to_string(folder.join(STAMP)).is_ok_and(|installed| installed == wanted) {
            eprintln!("{}: already there", self.name);
            return Ok(());
        }
        eprintln!("{}: installing into {}", self.name, folder.display());
        clear(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let filled = (self.fill)(&folder, &manifest)
            .and_then(|()| fs::write(folder.join(STAMP), wanted).context("note what was installed"));
        if filled.is_err() {
            clear(&folder)?;
        }
        filled
    }
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn fill_python(folder: &Path, requirements: &Path) -> Result<()> {
    let probe = "import sys, venv; sys.exit(sys.version_info < (3, 9))";
    if !process::succeeds(Command::new("python3").args(["-c", probe])) {
        bail!("find Python 3.9 or newer with the module venv");
    }
    process::run_within(LIMIT, Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements);
    process::run_within(LIMIT, &mut pip)
}

fn fill_node(folder: &Path, manifest: &Path) -> Result<()> {
    let probe = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";
    if !process::succeeds(Command::new("node").args(["-e", probe])) {
        bail!("find Node.js 20 or newer");
    }
    fs::copy(manifest, folder.join("package.json")).context("copy package.json")?;
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
        "--loglevel=error",
    ]);
    process::run_within(LIMIT, npm.current_dir(folder))
}

/// Packages of Node.js, and beside them the browser's program under a name that tests know.
fn fill_browser(folder: &Path, manifest: &Path) -> Result<()> {
    fill_node(folder, manifest)?;
    symlink(chromium::program()?, folder.join("chromium")).context("link the browser")
}
