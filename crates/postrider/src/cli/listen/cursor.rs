//! How far a listener is, in a file that is its own.
//!
//! Beside the cursor stand the ids of the last requests, since the server sends what came a little before the cursor again.
//! The file is replaced whole, and a lock keeps a second listener from using it.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use postrider_core::id::{MessageId, first_row_at};
use postrider_core::rng::Rng;
use postrider_core::secret::SigningKey;
use postrider_core::time::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::cli::exit::Exit;
use crate::config;

/// How far behind the cursor ids are kept: longer than the server reads again.
const KEPT: Duration = Duration::from_secs(120);
/// Ids that are kept at most.
const IDS: usize = 20_000;
/// Who may read the file: it may hold a key.
const MODE: u32 = 0o600;

/// Why the state of a listener cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// There is no place for it.
    #[error("find a place for the cursor: set HOME or XDG_STATE_HOME, or use --state-dir")]
    NoPlace,
    /// Another listener has it.
    #[error("use the cursor in {0}: another `postrider listen` has it; give this one another --name")]
    Locked(String),
    /// The file cannot be read or written.
    #[error("use {0}")]
    File(String, #[source] io::Error),
    /// What is in the file is not ours.
    #[error("read {0}: it holds no state of a listener; remove it to begin anew")]
    Broken(String),
}

impl Error {
    /// How the command ends: what another listener holds is free again some time.
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Locked(_) => Exit::Retry,
            Self::NoPlace | Self::File(..) | Self::Broken(_) => Exit::Failure,
        }
    }
}

/// What makes one listener another than the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose<'a> {
    pub(super) server: &'a str,
    pub(super) sources: &'a [String],
    pub(super) types: &'a [String],
    pub(super) name: Option<&'a str>,
}

/// The state of one listener.
pub(super) struct State {
    path: PathBuf,
    kept: Kept,
    /// Held for as long as the state is in use.
    _lock: File,
}

/// As it is written.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// The last request, by time.
    cursor: Option<String>,
    /// The requests of the time before the cursor.
    recent: Vec<String>,
    /// What is older was before the beginning, and is not wanted even where the server reads it again.
    floor: Option<String>,
    /// The key that requests are signed with.
    secret: Option<String>,
}

/// From when on one listens, where it is not from the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Since {
    /// Where the last run ended, else now.
    Last,
    /// In the server's words.
    Said(String),
}

/// What `--since` says.
pub(super) fn since(text: &str, now: Timestamp) -> Result<Since, String> {
    if text == "last" {
        return Ok(Since::Last);
    }
    if ["now", "beginning"].contains(&text)
        || text.parse::<MessageId>().is_ok()
        || text.parse::<Timestamp>().is_ok()
    {
        return Ok(Since::Said(text.to_owned()));
    }
    match config::duration(text) {
        Some(ago) => Ok(Since::Said(now.before(ago).to_string())),
        None => Err(format!(
            "--since {text:?} is none of last, now, beginning, the id of a message, a time such as 2026-01-31T12:00:00Z, \
             or a time ago such as 2h"
        )),
    }
}

impl State {
    /// Opens the state of a listener, in `dir` or where the system keeps such things.
    pub(super) fn open(dir: Option<&Path>, whose: &Whose<'_>) -> Result<Self, Error> {
        let path = path(dir, whose)?;
        let dir = path.parent().unwrap_or(&path);
        fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
        let lock_path = path.with_extension("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|error| failed(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(path.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(failed(&lock_path, error)),
        }
        let kept = Kept::read(&path)?;
        Ok(Self { path, kept, _lock: lock })
    }

    /// Where the last run ended.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.kept.cursor.as_deref()
    }

    /// Whether this request is done already, or was before the beginning.
    pub(super) fn has(&self, id: &str) -> bool {
        // The order of ids is the order of their texts.
        let is_before = self.kept.floor.as_deref().is_some_and(|floor| id < floor);
        is_before || self.kept.recent.iter().any(|recent| recent == id)
    }

    /// Begins at `cursor`: what was before counts no more.
    pub(super) fn begin(&mut self, cursor: &str) -> Result<(), Error> {
        self.kept.cursor = Some(cursor.to_owned());
        self.kept.floor.clone_from(&self.kept.cursor);
        self.kept.recent.clear();
        self.write()
    }

    /// Begins anew at a time, behind a request, or where the server says. Until something is done, the file says what it
    /// said.
    pub(super) fn begin_anew(&mut self, since: &str) {
        self.kept.cursor = None;
        self.kept.recent.clear();
        if since.parse::<MessageId>().is_ok() {
            self.kept.floor = Some(since.to_owned());
            self.kept.recent.push(since.to_owned());
            return;
        }
        self.kept.floor = since.parse::<Timestamp>().ok().map(|time| first_id_at(time).to_string());
    }

    /// Notes that a request is done.
    pub(super) fn done(&mut self, id: &str) -> Result<(), Error> {
        let time = |id: &str| id.parse::<MessageId>().ok().map(|id| id.timestamp());
        let is_later = time(id) >= self.kept.cursor.as_deref().and_then(time);
        if is_later {
            self.kept.cursor = Some(id.to_owned());
        }
        self.kept.recent.push(id.to_owned());
        let end = self.kept.cursor.as_deref().and_then(time).map(|time| time.before(KEPT));
        self.kept.recent.retain(|id| time(id) >= end);
        let surplus = self.kept.recent.len().saturating_sub(IDS);
        self.kept.recent.drain(..surplus);
        self.write()
    }

    /// The key of this listener, made when it is asked for first.
    pub(super) fn signing_key(&mut self, rng: &dyn Rng) -> Result<SigningKey, Error> {
        if let Some(key) = self.kept.key(&self.path)? {
            return Ok(key);
        }
        let key = SigningKey::generate_hmac(rng);
        self.kept.secret = Some(key.expose());
        self.write()?;
        Ok(key)
    }

    /// Replaces the file, so that it is whole whatever happens.
    fn write(&self) -> Result<(), Error> {
        let text = serde_json::to_vec(&self.kept).expect("it is made of strings");
        replace(&self.path, &text).map_err(|error| failed(&self.path, error))
    }
}

impl Kept {
    fn read(path: &Path) -> Result<Self, Error> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|_| Error::Broken(path.display().to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(path, error)),
        }
    }

    fn key(&self, path: &Path) -> Result<Option<SigningKey>, Error> {
        let broken = |_| Error::Broken(path.display().to_string());
        self.secret.as_deref().map(SigningKey::parse).transpose().map_err(broken)
    }
}

/// The key of a listener, if it has one already. Needs no lock: the file is whole at any time.
pub(super) fn signing_key(dir: Option<&Path>, whose: &Whose<'_>) -> Result<Option<SigningKey>, Error> {
    let path = path(dir, whose)?;
    Kept::read(&path)?.key(&path)
}

/// Writes a file beside `path` and puts it there.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::options().create(true).truncate(true).write(true).mode(MODE).open(&new)?;
    // One that a crash has left may have another mode.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::File(path.display().to_string(), error)
}

/// The file of a listener, in `dir` or where the system keeps such things.
fn path(dir: Option<&Path>, whose: &Whose<'_>) -> Result<PathBuf, Error> {
    let dir = dir.map(Path::to_owned).or_else(default_dir).ok_or(Error::NoPlace)?;
    Ok(dir.join(format!("{}.json", file_name(whose))))
}

/// The smallest id that a message of this time can have.
fn first_id_at(time: Timestamp) -> MessageId {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&first_row_at(time).to_be_bytes());
    MessageId::from_bytes(bytes)
}

/// Where programs keep their state: `$XDG_STATE_HOME`, else `~/.local/state`.
fn default_dir() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))?;
    Some(state.join("postrider/listen"))
}

fn file_name(whose: &Whose<'_>) -> String {
    let Whose { server, sources, types, name } = whose;
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    let text = serde_json::json!([server.trim_end_matches('/'), sorted(sources), sorted(types), name]);
    let hash = digest(&SHA256, text.to_string().as_bytes());
    hash.as_ref()[..10].iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
mod tests {
    use postrider_core::id::IdGenerator;
    use postrider_core::rng::TestRng;
    use postrider_core::time::TestClock;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn open(dir: &Path, name: Option<&str>) -> Result<State, Error> {
        let whose = Whose { server: "http://x/", sources: &[], types: &[], name };
        State::open(Some(dir), &whose)
    }

    #[test]
    fn a_cursor_goes_on_where_it_was_and_knows_what_is_done() {
        let (dir, clock, rng) = (tempfile::tempdir().unwrap(), TestClock::at(NOW), TestRng::seed(1));
        let ids = IdGenerator::default();
        let make = || {
            clock.advance_micros(1_000_000);
            MessageId::make(&ids, &clock, &rng).to_string()
        };
        let (first, late, second) = (make(), make(), make());
        let mut state = open(dir.path(), None).unwrap();
        assert_eq!(state.cursor(), None);
        for id in [&first, &second, &late] {
            assert!(!state.has(id));
            state.done(id).unwrap();
        }
        let key = state.signing_key(&rng).unwrap().expose();
        drop(state);
        let mut state = open(dir.path(), None).unwrap();
        assert_eq!(state.cursor(), Some(second.as_str()), "a late one does not lead it back");
        assert!([&first, &late, &second].into_iter().all(|id| state.has(id)));
        assert_eq!(state.signing_key(&rng).unwrap().expose(), key, "it stays");
        clock.advance_micros(200_000_000);
        let third = MessageId::make(&ids, &clock, &rng).to_string();
        state.done(&third).unwrap();
        assert!(!state.has(&first) && state.has(&third), "what is long ago is forgotten");
        state.begin(&second).unwrap();
        assert!(state.has(&first) && !state.has(&second) && !state.has(&third), "what was before is out");
        state.begin_anew("beginning");
        assert!(!state.has(&first) && state.cursor().is_none());
        state.begin_anew(&NOW.after(Duration::from_secs(2)).to_string());
        assert!(state.has(&first) && !state.has(&second));
        state.begin_anew(&late);
        assert!(state.has(&first) && state.has(&late) && !state.has(&second), "what came behind it");
    }

    #[test]
    fn a_key_is_its_owners_and_read_without_the_lock() {
        let (dir, rng) = (tempfile::tempdir().unwrap(), TestRng::seed(1));
        let whose = Whose { server: "http://x/", sources: &[], types: &[], name: None };
        let read = || signing_key(Some(dir.path()), &whose).unwrap().map(|key| key.expose());
        assert_eq!(read(), None);
        let mut state = open(dir.path(), None).unwrap();
        // As something that was left there by a crash.
        fs::write(state.path.with_extension("new"), "").unwrap();
        let key = state.signing_key(&rng).unwrap().expose();
        assert_eq!(read(), Some(key));
        assert_eq!(fs::metadata(&state.path).unwrap().permissions().mode() & 0o777, MODE);
    }

    #[test]
    fn a_state_is_one_listeners() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), None).unwrap();
        let refused = open(dir.path(), None).err().unwrap();
        assert!(matches!(refused, Error::Locked(_)) && refused.exit() == Exit::Retry);
        assert_eq!(Error::NoPlace.exit(), Exit::Failure, "waiting helps nobody");
        open(dir.path(), Some("other")).unwrap();
        drop(first);
        open(dir.path(), None).unwrap();
    }

    #[test]
    fn a_beginning_is_in_the_servers_words() {
        let id = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT";
        for (text, expected) in [
            ("last", Ok(Since::Last)),
            ("now", Ok(Since::Said("now".into()))),
            (id, Ok(Since::Said(id.into()))),
            ("2026-01-31T12:00:00Z", Ok(Since::Said("2026-01-31T12:00:00Z".into()))),
            ("2h", Ok(Since::Said(NOW.before(Duration::from_secs(7_200)).to_string()))),
            ("yesterday", Err(())),
        ] {
            assert_eq!(since(text, NOW).map_err(drop), expected, "{text}");
        }
    }
}
