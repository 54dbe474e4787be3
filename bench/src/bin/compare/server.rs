//! A Postrider server under test: a child on a free port with a data directory of its own.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use postrider_bench::target::Loopback;
use tempfile::TempDir;
use tokio::time::sleep;
use url::Url;

use crate::{
    bench::Bench,
    process::{Memory, Process},
    rest::Rest,
};

/// Longest start; a grown database that was not closed may need checking.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// What secrets in the databases of these runs are sealed with.
const SEAL_KEY: &str = "62656e6368206b6579206f6e6c792c206e6f7420612073656372657420617421";
/// How often readiness is asked; there is no event to wait for.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// The data of a server that is not running, and its address: publishers find it again after a restart.
pub(crate) struct Home {
    directory: TempDir,
    address: Loopback,
    /// Where its data are, unless in the directory.
    database: Option<Url>,
}

/// A server that is ready.
pub(crate) struct Server {
    home: Home,
    process: Process,
    rest: Rest,
    started: Instant,
    ready_after: Duration,
}

impl Home {
    /// An empty data directory, removed when dropped.
    pub(crate) async fn fresh(bench: &Bench) -> anyhow::Result<Self> {
        let parent = &bench.options.data_parent;
        let made = tempfile::Builder::new().prefix("bench-").tempdir_in(parent);
        let directory = made.with_context(|| format!("cannot make a directory in {}", parent.display()))?;
        Ok(Self { directory, address: free_port().await?, database: None })
    }

    /// A node on this database.
    pub(crate) async fn node(bench: &Bench, database: Url) -> anyhow::Result<Self> {
        Ok(Self { database: Some(database), ..Self::fresh(bench).await? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Server {
    /// Starts on fresh data.
    pub(crate) async fn fresh(bench: &Bench) -> anyhow::Result<Self> {
        Self::start(bench, Home::fresh(bench).await?).await
    }

    /// Starts on data that a server left behind, and waits until it is ready.
    pub(crate) async fn start(bench: &Bench, home: Home) -> anyhow::Result<Self> {
        let address = home.address;
        let key = &bench.options.key;
        let mut settings = vec![
            ("POSTRIDER_EGRESS__ALLOW", "127.0.0.0/8"),
            ("POSTRIDER_BOOTSTRAP_KEY", key),
            // The nodes of a cluster need the same.
            ("POSTRIDER_SEAL_KEY", SEAL_KEY),
        ];
        let database = home.database.as_ref().map(without_password).transpose()?;
        if let Some((url, password)) = &database {
            settings.push(("POSTRIDER_STORE__DATABASE", url.as_str()));
            settings.extend(password.as_deref().map(|password| ("POSTRIDER_STORE__PASSWORD", password)));
        }
        let (listen, data) = (address.addr().to_string(), home.path("data"));
        let args =
            ["serve".as_ref(), "--listen".as_ref(), listen.as_ref(), "--data-dir".as_ref(), data.as_os_str()];
        let started = Instant::now();
        let mut process = Process::start(&bench.options.postrider, args, &settings, home.path("log"))?;
        let rest = Rest::new(address, key.clone());
        while !rest.ready().await {
            process.check()?;
            if started.elapsed() > READY_WITHIN {
                bail!("not ready within {READY_WITHIN:?}:\n{}", process.tail());
            }
            sleep(ASK_EVERY).await;
        }
        Ok(Self { home, process, rest, started, ready_after: started.elapsed() })
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) -> anyhow::Result<Home> {
        self.process.stop().await?;
        Ok(self.home)
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(self) -> anyhow::Result<Home> {
        self.process.kill().await?;
        Ok(self.home)
    }

    pub(crate) fn address(&self) -> Loopback {
        self.home.address
    }

    /// Its REST interface.
    pub(crate) fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The link that makes the first admin. The first start prints it when it is ready, so it may be a moment late.
    pub(crate) async fn first_link(&self) -> anyhow::Result<String> {
        loop {
            let told = self.process.tail();
            if let Some(link) = told.split_whitespace().find(|word| word.contains("/sign-in/link#key=")) {
                return Ok(link.to_owned());
            }
            ensure!(self.started.elapsed() < READY_WITHIN, "no link to sign in in:\n{told}");
            sleep(ASK_EVERY).await;
        }
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        self.process.memory()
    }

    /// From starting the process to its readiness.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// When the process was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }
}

/// A port that was free a moment ago.
pub(crate) async fn free_port() -> anyhow::Result<Loopback> {
    let listener = Loopback::any_port().listen().await?;
    Ok(Loopback::try_from(listener.local_addr()?)?)
}

/// The URL as it is written in settings, and its password.
fn without_password(database: &Url) -> anyhow::Result<(Url, Option<String>)> {
    let mut url = database.clone();
    let password = database.password().map(str::to_owned);
    // What the URL must escape, the setting must not have: these tools make no such passwords.
    ensure!(password.as_ref().is_none_or(|password| !password.contains('%')), "a password with escapes");
    url.set_password(None).ok().context("a database URL has a host")?;
    Ok((url, password))
}
