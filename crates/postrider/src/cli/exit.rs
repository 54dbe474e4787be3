//! How commands end: exit codes that scripts can rely on.

use std::fmt;
use std::process::ExitCode;

/// Why a command ended. The numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked; also a server that was told to stop.
    Ok = 0,
    /// It failed for another reason than those below.
    Failure = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// What was asked for does not exist.
    NotFound = 3,
    /// The key is missing, wrong, or not allowed to do this.
    Auth = 4,
    /// Something that it needs is down.
    Unavailable = 69,
    /// It may work later: another process holds the data directory, the disk is full, or too much is under way.
    Retry = 75,
    /// The configuration is not usable.
    Config = 78,
    /// It was interrupted.
    Interrupted = 130,
}

/// The table at the end of `--help`.
pub const TABLE: &str = "\
Exit codes:
  0    done; a server that was told to stop
  1    failed
  2    arguments that make no sense
  3    not found
  4    the key is missing, wrong, or not allowed to do this
  69   something that is needed is down
  75   may work later: the data directory is in use, the disk is full, or too much is under way
  78   the configuration is not usable
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed, for a person and for a script.
#[derive(Debug)]
pub struct Failure {
    /// For scripts.
    pub exit: Exit,
    /// For people.
    pub error: anyhow::Error,
}

impl Failure {
    /// A failure that is fully told by a sentence.
    pub fn new(exit: Exit, sentence: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Self { exit, error: anyhow::Error::msg(sentence) }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failure, error: error.into() }
    }
}

/// Says with which code a failure ends the command.
pub trait OrExit<T> {
    /// Ends with `exit` on failure.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_help_names_every_code() {
        use Exit::{Auth, Config, Failure, Interrupted, NotFound, Ok, Retry, Unavailable, Usage};
        let all = [Ok, Failure, Usage, NotFound, Auth, Unavailable, Retry, Config, Interrupted];
        let listed: Vec<u8> =
            TABLE.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
        assert_eq!(listed, all.map(|exit| exit as u8));

        let manual =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md")).unwrap();
        for exit in all {
            assert!(manual.contains(&format!("\n| {} | ", exit as u8)), "docs/cli.md lacks {exit:?}");
        }
    }
}
