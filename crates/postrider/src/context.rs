//! What the parts of the server share. Made once, in `app`; there are no globals.

use std::sync::{Arc, OnceLock};

use postrider_core::id::IdGenerator;
use postrider_core::inbound::Presets;
use postrider_core::rng::Rng;
use postrider_core::source::LinkKey;
use postrider_core::time::{Clock, Timestamp};
use postrider_egress::Policy;
use postrider_store::Store;
use tokio::sync::Notify;

use crate::directory::Directory;
use crate::dispatch::Lanes;
use crate::dispatch::exec::Commands;
use crate::intake::Rates;
use crate::service::bins::Bins;
use crate::service::keyring::Keyring;
use crate::service::listen::Listeners;
use crate::service::memory::Memory;
use crate::service::people::People;
use crate::service::relay::Relay;
use crate::service::sources::{Inlets, Keys, Refusals};
use crate::service::turns::Turns;

/// The shared parts. Cheap to clone.
pub type Context = Arc<Parts>;

/// See [`Context`].
pub struct Parts {
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The source of all ids.
    pub ids: IdGenerator,
    /// Where deliveries may go.
    pub policy: Arc<Policy>,
    /// Applications and endpoints, ready for routing.
    pub directory: Directory,
    /// Who holds which key.
    pub keyring: Keyring,
    /// What signing in shares.
    pub people: People,
    /// What is known of providers: the embedded presets, and the operator's.
    pub presets: Arc<Presets>,
    /// Sources, ready to receive.
    pub inlets: Inlets,
    /// Keys that providers publish.
    pub keys: Keys,
    /// What links to sources are authenticated with.
    pub links: LinkKey,
    /// What bounds the keeping of refused requests.
    pub refusals: Refusals,
    /// The way into dispatch.
    pub lanes: Lanes,
    /// Commands that endpoints may run.
    pub commands: Commands,
    /// Told when a background task was started, so that it begins at once.
    pub tasks: Notify,
    /// Who reads much, and who waits for it.
    pub turns: Turns,
    /// How fast applications may publish.
    pub rates: Rates,
    /// Memory for the bodies of requests.
    pub memory: Memory,
    /// Ceilings that the operator chose.
    pub limits: Limits,
    /// Request bins, if there are any.
    pub bins: Bins,
    /// Who listens to sources on this node.
    pub listeners: Listeners,
    /// Relays, if there are any.
    pub relay: Relay,
    /// Told when a source with a schedule was made or changed, so that its time is known at once.
    pub schedules: Notify,
    /// Where clients reach this server, without a slash at the end; set by the time it is served.
    pub address: OnceLock<String>,
}

/// Ceilings that the operator chose; the section `[limits]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one request body on the API. A message's payload is a part of it.
    pub body_bytes: usize,
    /// Requests of the API that may be under way at once, beyond which callers get 429.
    pub requests: usize,
    /// Bytes of one request to a source.
    pub receive_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, requests: 4_096, receive_bytes: 5 * 1024 * 1024 }
    }
}

impl Parts {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where clients reach this server, without a slash at the end.
    pub fn public_url(&self) -> &str {
        self.address.get().map_or("", String::as_str)
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! The shared parts over a fresh database, with one application that has one endpoint. Nothing dispatches: what
    //! the lanes are told stays in the inbox.

    use bytes::Bytes;
    use postrider_core::app::Ref;
    use postrider_core::endpoint::Endpoint;
    use postrider_core::environment::{Environment, Settings};
    use postrider_core::id::EnvironmentId;
    use postrider_core::message::Message;
    use postrider_core::rng::TestRng;
    use postrider_core::scope::{Identity, SystemScope};
    use postrider_core::time::TestClock;
    use postrider_store::seal::{SealKey, Sealer};
    use postrider_store::sqlite::{Options, Sqlite};

    use super::*;
    use crate::dispatch::Inbox;
    use crate::service::messages::{Content, Draft};
    use crate::service::{apps, endpoints, messages};

    pub(crate) struct Fixture {
        pub(crate) context: Context,
        pub(crate) inbox: Inbox,
        pub(crate) endpoint: Endpoint,
        pub(crate) clock: Arc<TestClock>,
        identity: Identity,
        _dir: tempfile::TempDir,
    }

    impl Fixture {
        pub(crate) async fn new() -> Self {
            Self::with_bins(crate::service::bins::Settings::default()).await
        }

        /// With bins under any name.
        pub(crate) async fn open_bins() -> Self {
            let mode = crate::service::bins::Mode::Open;
            Self::with_bins(crate::service::bins::Settings { mode, ..Default::default() }).await
        }

        async fn with_bins(bins: crate::service::bins::Settings) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let rng: Arc<dyn Rng> = Arc::new(TestRng::seed(1));
            let clock = Arc::new(TestClock::at(Timestamp::from_seconds(1_800_000_000)));
            let sealer = Sealer::new(&SealKey::generate(&*rng), Arc::clone(&rng));
            let options = Options { min_free_bytes: 0, ..Options::new(dir.path(), Arc::new(sealer)) };
            let store: Arc<dyn Store> = Arc::new(Sqlite::open(&options).unwrap());
            let policy = Arc::new(Policy::strict());
            let presets = Arc::new(Presets::embedded().clone());
            let (lanes, inbox) = Lanes::new(100, 1024 * 1024, Arc::clone(store.cluster()));
            let context = Arc::new(Parts {
                directory: Directory::new(Arc::clone(&store), Arc::clone(&policy)),
                keyring: Keyring::new(Arc::clone(&store)),
                people: People::default(),
                inlets: Inlets::new(Arc::clone(&store), Arc::clone(&presets)),
                presets,
                links: LinkKey::new(&[1; 32]),
                keys: Keys::new(
                    Arc::new(postrider_egress::Client::new(Policy::strict())),
                    Arc::clone(&policy),
                ),
                refusals: Refusals::default(),
                relay: Relay::new(
                    crate::service::relay::Mode::Off,
                    Arc::new(TestClock::at(Timestamp::from_seconds(1_800_000_000))),
                    Arc::clone(&rng),
                ),
                bins: Bins::new(
                    bins,
                    Arc::new(TestClock::at(Timestamp::from_seconds(1_800_000_000))),
                    Arc::clone(&rng),
                    Arc::new(postrider_egress::Client::new(Policy::strict())),
                ),
                store,
                clock: Arc::<TestClock>::clone(&clock),
                rng,
                ids: IdGenerator::default(),
                policy,
                lanes,
                commands: Commands::default(),
                tasks: Notify::new(),
                turns: Turns::default(),
                rates: Rates::new(None),
                memory: Memory::new(16 * 1024 * 1024),
                limits: Limits::default(),
                listeners: Listeners::default(),
                schedules: Notify::new(),
                address: OnceLock::new(),
            });
            let id = EnvironmentId::make(&context.ids, &*context.clock, &*context.rng);
            let environment = Environment {
                id,
                name: String::new(),
                settings: Settings::default(),
                created_at: context.now(),
            };
            context.store.create_environment(SystemScope::assume().instance(), environment).await.unwrap();
            let identity = Identity::environment_key(id);
            let changes = apps::Changes { name: Some("app".into()), ..apps::Changes::default() };
            let app = apps::create(&context, identity, changes, None).await.unwrap().id;
            let changes = endpoints::Changes {
                url: Some("https://example.com/".into()),
                ..endpoints::Changes::default()
            };
            let endpoint = endpoints::create(&context, identity, &Ref::Id(app), changes, None).await.unwrap();
            Self { context, inbox, endpoint, clock, identity, _dir: dir }
        }

        /// Whose key the environment's is.
        pub(crate) fn identity(&self) -> Identity {
            self.identity
        }

        pub(crate) async fn publish(&self) -> Arc<Message> {
            let draft = Draft {
                event_type: "a".into(),
                event_id: None,
                channels: Vec::new(),
                tags: Vec::new(),
                ordering_key: None,
                deliver_at: None,
                retention: None,
                content: Content::Json(Bytes::from_static(b"{}")),
                application: None,
            };
            let app = Ref::Id(self.endpoint.app);
            messages::publish(&self.context, self.identity, &app, draft, None).await.unwrap()
        }
    }
}
