//! `vendor.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path};

use anyhow::{Context as _, Result, ensure};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::folder;

/// What the file begins with.
const HEAD: &str = "\
# What of other people is in the pages: published files, unmodified, by the paths that they have in their npm package.
# `cargo xtask vendor-check` compares them with their SHA-256; `cargo xtask vendor-update` fetches them anew and writes
# this file again. See README.md.
";

/// All of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// In the order of their names.
    #[serde(rename = "package")]
    pub(super) packages: Vec<Package>,
}

/// A package as npm publishes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    /// Its name there, and of its folder here.
    pub(super) name: String,
    /// Which release.
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) license: String,
    /// What npm says of its archive: `sha512-` and base64. Empty while a new version is being fetched.
    pub(super) integrity: String,
    /// The files that are used, by path, with their SHA-256 in hexadecimal digits, or nothing for a new one.
    pub(super) files: BTreeMap<String, String>,
}

impl Manifest {
    pub(super) fn read() -> Result<Self> {
        let path = folder().join("vendor.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let manifest: Self = toml::from_str(&text).with_context(|| format!("read {}", path.display()))?;
        for package in &manifest.packages {
            ensure!(is_inside(&package.name), "read {}: {} is no name", path.display(), package.name);
            for file in package.files.keys() {
                ensure!(is_inside(file), "read {}: {file} is no path in a package", path.display());
            }
        }
        Ok(manifest)
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for Package { name, version, license, integrity, files } in &self.packages {
            let values =
                [("name", name), ("version", version), ("license", license), ("integrity", integrity)];
            text.push_str("\n[[package]]\n");
            for (key, value) in values {
                let _ = writeln!(text, "{key} = \"{value}\"");
            }
            text.push_str("\n[package.files]\n");
            for (file, hash) in files {
                let _ = writeln!(text, "\"{file}\" = \"{hash}\"");
            }
        }
        text
    }

    /// The package of this name.
    pub(super) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

/// Whether a path only leads down.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_down_only() {
        for (path, expected) in
            [("dist/a.js", true), ("LICENSE", true), ("", false), ("../a", false), ("/a", false)]
        {
            assert_eq!(is_inside(path), expected, "{path}");
        }
    }

    #[test]
    fn the_file_is_as_it_would_be_written() {
        let text = fs::read_to_string(folder().join("vendor.toml")).unwrap();
        assert_eq!(Manifest::read().unwrap().text(), text);
    }
}
