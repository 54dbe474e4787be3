//! The installation that a command acts on: over the control socket where a server runs, else in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use postrider_core::scope::{Identity, SystemScope};
use serde_json::Value;

use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::remote;
use super::serve::start_failure;
use super::settings::Settings;
use crate::app::control::{BackupLine, BackupRequest};
use crate::app::{self, Local, Opened, Overrides, Reply};
use crate::config::{Config, Roles};

const NO_DATA_DIR: &str =
    "`--data-dir` names another; that of `postrider dev` is postrider-data, where it was started";

/// See the module's documentation.
pub(super) enum Instance {
    /// A server that holds this data directory.
    Running(PathBuf),
    /// The data directory, held by this process.
    Held(Box<Opened>, Local),
}

impl Instance {
    /// The installation that the configuration names. It must exist: a misspelled path must not make a new one.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let mut config = settings.load(Config::default())?.config;
        // Nothing is served or sent in this moment: endpoints of other nodes must not move here and back.
        config.node.roles = Roles::NONE;
        let data_dir = config.general.data_dir.clone();
        if remote::connect(&data_dir).await.is_ok() {
            return Ok(Self::Running(data_dir));
        }
        if !data_dir.is_dir() {
            let sentence = format!("there is no data directory {}", data_dir.display());
            return Err(Failure::new(Exit::NotFound, sentence).with_hint(Some(NO_DATA_DIR)));
        }
        let opened = app::open(config, Overrides::default()).await.map_err(start_failure)?;
        let local = opened.local(Identity::instance_key());
        Ok(Self::Held(Box::new(opened), local))
    }

    /// Asks the API as the instance. An answer that is no 2xx is a failure.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let reply = match self {
            Self::Held(_, local) => local.call(method, path, body).await,
            Self::Running(data_dir) => {
                let stream = remote::connect(data_dir).await.or_exit(Exit::Unavailable)?;
                remote::call(stream, method, path, None, body).await.or_exit(Exit::Unavailable)?
            }
        };
        accept(reply)
    }

    /// Copies the database to `to`, which must not exist.
    pub(super) async fn backup(
        &self,
        to: &Path,
        progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
    ) -> Result<(), Failure> {
        match self {
            Self::Held(opened, _) => {
                let copied = opened.context.store.backup(SystemScope::assume(), to, progress).await;
                copied.or_failed_to(Exit::Failure)
            }
            Self::Running(data_dir) => {
                let stream = remote::connect(data_dir).await.or_exit(Exit::Unavailable)?;
                let request = serde_json::to_value(BackupRequest { to: to.to_owned() })?;
                let answer =
                    remote::send(stream, Method::POST, "/control/backup", None, Some(&request)).await;
                follow(answer.or_exit(Exit::Unavailable)?.into_body(), &*progress).await
            }
        }
    }

    /// Gives the data directory back.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Held(opened, _) => opened.close().await.map_err(start_failure),
            Self::Running(_) => Ok(()),
        }
    }
}

/// The body of a good answer, or the failure that a bad one tells.
pub(super) fn accept(reply: Reply) -> Result<Value, Failure> {
    let exit = match reply.status {
        status if status.is_success() => return Ok(reply.body),
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Auth,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::INSUFFICIENT_STORAGE
        | StatusCode::SERVICE_UNAVAILABLE => Exit::Retry,
        _ => Exit::Failure,
    };
    let sentence = match &reply.body["detail"] {
        Value::String(detail) => detail.clone(),
        Value::Array(fields) => fields.iter().map(field).collect::<Vec<_>>().join("; "),
        _ => format!("the server answers {}", reply.status),
    };
    Err(Failure::new(exit, sentence))
}

/// `name: must be …`
fn field(error: &Value) -> String {
    let place =
        error["loc"].as_array().and_then(|loc| loc.last()).and_then(Value::as_str).unwrap_or_default();
    format!("{place}: {}", error["msg"].as_str().unwrap_or_default())
}

/// Reads the progress of a backup to its end.
async fn follow(
    mut body: hyper::body::Incoming,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<(), Failure> {
    let mut pending = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.or_exit(Exit::Unavailable)?;
        pending.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            match serde_json::from_slice(&line)? {
                BackupLine::Progress { done, all } => progress(done, all),
                BackupLine::Finished => return Ok(()),
                BackupLine::Failed(what) => {
                    return Err(Failure::new(Exit::Failure, format!("failed to {what}")));
                }
            }
        }
    }
    Err(Failure::new(Exit::Unavailable, "the server ended before the backup was complete"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_become_exit_codes_and_sentences() {
        let fields = json!({"detail": [{"loc": ["body", "name"], "msg": "is empty", "type": "value_error"}]});
        let cases = [
            (
                404,
                json!({"code": "not_found", "detail": "there is no such key"}),
                Exit::NotFound,
                "there is no such key",
            ),
            (401, json!({"detail": "no"}), Exit::Auth, "no"),
            (403, json!({"detail": "no"}), Exit::Auth, "no"),
            (422, fields, Exit::Failure, "name: is empty"),
            (429, Value::Null, Exit::Retry, "the server answers 429 Too Many Requests"),
            (507, Value::Null, Exit::Retry, "the server answers 507 Insufficient Storage"),
            (500, Value::Null, Exit::Failure, "the server answers 500 Internal Server Error"),
        ];
        for (status, body, exit, sentence) in cases {
            let reply = Reply { status: StatusCode::from_u16(status).unwrap(), body };
            let failure = accept(reply).unwrap_err();
            assert_eq!((failure.exit, failure.error.to_string().as_str()), (exit, sentence));
        }
        let fine = Reply { status: StatusCode::CREATED, body: json!(1) };
        assert_eq!(accept(fine).unwrap(), json!(1));
    }
}
