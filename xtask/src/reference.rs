//! Documents that are made from code.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::{cargo, root};

/// Each document, and what cargo is to run to print it.
const DOCUMENTS: [(&str, &[&str]); 2] = [
    ("docs/configuration.md", &["--package", "postrider", "--", "config", "reference"]),
    ("docs/providers.md", &["--package", "postrider-core", "--example", "providers"]),
];

/// Writes the documents that are out of date, or, with `check`, only names them and fails.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (name, arguments) in DOCUMENTS {
        let path = root().join(name);
        let mut command = cargo();
        command.args(["run", "--quiet"]).args(arguments);
        let text = process::output(&mut command)?;
        if fs::read(&path).is_ok_and(|written| written == text) {
            println!("{name}: up to date");
        } else if check {
            stale.push(name);
        } else {
            fs::write(&path, text).with_context(|| format!("write {name}"))?;
            println!("{name}: written");
        }
    }
    if !stale.is_empty() {
        bail!("find {} up to date: run `cargo xtask reference`", stale.join(", "));
    }
    Ok(())
}
