//! What is different between two versions of a schema, for those who must follow.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::outline::{Outline, Row};
use crate::ui::text::visible;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Where.
    pub(crate) path: String,
    /// What happened there.
    pub(crate) kind: ChangeKind,
}

/// What happened to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// The new version alone has it.
    Added,
    /// The old version alone has it.
    Removed,
    /// Both have it, and something of it is not the same; in words.
    Changed(Vec<String>),
}

/// What `new` has otherwise than `old`, by path. Alternatives, which share a path, are compared by their fields.
pub(crate) fn changes(old: &Outline, new: &Outline) -> Vec<Change> {
    let by_path = |outline: &Outline| -> BTreeMap<String, Row> {
        let rows = outline.rows.iter().filter(|row| !row.is_alternative);
        rows.map(|row| (row.path.clone(), row.clone())).collect()
    };
    let (before, mut after) = (by_path(old), by_path(new));
    let mut changes = Vec::new();
    for (path, old) in before {
        match after.remove(&path) {
            None => changes.push(Change { path, kind: ChangeKind::Removed }),
            Some(new) => {
                let words = compared(&old, &new);
                if !words.is_empty() {
                    changes.push(Change { path, kind: ChangeKind::Changed(words) });
                }
            }
        }
    }
    changes.extend(after.into_keys().map(|path| Change { path, kind: ChangeKind::Added }));
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    changes
}

fn compared(old: &Row, new: &Row) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |differs: bool, what: String| {
        if differs {
            words.push(what);
        }
    };
    say(old.kind != new.kind, format!("{} became {}", old.kind, new.kind));
    say(!old.is_required && new.is_required, "is required now".to_owned());
    say(old.is_required && !new.is_required, "is optional now".to_owned());
    say(!old.is_deprecated && new.is_deprecated, "is deprecated now".to_owned());
    say(old.format != new.format, "has another format".to_owned());
    let gone = old.values.iter().filter(|value| !new.values.contains(value)).count();
    let come = new.values.iter().filter(|value| !old.values.contains(value)).count();
    say(gone + come > 0, format!("has other values: {come} new, {gone} gone"));
    say(old.rules != new.rules || old.pattern != new.pattern, "has other rules".to_owned());
    say(old.default != new.default, "has another default".to_owned());
    say(old.about != new.about, "is described otherwise".to_owned());
    words
}

/// Differences as a list.
pub(crate) fn change_list(changes: &[Change]) -> Markup {
    html! {
        @if changes.is_empty() { p.hint { "No field is different." } }
        @else {
            ul.changes {
                @for Change { path, kind } in changes {
                    @let (class, sign) = match kind {
                        ChangeKind::Added => ("good", "+"),
                        ChangeKind::Removed => ("bad", "−"),
                        ChangeKind::Changed(_) => ("other", "≠"),
                    };
                    li {
                        span class={ "status " (class) } { (sign) } " " code { (visible(path, false)) } " "
                        @match kind {
                            ChangeKind::Added => "is new",
                            ChangeKind::Removed => "is gone",
                            ChangeKind::Changed(words) => (visible(&words.join(", "), false)),
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        let outline = |schema| Outline::of(schema, schema);
        let changes = changes(&outline(old), &outline(new));
        changes.into_iter().map(|change| format!("{} {:?}", change.path, change.kind)).collect()
    }

    #[test]
    fn fields_come_go_and_change() {
        let old = json!({"properties": {
            "id": {"type": "string"}, "n": {"type": "integer"}, "gone": {}, "kind": {"enum": ["a", "b"]},
            "in": {"properties": {"x": {"type": "string"}}}
        }});
        let new = json!({"required": ["id"], "properties": {
            "id": {"type": "string"}, "n": {"type": "number"}, "come": {}, "kind": {"enum": ["b", "c", "d"]},
            "in": {"properties": {"x": {"type": "string", "format": "date"}}}
        }});
        assert_eq!(
            told(&old, &new),
            [
                "come Added",
                "gone Removed",
                "id Changed([\"is required now\"])",
                "in.x Changed([\"has another format\"])",
                "kind Changed([\"has other values: 2 new, 1 gone\"])",
                "n Changed([\"integer became number\"])",
            ]
        );
        assert!(told(&old, &old).is_empty());
    }
}
