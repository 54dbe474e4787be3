//! The socket of commands, `control.sock` in the data directory.
//!
//! Whoever can open it owns the data directory, and with it everything: so it needs no key. It serves the API as the
//! instance, and below `/control` what only the holder of the data directory can do. It is not part of the API.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use http::StatusCode;
use postrider_core::scope::{Identity, SystemScope};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use super::data_dir::CONTROL_SOCKET;
use super::database;
use crate::context::Context;
use crate::server::Server;
use crate::telemetry::build;

/// Lines of progress that may wait for a slow reader; more are left out.
const PROGRESS_LINES: usize = 64;

/// The answer of `GET /control`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct About {
    /// The process.
    pub(crate) pid: u32,
    /// Its version.
    pub(crate) version: String,
    /// Where it serves the API.
    pub(crate) address: SocketAddr,
    /// Its database.
    pub(crate) database: database::About,
}

impl About {
    /// This process.
    pub(super) fn of_this(address: SocketAddr, database: database::About) -> Self {
        Self { pid: std::process::id(), version: build::long_version(), address, database }
    }
}

/// The body of `POST /control/backup`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BackupRequest {
    /// An absolute path that does not exist.
    pub(crate) to: PathBuf,
}

/// A line of the answer of `POST /control/backup`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BackupLine {
    /// So many pages are copied.
    Progress {
        /// Copied.
        done: u64,
        /// In all.
        all: u64,
    },
    /// The copy is complete and durable. The last line.
    Finished,
    /// It failed. The last line.
    Failed(String),
}

/// Serves the socket. A server without it works, except for commands: so failing to is only a warning.
pub(super) fn serve(server: &Server, router: Router, context: &Context, data_dir: &Path, about: About) {
    let path = data_dir.join(CONTROL_SOCKET);
    let own = Router::new()
        .route("/control", get(move || async move { Json(about) }))
        .route("/control/backup", post(backup))
        .with_state(Arc::clone(context));
    match bind(&path) {
        Ok(listener) => {
            server.serve_control(listener, router.merge(own).layer(Extension(Identity::instance_key())));
        }
        Err(error) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            path = %path.display(),
            "failed to open the control socket; commands will not reach this server"
        ),
    }
}

/// Removes the socket of a server that has stopped.
pub(super) fn remove(data_dir: &Path) {
    // If it stays, the next start replaces it.
    std::fs::remove_file(data_dir.join(CONTROL_SOCKET)).ok();
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;

    // The data directory is locked by this process: a socket that is there is left over.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Copies the database to a file of this machine, and tells how far it is, line by line.
async fn backup(State(context): State<Context>, Json(request): Json<BackupRequest>) -> Response {
    if !request.to.is_absolute() {
        return (StatusCode::UNPROCESSABLE_ENTITY, "the path must be absolute\n").into_response();
    }
    let (lines, receiver) = mpsc::channel(PROGRESS_LINES);
    let progress = lines.clone();
    // A task of its own: a command that is interrupted leaves a whole backup or, on failure, none.
    tokio::spawn(async move {
        let tell = move |done, all| {
            progress.try_send(BackupLine::Progress { done, all }).ok();
        };
        let done = context.store.backup(SystemScope::assume(), &request.to, Arc::new(tell)).await;
        let last = match done {
            Ok(()) => BackupLine::Finished,
            Err(error) => BackupLine::Failed(format!("{:#}", anyhow::Error::from(error))),
        };
        lines.send(last).await.ok();
    });
    let lines = futures_util::stream::unfold(receiver, |mut receiver| async {
        let line = receiver.recv().await?;
        let mut text = serde_json::to_string(&line).expect("a line is plain data");
        text.push('\n');
        Some((Ok::<_, Infallible>(Bytes::from(text)), receiver))
    });
    Body::from_stream(lines).into_response()
}
