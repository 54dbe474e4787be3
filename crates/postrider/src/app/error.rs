//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use postrider_core::key::InvalidToken;
use postrider_egress::InvalidNat64;
use postrider_store::postgres;
use postrider_store::seal::{InvalidSealKey, KeyFileError};

use super::presets::PresetsError;

/// See the module's documentation.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use, or not of this machine.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The data directory cannot be made or used.
    #[error("use the data directory {}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] postrider_store::Error),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] postrider_store::sqlite::OpenError),
    /// PostgreSQL cannot be used.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// Another server uses the data directory.
    #[error("open the data directory {}: another process is using it", .0.display())]
    Locked(PathBuf),
    /// The file of the database's password cannot be read.
    #[error("read the password file {}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of the sealing key cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// `seal_key` is no key.
    #[error("use `seal_key`")]
    SealKey(#[from] InvalidSealKey),
    /// `bootstrap_key` is no token.
    #[error("use `bootstrap_key`")]
    BootstrapKey(#[from] InvalidToken),
    /// The file of one's own presets cannot be used.
    #[error("use the presets in {}", path.display())]
    Presets {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: PresetsError,
    },
    /// `egress.nat64` is no prefix.
    #[error("use `egress.nat64`")]
    Nat64(#[from] InvalidNat64),
}
