//! The audit log: who did what, when, to which things, and how it ended.
//!
//! An [`Entry`] says what was asked for and what came of it. Of changed settings it has the values before and after;
//! of secrets only that they changed. Deliberately absent: payloads, keys, and what only reads.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::id::{AuditId, EnvironmentId};
use crate::time::Timestamp;

/// Things that one entry names.
pub const TARGETS: usize = 16;
/// Settings that one entry shows the change of.
pub const CHANGES: usize = 64;
/// Bytes of a value in an entry: one that has more only counts as changed.
pub const VALUE_BYTES: usize = 512;
/// Characters of a name or id in an entry.
pub const TEXT_CHARS: usize = 256;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// The environment that it was about; `None` for the instance.
    pub environment: Option<EnvironmentId>,
    /// Who did it.
    pub actor: Actor,
    /// The operation, as the API calls it: `endpoint.patch`.
    pub action: String,
    /// What it was about.
    pub targets: Vec<Target>,
    /// What it changed of settings.
    pub changes: Vec<Changed>,
    /// How it ended, as a status of HTTP.
    pub status: u16,
    /// The address that it came from, where it came over a network.
    pub address: Option<String>,
}

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum ActorKind {
    /// An API key.
    Key = 0,
    /// A person who signed in.
    Person = 1,
    /// A session of the portal.
    Portal = 2,
    /// A command run by someone who holds the data directory.
    Local = 3,
}

impl ActorKind {
    /// The kind with this number.
    #[must_use]
    pub const fn of_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Key),
            1 => Some(Self::Person),
            2 => Some(Self::Portal),
            3 => Some(Self::Local),
            _ => None,
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What they are.
    pub kind: ActorKind,
    /// The id of the key, person or session; empty for a local command.
    pub id: String,
    /// The name at that time.
    pub name: String,
}

impl Actor {
    /// Someone with this id and name.
    #[expect(clippy::needless_pass_by_value, reason = "ids are small, and callers have them as values")]
    pub fn new(kind: ActorKind, id: impl ToString, name: &str) -> Self {
        Self { kind, id: id.to_string(), name: cut(name) }
    }

    /// Whoever holds the data directory.
    #[must_use]
    pub const fn local() -> Self {
        Self { kind: ActorKind::Local, id: String::new(), name: String::new() }
    }
}

/// A thing that an act was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it is: `app`, `endpoint`, `message`.
    pub noun: String,
    /// Its id; of something that was not found, what it was called.
    pub id: String,
}

impl Target {
    /// The thing of this kind and id.
    #[expect(clippy::needless_pass_by_value, reason = "ids are small, and callers have them as values")]
    pub fn new(noun: &str, id: impl ToString) -> Self {
        Self { noun: noun.to_owned(), id: cut(&id.to_string()) }
    }
}

/// What became of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The setting, as the API calls it.
    pub field: String,
    /// What it was; absent for secrets and for what is too long.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it is now; absent likewise.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// A value that is there, be it null: a setting that has become null is not one whose value is not shown.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The value of a setting, to be compared with another one of the same setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// One that may be shown.
    Shown(Value),
    /// One that is compared and never shown.
    Secret(Value),
}

impl Setting {
    /// What became of the setting `field`; `None` when it stayed as it was.
    #[must_use]
    pub fn compare(field: &str, old: &Self, new: &Self) -> Option<Changed> {
        if old == new {
            return None;
        }
        let (old, new) = (old.shown(), new.shown());
        // One of two alone would be taken for a setting that was made or taken away.
        let both = old.is_some() && new.is_some();
        Some(Changed { field: field.to_owned(), old: old.filter(|_| both), new: new.filter(|_| both) })
    }

    fn shown(&self) -> Option<Value> {
        match self {
            Self::Shown(value) if value.to_string().len() <= VALUE_BYTES => Some(value.clone()),
            Self::Shown(_) | Self::Secret(_) => None,
        }
    }
}

/// The text, or its beginning, as a line that every store can keep.
fn cut(text: &str) -> String {
    let plain = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    text.chars().take(TEXT_CHARS).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_shows_both_values_or_none() {
        let (shown, secret) = (|value| Setting::Shown(value), |value| Setting::Secret(value));
        let long = json!("x".repeat(VALUE_BYTES));
        for (old, new, expected) in [
            (shown(json!(1)), shown(json!(1)), None),
            (shown(json!(1)), shown(json!(null)), Some((Some(json!(1)), Some(json!(null))))),
            (secret(json!(1)), secret(json!(2)), Some((None, None))),
            (shown(json!(1)), shown(long), Some((None, None))),
        ] {
            let changed = Setting::compare("field", &old, &new);
            assert_eq!(changed.map(|changed| (changed.old, changed.new)), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn null_is_a_value() {
        for (old, new) in [(Some(json!(null)), Some(json!(1))), (None, None)] {
            let changed = Changed { field: "uid".into(), old, new };
            let text = serde_json::to_string(&changed).unwrap();
            assert_eq!(serde_json::from_str::<Changed>(&text).unwrap(), changed, "{text}");
        }
    }

    #[test]
    fn kinds_keep_their_numbers() {
        for number in -1..9 {
            let kind = ActorKind::of_number(number);
            assert!(kind.is_none_or(|kind| kind as i64 == number));
            assert_eq!(kind.is_some(), (0..4).contains(&number));
        }
    }
}
