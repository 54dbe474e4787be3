//! A row of the list, for the page and for the live view.

use serde_json::{Value, json};

use crate::service::bins::Kept;
use crate::ui::text::size;

/// Characters of a path in the list.
const PATH_CHARS: usize = 120;

/// How an answer went, for its colour and sign.
pub(super) fn kind(kept: &Kept) -> &'static str {
    match kept.answered.as_bytes() {
        [b'2', ..] => "good",
        [b'3', ..] => "other",
        [b'4' | b'5', ..] => "bad",
        _ => "broken",
    }
}

/// The sign that stands before the word.
pub(super) fn sign(kind: &str) -> &'static str {
    match kind {
        "good" => "✓",
        "other" => "→",
        "bad" => "!",
        _ => "✕",
    }
}

/// The path behind the bin's name, cut.
pub(super) fn path(kept: &Kept) -> String {
    let tail = kept.tail();
    let shown: String = tail.chars().take(PATH_CHARS).collect();
    match (shown.is_empty(), shown.len() < tail.len()) {
        (true, _) => "/".to_owned(),
        (_, true) => format!("{shown}…"),
        _ => shown,
    }
}

/// The answer in a few words.
pub(super) fn answered(kept: &Kept) -> &str {
    let words = kept.answered.split(',').next().unwrap_or_default();
    words.split(" after ").next().unwrap_or_default()
}

/// What the live view sends of a request; the page's script puts it into a row as text.
pub(in crate::bins) fn data(kept: &Kept) -> Value {
    let kind = kind(kept);
    json!({
        "number": kept.number.to_string(),
        "at": kept.at,
        "method": kept.arrived.method,
        "path": path(kept),
        "size": size(kept.arrived.body_bytes),
        "kind": kind,
        "sign": sign(kind),
        "answered": answered(kept),
    })
}
