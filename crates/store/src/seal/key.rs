//! The key that secrets are sealed with, and the file it lives in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_core::rng::Rng;
use ring::hmac;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const KEY_LEN: usize = 32;
/// A key file has 65 bytes; whatever is longer is not one and is not read to its end.
const FILE_MAX: u64 = 256;

/// 32 bytes that all secrets at rest depend on. Whoever loses them loses every signing key.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct SealKey([u8; KEY_LEN]);

/// Text that is not a seal key. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seal key is 32 bytes, written as 64 hexadecimal digits or as base64")]
pub struct InvalidSealKey;

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Others than its owner may read or write it.
    #[error("use the key file {path}: others can reach it (mode {mode:04o}); `chmod 600` it")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error("use the key file {path}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: InvalidSealKey,
    },
    /// It cannot be read or made.
    #[error("use the key file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SealKey {
    /// A new random key.
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = [0; KEY_LEN];
        rng.fill(&mut bytes);
        Self(bytes)
    }

    /// The key that `text` is: 64 hexadecimal digits, or base64 of 32 bytes. White space around it is ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidSealKey> {
        let text = text.trim().as_bytes();
        let mut key = Self([0; KEY_LEN]);
        if text.len() == 2 * KEY_LEN {
            for (byte, digits) in key.0.iter_mut().zip(text.as_chunks::<2>().0) {
                *byte = digit(digits[0])? << 4 | digit(digits[1])?;
            }
        } else {
            let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| InvalidSealKey)?);
            key.0 = bytes.as_slice().try_into().map_err(|_| InvalidSealKey)?;
        }
        Ok(key)
    }

    /// The key as 64 hexadecimal digits.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("four bits are one digit");
        Zeroizing::new(self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
    }

    /// A key for something else than sealing, told apart by `purpose` (HMAC-SHA256 of it under this one, of which it tells
    /// nothing).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_LEN]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut derived = Zeroizing::new([0; KEY_LEN]);
        derived.copy_from_slice(hmac::sign(&key, purpose.as_bytes()).as_ref());
        derived
    }

    pub(super) const fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

fn digit(character: u8) -> Result<u8, InvalidSealKey> {
    char::from(character).to_digit(16).map(|value| value as u8).ok_or(InvalidSealKey)
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// The key in the file at `path`. Where there is no file, a new key is made and is on the disk, readable only by its
/// owner, before this returns. Two processes that start at once end up with the same key.
pub fn load_or_create(path: &Path, rng: &dyn Rng) -> Result<SealKey, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    match read(path) {
        Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        outcome => return outcome,
    }
    create(path, &SealKey::generate(rng), rng).map_err(io)?;
    // Another process may have been first: the file is what counts.
    read(path)
}

fn read(path: &Path) -> Result<SealKey, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    refuse_open_mode(path, &file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_MAX).read_to_string(&mut text).map_err(io)?;
    SealKey::parse(&text).map_err(|source| KeyFileError::Invalid { path: path.to_owned(), source })
}

#[cfg(unix)]
fn refuse_open_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = file.metadata().map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode | 0o700 == 0o700 { Ok(()) } else { Err(KeyFileError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_open_mode(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

/// Writes the key beside its place, makes it durable, and links it there, which fails for all but the first. So no
/// one ever reads half a key, and a key that was read is never replaced.
fn create(path: &Path, key: &SealKey, rng: &dyn Rng) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{:016x}", rng.below(u64::MAX)));
    let part = PathBuf::from(part);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let written = file
        .write_all(format!("{}\n", *key.expose()).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&part, path));
    fs::remove_file(&part)?;
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use postrider_core::rng::TestRng;

    use super::*;

    #[test]
    fn both_written_forms_are_read() {
        let key = SealKey::generate(&TestRng::seed(1));
        assert_eq!(SealKey::parse(&format!(" {}\n", *key.expose())), Ok(key.clone()));
        assert_eq!(SealKey::parse(&STANDARD.encode(key.as_bytes())), Ok(key.clone()));
        for text in ["", "abc", &"g".repeat(64), &STANDARD.encode([0; 31]), &"é".repeat(32)] {
            assert_eq!(SealKey::parse(text), Err(InvalidSealKey), "{text}");
        }
        assert_eq!(format!("{key:?}"), "SealKey(…)");
    }

    #[test]
    fn the_file_is_made_once_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let first = load_or_create(&path, &TestRng::seed(1)).unwrap();
        assert_eq!(load_or_create(&path, &TestRng::seed(2)).unwrap(), first);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_reach_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        load_or_create(&path, &TestRng::seed(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_or_create(&path, &TestRng::seed(1)).unwrap_err();
        assert!(matches!(error, KeyFileError::Open { mode: 0o640, .. }), "{error}");
    }

    #[test]
    fn a_file_with_something_else_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        load_or_create(&path, &TestRng::seed(1)).unwrap();
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(load_or_create(&path, &TestRng::seed(1)), Err(KeyFileError::Invalid { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
