//! A copy of everything while the store is in use, and the way back.
//!
//! A backup reads one snapshot, so it is consistent and does not start over when something is written. Until it is done
//! the log cannot start again from its beginning: it grows by what is written meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::connection::{self, Purpose};
use super::open::DATABASE_FILE;
use crate::{Error, crash};

/// Pages between two reports of progress: 4 MiB.
const STEP_PAGES: i32 = 1_024;

/// Writes a copy of `file` to `to`, which must not exist. A copy that was not finished never has that name.
pub(super) fn backup(file: &Path, to: &Path, progress: &dyn Fn(u64, u64)) -> Result<(), Error> {
    if to.exists() {
        return Err(engine(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} exists", to.display()))));
    }
    let part = part_of(to);
    let copied = copy(file, &part, progress).and_then(|()| publish(&part, to).map_err(engine));
    if copied.is_err() {
        // What cannot be removed either is only a part, by name.
        let _ = fs::remove_file(&part);
    }
    copied
}

fn copy(file: &Path, part: &Path, progress: &dyn Fn(u64, u64)) -> Result<(), Error> {
    private(part).map_err(engine)?;
    let source = connection::open(file, Purpose::Read)?;
    let snapshot = source.unchecked_transaction()?;
    // A read begins the snapshot.
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = Connection::open(part)?;
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let backup = Backup::new(&source, &mut target)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let state = backup.progress();
        let (all, left) =
            (u64::from(state.pagecount.unsigned_abs()), u64::from(state.remaining.unsigned_abs()));
        progress(all.saturating_sub(left), all);
        crash::point("backup.pages");
        match step {
            StepResult::More => {}
            StepResult::Done => return Ok(()),
            _ => return Err(Error::Overloaded { retry_after: super::fault::RETRY_AFTER }),
        }
    }
}

/// Why a backup cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is something in the data directory already.
    #[error("restore into {0}: it is not empty")]
    NotEmpty(PathBuf),
    /// The backup is damaged, or no backup.
    #[error("restore {path}: it is damaged ({what})")]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file cannot be read or written.
    #[error("copy {path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Puts the backup at `from` into `data_dir`, which must be empty or absent, after every page and index of the copy has
/// been checked. The seal key is not part of a backup.
pub fn restore(from: &Path, data_dir: &Path) -> Result<(), RestoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| RestoreError::Io { path, source }
    };
    fs::create_dir_all(data_dir).map_err(io(data_dir))?;
    if fs::read_dir(data_dir).map_err(io(data_dir))?.next().is_some() {
        return Err(RestoreError::NotEmpty(data_dir.to_owned()));
    }
    let file = data_dir.join(DATABASE_FILE);
    let part = part_of(&file);
    let restored = private(&part)
        .map_err(io(&part))
        .and_then(|()| fs::copy(from, &part).map_err(io(from)))
        .and_then(|_| check(&part).map_err(|what| RestoreError::Damaged { path: from.to_owned(), what }))
        .and_then(|()| publish(&part, &file).map_err(io(&file)));
    if restored.is_err() {
        let _ = fs::remove_file(&part);
    }
    restored
}

/// Checks a file that nobody else uses.
fn check(file: &Path) -> Result<(), String> {
    let verdict = || {
        let conn = Connection::open(file)?;
        // A backup of a database with a log says so in its header; checked without one it leaves no files behind.
        conn.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        conn.query_row("SELECT value FROM meta WHERE name = 'holder'", [], |_| Ok(()))?;
        conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
    };
    match verdict() {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(verdict),
        Err(error) => Err(error.to_string()),
    }
}

/// Makes `part` durable under the name `to`.
fn publish(part: &Path, to: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    fs::rename(part, to)?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Makes an empty file that only its owner can read, in place of what an earlier try left.
fn private(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn engine(error: io::Error) -> Error {
    Error::Engine(Box::new(error))
}
