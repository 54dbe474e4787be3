//! The data directory: the database unless that is PostgreSQL, the sealing key, the control socket.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::path::Path;

use super::StartError;

/// The file of the sealing key in the data directory.
pub const SEAL_KEY_FILE: &str = "seal.key";
/// The socket of commands in the data directory.
pub const CONTROL_SOCKET: &str = "control.sock";
/// The SQLite engine locks it itself; here it is for servers that use PostgreSQL. Never removed: a lock belongs to a
/// file, not to its name.
const LOCK_FILE: &str = "lock";

/// Makes the directory, for its owner only.
pub(crate) fn make(path: &Path) -> Result<(), StartError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| {
        // The system says that it exists, which is true but does not help.
        let is_file = source.kind() == io::ErrorKind::AlreadyExists;
        let source = if is_file { io::ErrorKind::NotADirectory.into() } else { source };
        StartError::DataDir { path: path.to_owned(), source }
    })
}

/// Keeps other servers out of the directory for as long as the file is open. The SQLite engine has a lock of its own.
pub(super) fn lock(path: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::DataDir { path: path.to_owned(), source };
    let file = File::options().create(true).append(true).open(path.join(LOCK_FILE)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_locked_for_as_long_as_the_lock_lives() {
        let dir = tempfile::tempdir().unwrap();
        let first = lock(dir.path()).unwrap();
        assert!(matches!(lock(dir.path()), Err(StartError::Locked(path)) if path == dir.path()));
        drop(first);
        lock(dir.path()).unwrap();
    }
}
