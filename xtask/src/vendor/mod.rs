//! What of other people is in the pages: published files, unmodified, with their licences.
//!
//! `vendor.toml` names each package with its version and integrity, and each file with its SHA-256. [`check`] compares,
//! without the network; [`update`] fetches the packages again with npm, which is a maintainer's tool and no part of a
//! build. [`sprite`] is the one file that is made of others: all icons together.
//!
//! Deliberately absent: bundling and minifying. What is served is what was published.

mod check;
mod manifest;
mod sprite;
mod update;

use std::path::PathBuf;

use crate::workspace::root;

pub(crate) use self::check::check;
pub(crate) use self::update::update;

/// Where the files are.
fn folder() -> PathBuf {
    root().join("crates/postrider/src/ui/vendor")
}

/// The file of all icons.
fn sprite_path() -> PathBuf {
    root().join("crates/postrider/src/ui/assets/icons.svg")
}
