//! The layers of ARCHITECTURE.md, as tests: who may know of whom.

use std::fs;
use std::path::{Path, PathBuf};

use crate::deps::{Metadata, Tree};
use crate::workspace::root;

/// What the crates below the server must not be built with.
const ABSENT: [(&str, &[&str]); 3] = [
    // Rules are pure: no runtime, no database, no HTTP, nothing of ours.
    (
        "postrider-core",
        &["tokio", "rusqlite", "hyper", "axum", "postrider-store", "postrider-egress", "postrider"],
    ),
    // No transaction is open during a delivery: whatever holds transactions cannot make a request. Its only connection
    // is to the database.
    ("postrider-store", &["hyper", "axum", "postrider-egress", "postrider"]),
    // The door out knows of connections and nothing else.
    ("postrider-egress", &["rusqlite", "axum", "postrider-core", "postrider-store", "postrider"]),
];

/// The modules of the server that faces call, and the faces, which none of these may name.
const CALLED: [&str; 6] = ["intake", "dispatch", "upkeep", "service", "context", "directory"];
const FACES: [&str; 6] =
    ["crate::api", "crate::bins", "crate::cli", "crate::inlet", "crate::relay", "crate::ui"];

#[test]
fn crates_depend_only_downwards() {
    let metadata = Metadata::read().unwrap();
    for (package, absent) in ABSENT {
        let tree = Tree::of(&metadata, package).unwrap();
        for name in absent {
            let paths = tree.paths(name);
            assert!(paths.is_empty(), "{package} must do without {name}: {paths:?}");
        }
    }
}

#[test]
fn nothing_calls_a_face() {
    let source = root().join("crates/postrider/src");
    let mut files = Vec::new();
    for module in CALLED {
        let before = files.len();
        collect(&source.join(module), &mut files);
        let file = source.join(module).with_extension("rs");
        files.extend(file.exists().then_some(file));
        assert!(files.len() > before, "there is no module {module} any more");
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for face in FACES {
            assert!(!text.contains(face), "{} names {face}", file.display());
        }
    }
}

/// Adds the Rust files below `folder`, if it exists.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
