//! The browser that tests of pages drive: one that the machine has, else Debian's.
//!
//! Deliberately absent: a browser of our own choice and version. Pages must work in the one that people have.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::debian;

/// What it may be called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// What to do where it is missing and cannot be installed.
const HELP: &str = "install Chromium (on Debian the package chromium), so that it is in the search path";

/// Its program, installed first if there is none and this process may.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(found) = search() {
        return Ok(found);
    }
    debian::install("chromium", HELP)?;
    search().with_context(|| format!("find what apt-get has installed: {HELP}"))
}

fn search() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let programs = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    programs.into_iter().find(|program| program.is_file())
}
