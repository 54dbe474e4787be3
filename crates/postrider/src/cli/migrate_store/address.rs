//! How a database is written on the command line.

use std::fmt;
use std::path::PathBuf;

use crate::config::Database;

const SQLITE: &str = "sqlite://";

/// A database to move from or into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A data directory.
    Sqlite(PathBuf),
    /// A URL without a password.
    Postgres(String),
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(dir) = text.strip_prefix(SQLITE) {
            let dir = if dir.is_empty() {
                Err("names no directory")
            } else {
                std::path::absolute(dir).map_err(|_| "is no path")
            };
            return dir
                .map(Self::Sqlite)
                .map_err(|what| format!("{what}, such as sqlite:///var/lib/postrider"));
        }
        match Database::parse(text) {
            Ok(Database::Postgres(url)) => Ok(Self::Postgres(url)),
            Ok(Database::Sqlite) => Err(format!("must name a directory: {SQLITE}DIR")),
            Err(_) if !text.contains("://") => Err(format!("is neither {SQLITE}DIR nor postgres://…")),
            Err(what) => Err(what),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(dir) => write!(f, "{SQLITE}{}", dir.display()),
            Self::Postgres(url) => f.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_read_and_shown() {
        for text in ["sqlite:///var/lib/postrider", "postgres://u@h:5432/d?sslmode=disable"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        let relative = Address::parse("sqlite://data").unwrap().to_string();
        assert!(relative.starts_with("sqlite:///") && relative.ends_with("/data"), "{relative}");
        for (text, says) in [
            ("sqlite://", "no directory"),
            ("sqlite", "sqlite://DIR"),
            ("/var/lib/postrider", "neither"),
            ("mysql://hush@h/d", "neither"),
            ("postgres://u:hush@h/d", "store.password"),
        ] {
            let refused = Address::parse(text).unwrap_err();
            assert!(refused.contains(says) && !refused.contains("hush"), "{text}: {refused}");
        }
    }
}
