//! The data directory: the database, the sealing key, the control socket.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;
use std::sync::Arc;

use postrider_core::rng::Rng;
use postrider_store::Store;
use postrider_store::seal::{self, SealKey, Sealer};
use postrider_store::sqlite::{Options, Sqlite};

use super::StartError;
use crate::config::Config;

/// The file of the sealing key in the data directory.
pub const SEAL_KEY_FILE: &str = "seal.key";
/// The socket of commands in the data directory.
pub const CONTROL_SOCKET: &str = "control.sock";

/// Opens the store, and makes the directory and the sealing key where there are none.
pub(super) async fn open(config: &Config, rng: &Arc<dyn Rng>) -> Result<Arc<dyn Store>, StartError> {
    let path = &config.general.data_dir;
    make(path)?;
    let key = match &config.general.seal_key {
        Some(key) => SealKey::parse(key.expose())?,
        None => seal::load_or_create(&path.join(SEAL_KEY_FILE), &**rng)?,
    };
    let mut options = Options::new(path.clone(), Arc::new(Sealer::new(&key, Arc::clone(rng))));
    options.min_free_bytes = config.store.min_free.bytes();
    options.queue_bytes = config.store.queue_bytes.len();
    let store = tokio::task::spawn_blocking(move || Sqlite::open(&options))
        .await
        .map_err(|panic| postrider_store::Error::Engine(panic.into()))??;
    Ok(Arc::new(store))
}

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
