//! What can be wrong with a configuration. All problems are found at once, not one a start.

use std::fmt;
use std::path::PathBuf;

use super::layer::Origin;

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no such key.
    #[error("{origin}: there is no key `{key}`{}", suggest(suggestion.as_deref()))]
    Unknown {
        /// Where it is set.
        origin: Origin,
        /// The key, as it would be written in a file.
        key: String,
        /// The one that was probably meant, spelled as at the origin.
        suggestion: Option<String>,
    },
    /// The value makes no sense for the key.
    #[error("{origin}: `{key}` {what}")]
    Invalid {
        /// Where it is set.
        origin: Origin,
        /// The key.
        key: String,
        /// Why not.
        what: String,
    },
    /// A secret is given both as itself and as a file, in the same place.
    #[error("{origin}: `{key}` is given twice, once with `_file`")]
    Twice {
        /// Where the second one is.
        origin: Origin,
        /// The key.
        key: String,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}: {source}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why not.
        source: Box<toml::de::Error>,
    },
}

fn suggest(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// All that is wrong with a configuration; at least one thing.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not usable:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}
