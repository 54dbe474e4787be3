//! Fetching the packages again.
//!
//! A maintainer writes into `vendor.toml` what is to change: a version, with its integrity emptied, or a further file,
//! with nothing for its hash. What is written there already must come again exactly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA512, digest};

use super::manifest::{Manifest, Package, sha256};
use super::{folder, sprite, sprite_path};
use crate::{process, workspace};

/// The longest that npm or tar may take for a package.
const LIMIT: Duration = Duration::from_secs(120);

/// Fetches all packages, and writes the files, `vendor.toml` and the file of icons.
pub(crate) fn update() -> Result<()> {
    let mut manifest = Manifest::read()?;
    let place = workspace::target().join("vendor-update");
    for package in &mut manifest.packages {
        fetch(package, &place).with_context(|| format!("fetch {}", package.name))?;
        println!("{} {}: {} files", package.name, package.version, package.files.len());
    }
    fs::remove_dir_all(&place).with_context(|| format!("remove {}", place.display()))?;
    write(&sprite_path(), sprite::of(&manifest)?.as_bytes())?;
    write(&folder().join("vendor.toml"), manifest.text().as_bytes())
}

fn fetch(package: &mut Package, place: &Path) -> Result<()> {
    let archive = pack(package, &place.join(&package.name))?;
    let bytes = fs::read(&archive).with_context(|| format!("read {}", archive.display()))?;
    let integrity = format!("sha512-{}", STANDARD.encode(digest(&SHA512, &bytes)));
    let is_new = package.integrity.is_empty();
    ensure!(is_new || package.integrity == integrity, "get the same archive as before: it is {integrity}");
    package.integrity = integrity;

    let opened = archive.with_extension("opened");
    fs::create_dir_all(&opened).with_context(|| format!("make {}", opened.display()))?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--gzip", "--no-same-owner", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&opened);
    process::run_within(LIMIT, &mut tar)?;

    for (file, hash) in &mut package.files {
        let bytes =
            fs::read(opened.join("package").join(file)).with_context(|| format!("read its {file}"))?;
        let found = sha256(&bytes);
        ensure!(is_new || hash.is_empty() || *hash == found, "get the same {file} as before");
        *hash = found;
        write(&folder().join(&package.name).join(file), &bytes)?;
    }
    Ok(())
}

/// Has npm fetch the archive into an empty folder, and says where it is.
fn pack(package: &Package, place: &Path) -> Result<PathBuf> {
    if place.exists() {
        fs::remove_dir_all(place).with_context(|| format!("remove {}", place.display()))?;
    }
    fs::create_dir_all(place).with_context(|| format!("make {}", place.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", &format!("{}@{}", package.name, package.version)]).current_dir(place);
    process::run_within(LIMIT, &mut npm)?;
    let mut files = fs::read_dir(place)?;
    Ok(files.next().context("find what npm has fetched")??.path())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("write {}", path.display()))
}
