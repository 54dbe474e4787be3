//! The part of `deny.toml` that this chore judges by.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::workspace::root;

/// See the module's documentation. What else the file says is for cargo-deny.
#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    pub(super) licenses: Licenses,
    pub(super) bans: Bans,
    pub(super) sources: Sources,
}

#[derive(Debug, Deserialize)]
pub(super) struct Licenses {
    /// SPDX identifiers, with their exception if they have one.
    pub(super) allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Bans {
    pub(super) deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ban {
    /// The crate's name, without versions.
    #[serde(rename = "crate")]
    pub(super) name: String,
    /// Whether one version is fine and only a second is banned.
    #[serde(rename = "deny-multiple-versions", default)]
    pub(super) one_version: bool,
    /// Why, for whoever runs into it.
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sources {
    #[serde(rename = "allow-registry")]
    pub(super) allow_registry: Vec<String>,
}

impl Policy {
    pub(super) fn read() -> Result<Self> {
        let path = root().join("deny.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(&text).context("understand deny.toml")
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let policy: Self = toml::from_str(text)?;
        for ban in &policy.bans.deny {
            // A version here would silently ban nothing.
            ensure!(
                !ban.name.contains(['@', ':']),
                "ban {:?}: this chore bans crates by name only",
                ban.name
            );
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_this_repository_can_be_read() {
        let policy = Policy::read().unwrap();
        assert!(policy.bans.deny.iter().any(|ban| ban.name == "aws-lc-sys" && !ban.one_version));
        assert!(policy.licenses.allow.iter().any(|id| id == "MIT"));
    }

    #[test]
    fn a_ban_with_a_version_is_refused() {
        let text = "licenses.allow = []\nsources.allow-registry = []\n\
                    bans.deny = [{ crate = \"bad@1\", reason = \"it is bad\" }]";
        assert!(Policy::parse(text).is_err());
    }
}
