//! Whether the files are what they were when they were fetched.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::manifest::{Manifest, sha256};
use super::{folder, sprite, sprite_path};
use crate::step::Note;

/// What else lies in the folder.
const OWN: [&str; 2] = ["README.md", "vendor.toml"];

/// Names every file that was changed, that is missing or that nobody knows of, and fails if there is one.
pub(crate) fn check() -> Result<Note> {
    let manifest = Manifest::read()?;
    let mut unknown = BTreeSet::new();
    collect(&folder(), "", &mut unknown)?;
    let mut findings = Vec::new();
    let mut count = 0;
    for own in OWN {
        unknown.remove(own);
    }
    for package in &manifest.packages {
        if !package.files.contains_key("LICENSE") {
            findings.push(format!("{}: there is no LICENSE", package.name));
        }
        for (file, hash) in &package.files {
            let name = format!("{}/{file}", package.name);
            unknown.remove(&name);
            count += 1;
            match fs::read(folder().join(&name)) {
                Ok(bytes) if sha256(&bytes) == *hash => {}
                Ok(_) => findings.push(format!("{name}: not the file that was published")),
                Err(error) => findings.push(format!("{name}: {error}")),
            }
        }
    }
    findings.extend(unknown.iter().map(|name| format!("{name}: not in vendor.toml")));
    let icons = fs::read_to_string(sprite_path()).unwrap_or_default();
    if icons != sprite::of(&manifest)? {
        findings.push("icons.svg: not made of the icons that are there".to_owned());
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("accept what others made: {} problems, see {}", findings.len(), folder().display());
    }
    Ok(format!("{count} files of {} packages", manifest.packages.len()))
}

/// Adds the paths of the files below `folder`, each after `prefix`.
fn collect(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.insert(name);
        }
    }
    Ok(())
}
