//! The server inside the test's process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use postrider::app::{self, Overrides, Running};
use postrider::config::{Config, Secret, Sources};
use postrider::context::Context;
use postrider_egress as egress;
use serde_json::{Value, json};

use super::{Client, SkewClock, engine};

/// The key of every test's first environment.
pub(crate) const KEY: &str = "prk_the_key_of_the_tests_environment";

/// A directory that outlives the servers that use it in turn.
pub(crate) type DataDir = Arc<tempfile::TempDir>;

/// A running server. It ends with the test; [`Server::stop`] ends it in good order.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<SkewClock>,
    pub(crate) data: DataDir,
    running: Running,
}

/// How a server is to be.
pub(crate) struct Builder {
    config: Config,
    overrides: Overrides,
    clock: Arc<SkewClock>,
    data: DataDir,
}

impl Server {
    /// With defaults, but for deliveries to loopback, which are open.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    pub(crate) fn builder() -> Builder {
        let mut config = Config::default();
        config.general.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.general.bootstrap_key = Some(Secret::from(KEY.to_owned()));
        config.egress.allow = vec!["127.0.0.0/8".parse().unwrap()];
        // How full the test machine's disk is, is not what most tests are about.
        let data = Arc::new(tempfile::tempdir().unwrap());
        Builder { config, overrides: Overrides::default(), clock: Arc::default(), data }
            .set("store.min_free", "0")
    }

    /// A client with the key of the first environment.
    pub(crate) fn client(&self) -> Client {
        Client::of(self.address).with_key(KEY)
    }

    /// A client that may manage keys and environments: whoever reaches the control socket.
    pub(crate) fn operator(&self) -> Client {
        Client::of_socket(self.path("control.sock"))
    }

    /// The link with which the first person signs in.
    pub(crate) fn first_link(&self) -> &str {
        &self.running.first_link.as_ref().expect("a server without people").url
    }

    /// Whether this start has given no such link.
    pub(crate) fn has_no_first_link(&self) -> bool {
        self.running.first_link.is_none()
    }

    /// The id of the first environment.
    pub(crate) fn environment(&self) -> String {
        self.running.environment.to_string()
    }

    /// The parts of the server, for what no face shows.
    pub(crate) fn context(&self) -> &Context {
        &self.running.context
    }

    /// A file in the data directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// A new key: its id and its token. `reach` has the `scope` and what belongs to it; the environment is the first
    /// one unless it says otherwise.
    pub(crate) async fn new_key(&self, reach: Value) -> (String, String) {
        let mut body = json!({"name": "made by a test", "environment": self.running.environment.to_string()});
        body.as_object_mut().unwrap().extend(reach.as_object().unwrap().clone());
        let made = self.operator().post("/api/v1/key", body).await.must(201);
        (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    }

    /// Stops in good order and leaves the data.
    pub(crate) async fn stop(self) -> DataDir {
        self.running.stop().await.unwrap();
        self.data
    }
}

impl Builder {
    /// Changes the configuration.
    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets a key of the configuration, as `--set` does.
    pub(crate) fn set(self, key: &str, value: &str) -> Self {
        self.set_all(&[(key, value)])
    }

    /// Sets keys that are only good together.
    pub(crate) fn set_all(mut self, all: &[(&str, &str)]) -> Self {
        let flag =
            |(key, value): &(&str, &str)| ("a test".to_owned(), (*key).to_owned(), (*value).to_owned());
        let flags = all.iter().map(flag).collect();
        let sources = Sources { flags, ..Sources::default() };
        self.config = self.config.load(&sources).unwrap().config;
        self
    }

    /// With this clock, which others may share.
    pub(crate) fn clock(self, clock: Arc<SkewClock>) -> Self {
        Self { clock, ..self }
    }

    /// With bins under any name, as `postrider dev` has them.
    pub(crate) fn open_bins(mut self) -> Self {
        self.overrides.bins = true;
        self
    }

    /// With changes to what deliveries are sent with, such as another resolver.
    pub(crate) fn egress(
        mut self,
        change: impl FnOnce(egress::Builder) -> egress::Builder + Send + 'static,
    ) -> Self {
        self.overrides.egress = Box::new(change);
        self
    }

    /// On data that an earlier server left.
    pub(crate) fn data(self, data: DataDir) -> Self {
        Self { data, ..self }
    }

    pub(crate) async fn start(self) -> Server {
        let Self { mut config, mut overrides, clock, data } = self;
        config.general.data_dir = data.path().to_path_buf();
        if let Some(place) = engine::place(data.path()) {
            place.configure(&mut config);
        }
        overrides.clock = clock.clone();
        let running = app::start(config, overrides).await.unwrap();
        Server { address: running.address, clock, data, running }
    }
}
