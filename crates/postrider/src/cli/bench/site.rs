//! The server that is measured, and what is set up in it for the run.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use http::Method;
use postrider_bench::target::{Loopback, Target, TargetError};
use postrider_core::key::Token;
use postrider_core::rng::SystemRng;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::{self, Overrides, Running};
use crate::cli::dev;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, OrExit as _};
use crate::cli::instance;
use crate::cli::remote;
use crate::cli::serve::start_failure;
use crate::cli::settings::Settings;
use crate::config::Database;

/// What is measured stays behind in a database, with its key: nobody wants that in one that is in use.
const NOT_POSTGRES: &str = "measure PostgreSQL with a running server whose database was made for it";

/// See the module's documentation.
pub(super) struct Site {
    address: Loopback,
    key: String,
    app: String,
    own: Option<Own>,
}

/// A server started for the run.
struct Own {
    running: Running,
    data_dir: PathBuf,
}

impl Site {
    /// A server that runs already.
    pub(super) fn existing(url: &str, key: &str) -> Result<Self, TargetError> {
        let target: Target = url.parse()?;
        Ok(Self::new(target.address(), key.to_owned(), None))
    }

    /// A server of our own, with the settings of `postrider dev`, on a temporary data directory.
    pub(super) async fn started(settings: &Settings) -> Result<Self, Failure> {
        let mut config = settings.load(dev::defaults())?.config;
        if config.store.database != Database::Sqlite {
            return Err(Failure::new(Exit::Usage, NOT_POSTGRES).with_hint(Some("see `--url`")));
        }
        let data_dir = std::env::temp_dir().join(format!("postrider-bench-{}", std::process::id()));
        let key = Token::generate(&SystemRng::new()).expose().to_owned();
        config.general.data_dir.clone_from(&data_dir);
        config.general.bootstrap_key = Some(key.clone().into());
        let listener = TcpListener::bind(Loopback::any_port().addr()).await?;
        let overrides = Overrides { listener: Some(listener), ..Overrides::default() };
        let started = app::start(config, overrides).await;
        let running = match started {
            Ok(running) => running,
            Err(error) => {
                fs::remove_dir_all(&data_dir).ok();
                return Err(start_failure(error));
            }
        };
        let address = Loopback::try_from(running.address)?;
        Ok(Self::new(address, key, Some(Own { running, data_dir })))
    }

    fn new(address: Loopback, key: String, own: Option<Own>) -> Self {
        Self { address, key, app: format!("bench-{}", std::process::id()), own }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Loopback {
        self.address
    }

    /// The key to publish with.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Where to publish.
    pub(super) fn publish_path(&self) -> String {
        format!("/api/v1/app/{}/msg", self.app)
    }

    /// Makes the application of the run.
    pub(super) async fn make_app(&self) -> Result<(), Failure> {
        let body = json!({ "name": "Bench", "uid": self.app });
        self.call(Method::POST, "/api/v1/app", Some(&body)).await.map(drop)
    }

    /// Adds an endpoint to it.
    pub(super) async fn add_endpoint(&self, url: &str) -> Result<(), Failure> {
        let path = format!("/api/v1/app/{}/endpoint", self.app);
        self.call(Method::POST, &path, Some(&json!({ "url": url }))).await.map(drop)
    }

    /// Removes what was set up: the application, and a server of our own with its data.
    pub(super) async fn clear(self) -> Result<(), Failure> {
        let Some(Own { running, data_dir }) = self.own else {
            let path = format!("/api/v1/app/{}", self.app);
            return self.call(Method::DELETE, &path, None).await.map(drop);
        };
        let stopped = running.stop().await.map_err(start_failure);
        fs::remove_dir_all(&data_dir)?;
        stopped
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let connected = self.address.connect().await;
        let stream = connected
            .with_context(|| format!("connect to {}", self.address.addr()))
            .or_failed_to(Exit::Unavailable)?;
        let reply = remote::call(stream, method, path, Some(&self.key), body).await;
        instance::accept(reply.or_exit(Exit::Unavailable)?)
    }
}
