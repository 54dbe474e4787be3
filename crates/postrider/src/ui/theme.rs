//! Light or dark.

use http::HeaderMap;

use super::visitor;

/// The cookie that a page's script keeps a choice in. It is no secret, and without it the system's theme shows.
const COOKIE: &str = "theme";

/// Which of the two themes a page shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// What the visitor's system has.
    #[default]
    System,
    /// Light, whatever the system has.
    Light,
    /// Dark, whatever the system has.
    Dark,
}

impl Theme {
    /// What the visitor chose.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::named(visitor::cookie(headers, COOKIE).unwrap_or_default())
    }

    /// The theme of this name; the system's for any other.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Its name, where it is not the system's.
    pub(crate) const fn forced(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}
