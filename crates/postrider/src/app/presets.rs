//! The operator's own presets.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use postrider_core::inbound::{InvalidPreset, Presets};

use super::StartError;

/// Bytes of the file. The embedded presets take a twentieth of it.
const FILE_BYTES: u64 = 1024 * 1024;

/// Why a file has no presets.
#[derive(Debug, thiserror::Error)]
pub enum PresetsError {
    /// It cannot be read.
    #[error(transparent)]
    Unread(#[from] io::Error),
    /// It has too many bytes.
    #[error("it is larger than {FILE_BYTES} bytes")]
    TooLarge,
    /// A preset in it cannot be used.
    #[error(transparent)]
    Invalid(#[from] InvalidPreset),
}

/// The embedded presets, and those of the file over them.
pub(super) fn read(path: Option<&Path>) -> Result<Arc<Presets>, StartError> {
    let Some(path) = path else { return Ok(Arc::new(Presets::embedded().clone())) };
    let presets = from(path).map_err(|source| StartError::Presets { path: path.to_owned(), source })?;
    Ok(Arc::new(presets))
}

fn from(path: &Path) -> Result<Presets, PresetsError> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES {
        return Err(PresetsError::TooLarge);
    }
    Ok(Presets::with(&text)?)
}
