//! A JSON Schema as an outline: a row for each value that a payload may have, in the order of reading.
//!
//! A schema comes from outside and may be deep, refer to itself, or be built to take for ever. Every list here has a
//! ceiling, what was left out is marked, and references are followed within the document alone: nothing is fetched.
//! A schema is explained and not judged: what makes no sense in it is passed over.

mod parts;
mod walk;
mod words;

use serde_json::Value;

pub(super) use parts::{Parts, list};

/// Rows of one outline.
pub(crate) const ROWS: usize = 400;
/// Levels of one outline.
pub(crate) const LEVELS: usize = 10;

/// A schema, outlined.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outline {
    /// The whole value.
    pub(crate) top: Row,
    /// What is in it.
    pub(crate) rows: Vec<Row>,
    /// Whether there are more rows than are here.
    pub(crate) is_cut: bool,
}

/// One value of a payload.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    /// Where it is, such as `data.items[].id`. Unique in an outline except among alternatives.
    pub(crate) path: String,
    /// The last part of the path.
    pub(crate) name: String,
    /// How many values it is in.
    pub(crate) level: usize,
    /// Its kind, in words.
    pub(crate) kind: String,
    /// Whether it must be there.
    pub(crate) is_required: bool,
    /// Whether it should not be used any more.
    pub(crate) is_deprecated: bool,
    /// Whether it is one of several forms of the value that it stands below.
    pub(crate) is_alternative: bool,
    /// The name of a format, such as `date-time`.
    pub(crate) format: Option<String>,
    /// The only values that it may have, as JSON.
    pub(crate) values: Vec<String>,
    /// How many more of those there are.
    pub(crate) values_left_out: usize,
    /// What it is where it is missing, as JSON.
    pub(crate) default: Option<String>,
    /// A regular expression that it matches.
    pub(crate) pattern: Option<String>,
    /// Further rules, in words.
    pub(crate) rules: Vec<String>,
    /// What it means.
    pub(crate) about: String,
    /// Why what is in it does not follow.
    pub(crate) inside: Inside,
}

/// What is known of the inside of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Its rows follow, or there is nothing in it.
    #[default]
    Follows,
    /// It is in itself, so it has been told above.
    Above,
    /// It lies too deep.
    TooDeep,
}

impl Outline {
    /// The outline of `schema`, whose references are into `root`.
    pub(crate) fn of(root: &Value, schema: &Value) -> Self {
        walk::walk(root, schema)
    }
}

#[cfg(test)]
mod tests;
