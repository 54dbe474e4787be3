//! The places that settings come from, read into one shape.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::value::Value;

/// What every variable begins with.
pub(super) const PREFIX: &str = "POSTRIDER_";

/// Variables with the prefix that are no settings.
const OTHER_VARIABLES: [&str; 6] = [
    "POSTRIDER_PORT",
    "POSTRIDER_CONFIG",
    "POSTRIDER_KEY",
    "POSTRIDER_URL",
    "POSTRIDER_COMMIT",
    "POSTRIDER_CRASH_AT",
];
/// Variables that are not for us, though they have our prefix: what Kubernetes adds to every container when a service is
/// named `postrider`, and what our tests are told. No key begins like that.
const NOT_OURS: [&str; 4] =
    ["POSTRIDER_SERVICE_", "POSTRIDER_PORT_", "POSTRIDER_TEST_", "POSTRIDER_TORTURE_"];

/// Where a setting was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In an environment variable.
    Variable(String),
    /// In an argument of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "argument {name}"),
        }
    }
}

/// One setting, before it is known whether such a key exists.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its dotted key, as given.
    pub(super) key: String,
    /// Its value; `None` where a table or something else unreadable stands.
    pub(super) value: Option<Value>,
    /// Where it was made.
    pub(super) origin: Origin,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret: nobody knows before the key is found.
        f.write_str("Value(…)")
    }
}

/// The settings of a TOML file.
pub(super) fn file(path: &Path) -> Result<Vec<Entry>, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Problem::Unreadable { path: path.to_owned(), source })?;
    let document = DeTable::parse(&text)
        .map_err(|source| Problem::Toml { path: path.to_owned(), source: Box::new(source) })?;
    let mut entries = Vec::new();
    flatten(document.get_ref(), "", &text, path, &mut entries);
    Ok(entries)
}

fn flatten(table: &DeTable<'_>, prefix: &str, text: &str, path: &Path, entries: &mut Vec<Entry>) {
    for (name, value) in table {
        let dot = if prefix.is_empty() { "" } else { "." };
        let key = format!("{prefix}{dot}{}", name.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            flatten(inner, &key, text, path, entries);
            continue;
        }
        let before = text.get(..name.span().start).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let origin = Origin::File { path: path.to_owned(), line };
        entries.push(Entry { key, value: read(value.get_ref()), origin });
    }
}

fn read(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Array(array) => {
            array.iter().map(|element| scalar(element.get_ref())).collect::<Option<_>>().map(Value::List)
        }
        other => scalar(other).map(Value::Text),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The settings among environment variables.
pub(super) fn variables<'a>(all: impl Iterator<Item = &'a (String, String)>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = all
        .filter(|(name, _)| !OTHER_VARIABLES.contains(&name.as_str()))
        .filter(|(name, _)| !NOT_OURS.iter().any(|other| name.starts_with(other)))
        .filter_map(|(name, value)| {
            Some(Entry {
                key: name.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", "."),
                value: Some(Value::Text(value.clone())),
                origin: Origin::Variable(name.clone()),
            })
        })
        .collect();
    // The system gives them in no order; problems are listed in one.
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    entries
}

/// The variable that sets `key`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}
