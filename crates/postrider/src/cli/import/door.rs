//! The way to the API of an environment: that of a server which holds the data directory, one that is named, or this
//! process.

use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use postrider_core::scope::Identity;
use postrider_core::time::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::To;
use crate::app::{Local, Reply};
use crate::cli::environment::text;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, OrExit as _};
use crate::cli::instance::Instance;
use crate::cli::server::{self, Server};
use crate::cli::settings::Settings;
use crate::cli::{key, remote};

/// How long the key for the import is good, if it cannot be revoked.
const KEY_LIFE: Duration = Duration::from_secs(15 * 60);

/// See the module's documentation.
pub(super) enum Door {
    /// The data directory, held by this process.
    Held(Instance, Local),
    /// The data directory of a server, with a key for the time of the import: its id and its token.
    Lent(PathBuf, String, String),
    /// A server that was named.
    Named(Server),
}

impl Door {
    /// Opens it.
    pub(super) async fn open(to: &To, settings: &Settings) -> Result<Self, Failure> {
        if let Some(url) = &to.server {
            let key = server::key(to.key_file.as_deref(), to.key.clone())?;
            return Ok(Self::Named(Server::new(url, key)?));
        }
        let instance = Instance::open(settings).await?;
        let environments = crate::cli::environment::list(&instance).await?;
        let environment = key::find(&environments, &to.environment)?;
        let data_dir = match &instance {
            Instance::Running(data_dir) => data_dir.clone(),
            Instance::Held(opened, _) => {
                let id = environment.parse().or_exit(Exit::Failure)?;
                let local = opened.local(Identity::environment_key(id));
                return Ok(Self::Held(instance, local));
            }
        };
        let body = json!({
            "scope": "environment",
            "environment": environment,
            "name": "postrider import",
            "expiresAt": SystemClock::default().now().after(KEY_LIFE).to_string(),
        });
        let made = instance.call(Method::POST, key::PATH, Some(&body)).await?;
        Ok(Self::Lent(data_dir, text(&made, "id"), text(&made, "token")))
    }

    /// Asks the API.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        match self {
            Self::Held(_, local) => Ok(local.call(method, path, body).await),
            Self::Lent(data_dir, _, token) => {
                let stream = remote::connect(data_dir).await.or_exit(Exit::Unavailable)?;
                remote::call(stream, method, path, Some(token), body).await.or_exit(Exit::Unavailable)
            }
            Self::Named(server) => server.ask(method, path, body).await,
        }
    }

    /// Closes it. A key that was lent opens nothing any more.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Held(instance, _) => instance.close().await,
            Self::Lent(data_dir, id, _) => {
                let instance = Instance::Running(data_dir);
                instance.call(Method::DELETE, &format!("{}/{id}", key::PATH), None).await.map(drop)
            }
            Self::Named(_) => Ok(()),
        }
    }
}
