//! What the binary is made of, judged by `deny.toml`.
//!
//! The file is one that `cargo deny check bans licenses sources` understands as well; this chore needs neither that
//! program nor the network, so that everybody runs it on every change. It reads of the file:
//!
//! - `licenses.allow`: each package of the lock file must be usable under these licences alone;
//! - `bans.deny`: crates that the binary must not contain, or of which it must contain one version only;
//! - `sources.allow-registry`: where packages may come from.
//!
//! Deliberately absent: advisories, which are only worth something fresh from the network (see
//! `docs/decisions/0009-dependencies-are-checked-offline.md`).

mod licence;
mod policy;
mod tree;

use anyhow::{Result, bail};

use self::policy::Policy;
pub(crate) use self::tree::{Metadata, Tree};

/// The package whose dependencies the bans are about.
const BINARY: &str = "postrider";

/// Names everything that breaks the policy, and fails if something does.
pub(crate) fn check() -> Result<()> {
    let (metadata, policy) = (Metadata::read()?, Policy::read()?);
    let tree = Tree::of(&metadata, BINARY)?;
    let mut findings = banned(&tree, &policy);
    findings.extend(metadata.packages.iter().filter_map(|package| licence_problem(package, &policy)));
    findings.extend(metadata.packages.iter().filter_map(|package| source_problem(package, &policy)));

    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("accept the dependencies: {} problems, see deny.toml", findings.len());
    }
    println!("{} packages, {} of them in the binary", metadata.packages.len(), tree.len());
    Ok(())
}

fn banned(tree: &Tree, policy: &Policy) -> Vec<String> {
    let mut findings = Vec::new();
    for ban in &policy.bans.deny {
        let found = tree.paths(&ban.name);
        if found.len() <= usize::from(ban.one_version) {
            continue;
        }
        let what = if ban.one_version { "comes in more than one version" } else { "is banned" };
        let paths = found.iter().map(|path| format!("\n    {}", path.join(" → ")));
        findings.push(format!("{} {what}: {}{}", ban.name, ban.reason, paths.collect::<String>()));
    }
    findings
}

fn licence_problem(package: &tree::Package, policy: &Policy) -> Option<String> {
    let allowed = |id: &str| policy.licenses.allow.iter().any(|allowed| allowed == id);
    let what = match package
        .license
        .as_deref()
        .map(|expression| (expression, licence::permits(expression, allowed)))
    {
        Some((_, Some(true))) => return None,
        Some((expression, Some(false))) => format!("is licensed as {expression:?}, which is not allowed"),
        Some((expression, None)) => format!("has a licence that cannot be read: {expression:?}"),
        None => "does not say its licence".to_owned(),
    };
    Some(format!("{} {} {what}", package.name, package.version))
}

fn source_problem(package: &tree::Package, policy: &Policy) -> Option<String> {
    // Packages of this repository have no source.
    let source = package.source.as_deref()?;
    let registry = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+"));
    let allowed =
        registry.is_some_and(|from| policy.sources.allow_registry.iter().any(|allowed| allowed == from));
    (!allowed).then(|| format!("{} {} comes from {source}", package.name, package.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(
            r#"
            [licenses]
            allow = ["MIT"]
            [bans]
            deny = [
                { crate = "bad", reason = "it is bad" },
                { crate = "twin", deny-multiple-versions = true, reason = "one is enough" },
            ]
            [sources]
            allow-registry = ["https://here.example/index"]
            "#,
        )
        .unwrap()
    }

    fn package(license: Option<&str>, source: Option<&str>) -> tree::Package {
        let own = |text: &str| text.to_owned();
        tree::Package {
            id: own("p"),
            name: own("p"),
            version: own("1.0.0"),
            license: license.map(own),
            source: source.map(own),
        }
    }

    #[test]
    fn a_package_needs_an_allowed_licence() {
        for (license, fine) in [
            (Some("MIT OR GPL-3.0"), true),
            (Some("GPL-3.0"), false),
            (Some("MIT AND"), false),
            (None, false),
        ] {
            assert_eq!(licence_problem(&package(license, None), &policy()).is_none(), fine, "{license:?}");
        }
    }

    #[test]
    fn a_package_comes_from_here_or_an_allowed_registry() {
        let table = [
            (None, true),
            (Some("registry+https://here.example/index"), true),
            (Some("registry+https://there.example/index"), false),
            (Some("git+https://here.example/index"), false),
        ];
        for (source, fine) in table {
            assert_eq!(
                source_problem(&package(Some("MIT"), source), &policy()).is_none(),
                fine,
                "{source:?}"
            );
        }
    }

    #[test]
    fn bans_hold_for_the_binary_and_not_for_its_tests() {
        let metadata = Metadata::parse(tree::tests::METADATA.as_bytes()).unwrap();
        let of = |root| banned(&Tree::of(&metadata, root).unwrap(), &policy());
        assert_eq!(of("clean"), Vec::<String>::new(), "only its tests use `bad`, and it has one `twin`");
        let findings = of("dirty");
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(
            findings[0].contains("bad is banned: it is bad\n    dirty → twin 2.0.0 → bad"),
            "{}",
            findings[0]
        );
        assert!(
            findings[1].contains("twin comes in more than one version: one is enough"),
            "{}",
            findings[1]
        );
    }
}
