//! What differs between two requests: method, path, headers and body, line by line.

use super::request::Kept;
use super::text;
use crate::service::difference::{Line, lines};

/// Bytes of each side's body that are compared.
const COMPARED: usize = 64 * 1024;

/// A comparison, by part. A part without lines is equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Method and path.
    pub target: Vec<Line>,
    /// Headers, sorted by name.
    pub headers: Vec<Line>,
    /// Bodies: JSON with its members sorted, other text as it is.
    pub body: Vec<Line>,
    /// Whether more of a body was not compared.
    pub is_cut: bool,
}

/// Compares.
#[must_use]
pub fn compare(first: &Kept, second: &Kept) -> Comparison {
    let target = |kept: &Kept| format!("{} {}\n", kept.arrived.method, kept.arrived.path);
    Comparison {
        target: lines(&target(first), &target(second)),
        headers: lines(&headers(first), &headers(second)),
        body: bodies(first, second),
        is_cut: [first, second].iter().any(|kept| kept.arrived.body.len() > COMPARED || kept.is_cut()),
    }
}

fn headers(kept: &Kept) -> String {
    let line =
        |(name, value): &(String, bytes::Bytes)| format!("{name}: {}\n", String::from_utf8_lossy(value));
    let mut lines: Vec<_> = kept.arrived.headers.iter().map(line).collect();
    lines.sort();
    lines.concat()
}

fn bodies(first: &Kept, second: &Kept) -> Vec<Line> {
    if first.arrived.body == second.arrived.body {
        return Vec::new();
    }
    let texts = [first, second].map(|kept| {
        let body = &kept.arrived.body;
        String::from_utf8_lossy(&body[..body.len().min(COMPARED)]).into_owned()
    });
    match texts.each_ref().map(|text| text::sorted(text)) {
        [Some(first), Some(second)] => lines(&first, &second),
        _ => lines(&texts[0], &texts[1]),
    }
}
