//! Values of a source that a preset asks for beside secrets: an audience, a header's name, a verify token.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The settings of a source, by name. `Debug` shows the names alone: some of the values are secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The value of a setting, if it has one that is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets a setting.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The names that are set, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Text of a preset that may be a setting: `$name`, else the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Fixed(String),
    Setting(String),
}

impl Text {
    /// The text, or `None` for a setting without a value.
    pub(super) fn get<'a>(&'a self, settings: &'a Settings) -> Option<&'a str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Setting(name) => settings.get(name),
        }
    }
}

impl FromStr for Text {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('$') {
            Some(name) => Self::Setting(name.to_owned()),
            None => Self::Fixed(text.to_owned()),
        })
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Setting(name) => write!(f, "${name}"),
        }
    }
}
