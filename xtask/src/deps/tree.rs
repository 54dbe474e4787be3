//! The packages of the lock file, and those among them that are built into one of them.

use std::collections::{HashMap, HashSet, VecDeque};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;
use crate::workspace::cargo;

/// What `cargo metadata` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(super) packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) license: Option<String>,
    /// `None` for a package of this repository.
    pub(super) source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    /// `None` for an ordinary dependency, else `build` or `dev`.
    kind: Option<String>,
}

impl Metadata {
    pub(crate) fn read() -> Result<Self> {
        Self::parse(&process::output(cargo().args(["metadata", "--locked", "--format-version", "1"]))?)
    }

    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).context("understand cargo metadata")
    }
}

/// A package with everything that it needs to be built, on all platforms; not what only its tests need.
///
/// Features are those that the whole workspace asks for together, so the tree may hold more than the binary does,
/// never less.
pub(crate) struct Tree<'m> {
    packages: HashMap<&'m str, &'m Package>,
    /// Each package of the tree, and one that needs it; `None` for the root.
    parents: HashMap<&'m str, Option<&'m str>>,
}

impl<'m> Tree<'m> {
    /// The tree under the package of this repository that is called `name`.
    pub(crate) fn of(metadata: &'m Metadata, name: &str) -> Result<Self> {
        let own = |package: &&Package| package.name == name && package.source.is_none();
        let root = metadata.packages.iter().find(own).with_context(|| format!("find the package {name}"))?;
        let nodes: HashMap<&str, &Node> =
            metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut parents = HashMap::from([(root.id.as_str(), None)]);
        let mut queue = VecDeque::from([root.id.as_str()]);
        while let Some(id) = queue.pop_front() {
            for dependency in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
                let built = dependency.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"));
                if built && !parents.contains_key(dependency.pkg.as_str()) {
                    parents.insert(&dependency.pkg, Some(id));
                    queue.push_back(&dependency.pkg);
                }
            }
        }
        let packages = metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
        Ok(Self { packages, parents })
    }

    /// How many packages it has, the root included.
    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    /// A shortest path from the root to each version of the crate `name`, by names and versions.
    pub(crate) fn paths(&self, name: &str) -> Vec<Vec<String>> {
        let versions: HashSet<&str> = self
            .parents
            .keys()
            .copied()
            .filter(|id| self.packages.get(id).is_some_and(|package| package.name == name))
            .collect();
        let mut paths: Vec<_> = versions.into_iter().map(|id| self.path(id)).collect();
        paths.sort();
        paths
    }

    fn path(&self, id: &'m str) -> Vec<String> {
        let steps = std::iter::successors(Some(id), |id| self.parents.get(id).copied().flatten());
        let mut path: Vec<String> = steps.map(|id| self.label(id)).collect();
        path.reverse();
        path
    }

    fn label(&self, id: &str) -> String {
        match self.packages.get(id) {
            Some(package) if package.source.is_none() => package.name.clone(),
            Some(package) => format!("{} {}", package.name, package.version),
            None => id.to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two packages of ours: `clean`, of which only the tests need `bad`, and `dirty`, which is built with `bad` and
    /// with two versions of `twin`.
    pub(in crate::deps) const METADATA: &str = r#"{
        "packages": [
            {"id": "clean", "name": "clean", "version": "0.1.0", "license": "MIT", "source": null},
            {"id": "dirty", "name": "dirty", "version": "0.1.0", "license": "MIT", "source": null},
            {"id": "bad", "name": "bad", "version": "1.0.0", "license": "MIT", "source": "registry+x"},
            {"id": "twin1", "name": "twin", "version": "1.0.0", "license": "MIT", "source": "registry+x"},
            {"id": "twin2", "name": "twin", "version": "2.0.0", "license": "MIT", "source": "registry+x"}
        ],
        "resolve": {"nodes": [
            {"id": "clean", "deps": [
                {"pkg": "bad", "dep_kinds": [{"kind": "dev"}]},
                {"pkg": "twin1", "dep_kinds": [{"kind": null}]}
            ]},
            {"id": "dirty", "deps": [
                {"pkg": "twin1", "dep_kinds": [{"kind": null}]},
                {"pkg": "twin2", "dep_kinds": [{"kind": "dev"}, {"kind": "build"}]}
            ]},
            {"id": "twin2", "deps": [{"pkg": "bad", "dep_kinds": [{"kind": null}]}]},
            {"id": "twin1", "deps": []},
            {"id": "bad", "deps": []}
        ]}
    }"#;

    #[test]
    fn a_tree_has_what_is_built_and_not_what_only_tests_need() {
        let metadata = Metadata::parse(METADATA.as_bytes()).unwrap();
        assert_eq!(Tree::of(&metadata, "clean").unwrap().len(), 2);
        assert_eq!(Tree::of(&metadata, "dirty").unwrap().len(), 4);
        assert!(Tree::of(&metadata, "bad").is_err(), "not ours");
    }

    #[test]
    fn paths_say_who_brought_a_crate() {
        let metadata = Metadata::parse(METADATA.as_bytes()).unwrap();
        let tree = Tree::of(&metadata, "dirty").unwrap();
        assert_eq!(tree.paths("bad"), [["dirty", "twin 2.0.0", "bad 1.0.0"]]);
        assert_eq!(tree.paths("twin"), [["dirty", "twin 1.0.0"], ["dirty", "twin 2.0.0"]]);
        assert!(tree.paths("other").is_empty());
    }
}
