//! Event types as a tree, by the dots in their names.

use std::collections::BTreeMap;

/// Levels of the tree; what has more dots stays in one piece at the end.
const LEVELS: usize = 4;

/// A level of the tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree<'n> {
    /// The whole name of the event type that ends here, if one does.
    pub(crate) name: Option<&'n str>,
    /// What follows after a dot.
    pub(crate) branches: BTreeMap<&'n str, Self>,
}

impl<'n> Tree<'n> {
    /// The tree of these names.
    pub(crate) fn of(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut tree = Self::default();
        for name in names {
            let parts = name.splitn(LEVELS, '.');
            parts.fold(&mut tree, |at, part| at.branches.entry(part).or_default()).name = Some(name);
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tree: &Tree<'_>) -> String {
        let branches = tree.branches.iter().map(|(part, branch)| format!("{part}{}", told(branch)));
        let name = if tree.name.is_some() { "!" } else { "" };
        format!("{name}[{}]", branches.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn names_branch_at_their_dots() {
        let tree =
            Tree::of(["invoice", "invoice.paid", "invoice.line.added", "user.made", "a.b.c.d.e.f", "..x"]);
        assert_eq!(
            told(&tree),
            "[[[x![]]] a[b[c[d.e.f![]]]] invoice![line[added![]] paid![]] user[made![]]]"
        );
    }
}
