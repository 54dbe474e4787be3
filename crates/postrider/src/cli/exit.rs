//! How commands end: exit codes that scripts can rely on.

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
    /// It may work later: another process holds the data directory, the disk is full, or too much is under way; also a
    /// node that the others have taken for dead, and that works again once it is started again.
    Retry = 75,
    /// The configuration is not usable.
    Config = 78,
    /// It was interrupted before it was done; also a server that a second signal ended at once.
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
  75   may work later: data directory or address in use, disk full, too much under way,
       a node that the others have taken for dead
  78   the configuration is not usable
  130  interrupted: stopped before it was done, or told twice to stop";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
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
