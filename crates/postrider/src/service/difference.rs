//! What differs between two texts, line by line.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// After so long the comparison gets coarser instead of longer.
const EFFORT: Duration = Duration::from_millis(200);
/// Lines around a change.
const CONTEXT: usize = 3;

/// How a line came to be in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It is in both.
    Both,
    /// Only in the first.
    First,
    /// Only in the second.
    Second,
    /// Some that are in both are left out here.
    Gap,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it is.
    pub side: Side,
    /// Its text, without the line's end.
    pub text: String,
}

/// The lines that differ, with some around them. Nothing where the texts are equal.
#[must_use]
pub fn lines(first: &str, second: &str) -> Vec<Line> {
    let diff = TextDiff::configure().timeout(EFFORT).diff_lines(first, second);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            lines.push(Line { side: Side::Gap, text: String::new() });
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let side = match change.tag() {
                ChangeTag::Equal => Side::Both,
                ChangeTag::Delete => Side::First,
                ChangeTag::Insert => Side::Second,
            };
            lines.push(Line { side, text: change.value().trim_end_matches('\n').to_owned() });
        }
    }
    lines
}
