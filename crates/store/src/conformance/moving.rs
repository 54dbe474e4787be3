//! An installation with everything in it that there can be, to be moved from engine to engine, and what must be the
//! same afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use postrider_core::app::{App, Ref};
use postrider_core::attempt::{Attempt, Failure, FailureClass, Timings};
use postrider_core::audit::Entry;
use postrider_core::delivery::{Delivery, State};
use postrider_core::endpoint::{Disabled, DisabledReason, Endpoint, Ordering};
use postrider_core::environment::{Environment, Settings};
use postrider_core::event_type::EventType;
use postrider_core::id::{EndpointId, KeyId, MessageId, TaskId};
use postrider_core::key::{Key, Token, TokenHash};
use postrider_core::message::{Message, Payload, Raw};
use postrider_core::reception::{Reception, Refusal};
use postrider_core::retry::Schedule;
use postrider_core::saved::SavedSearch;
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::secret::SigningKey;
use postrider_core::source::Source;
use postrider_core::task::{Job, Task, TaskStatus};
use postrider_core::time::Timestamp;

use super::world::{every_message, held, ordered, waiting, whole};
use super::{Harness, Tenant, World, tasks};
use crate::accept::FIFO;
use crate::{
    AcceptError, Acceptance, Again, Answer, AppFilter, AttemptFilter, AuditFilter, AuditScope, CreateError,
    DeliveryFilter, Idempotency, Placement, Repeat, Step, Store, Then, Which,
};

const HOUR: Duration = Duration::from_secs(3_600);
/// Enough for several batches of a move.
const CROWD: usize = 9_000;

/// An installation, and what it takes to go on with it in another store.
pub struct Filled {
    world: World,
    tenant: Tenant,
    /// Has deliveries one after another: the first two unfinished.
    fifo: (EndpointId, [MessageId; 3]),
    recovering: (TaskId, EndpointId),
    crowded: EndpointId,
    hashes: Vec<TokenHash>,
    published: MessageId,
}

/// What the verbs say of an installation. Signing keys are in it, and do not show in its failures.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    environments: Vec<Environment>,
    keys: Vec<Option<Key>>,
    apps: Vec<App>,
    event_types: Vec<EventType>,
    endpoints: Vec<Endpoint>,
    messages: Vec<Message>,
    /// With the id of the message that it was found by.
    deliveries: Vec<(MessageId, Delivery)>,
    attempts: Vec<Attempt>,
    tasks: Vec<Task>,
    sources: Vec<Source>,
    receptions: Vec<Option<Reception>>,
    refusals: Vec<Refusal>,
    audit: Vec<Entry>,
    people: super::people::Seen,
    saved: Vec<SavedSearch>,
    last_row: i64,
}

/// Fills the store that the harness gives, with a crowd of messages on top if `crowd`.
pub async fn fill(harness: Arc<dyn Harness>, crowd: bool) -> Filled {
    let world = World::new(harness).await;
    let environment = world.environment(Settings { retention_days: 7, ..Settings::default() }).await;
    let tenant = world.app(environment).await;
    let mut hashes = keys(&world, &tenant).await;
    for name in [Some("ann"), None] {
        hashes.push(super::portal::made(&world, &tenant, name).await.hash);
    }
    for environment in [Some(environment), None] {
        let entry = super::audit::entry(&world, environment, "usr_1", "app.create", "x");
        world.store.record_audit(world.system(), entry).await.unwrap();
    }
    objects(&world, &tenant).await;
    odd_messages(&world, &tenant).await;
    outcomes(&world, &tenant).await;
    let fifo = order(&world, &tenant).await;
    let recovering = recovery(&world, &tenant).await;
    let published = answers(&world, &tenant).await;
    super::sources::fill(&world, environment).await;
    super::listen::fill(&world, environment).await;
    super::people::fill(&world).await;
    super::saved::fill(&world, environment).await;
    let crowded = world.endpoint(&tenant).await;
    if crowd {
        publish_many(&world, &tenant, crowded).await;
    }
    Filled { world, tenant, fifo, recovering, crowded, hashes, published }
}

async fn keys(world: &World, tenant: &Tenant) -> Vec<TokenHash> {
    let (instance, mut hashes) = (world.system().instance(), Vec::new());
    let identities = [
        Identity::instance_key(),
        Identity::environment_key(tenant.environment),
        Identity::app_key(tenant.environment, tenant.app.id),
    ];
    for identity in identities {
        let (token, id) = (Token::generate(&world.rng), world.id(KeyId::make));
        let (expires_at, created_at) = (Some(world.now().after(HOUR)), world.now());
        let hint = token.hint();
        let key = Key {
            id,
            identity,
            name: "ci".into(),
            hint,
            created_at,
            expires_at,
            revoked_at: None,
            portal: None,
        };
        world.store.create_key(instance, key, token.hash()).await.unwrap();
        hashes.push(token.hash());
        world.store.revoke_key(instance, id, world.now()).await.unwrap();
    }
    hashes
}

/// Applications, event types and endpoints, deleted and archived ones too.
async fn objects(world: &World, tenant: &Tenant) {
    let (store, now) = (&world.store, world.now());
    let environment = world.system().environment(tenant.environment);
    let mut app = world.new_app(tenant.environment, Some("Kunde-ß"));
    app.throttle_rate = Some(u32::MAX >> 1);
    store.create_app(environment, app, None).await.unwrap();
    let gone = world.app(tenant.environment).await;
    let endpoint = world.endpoint(&gone).await;
    world.hold(&gone, endpoint).await;
    assert!(store.delete_app(gone.scope, now).await.unwrap());
    let other = world.tenant().await;
    world.endpoint(&other).await;

    for (name, archived) in [("invoice.paid", false), ("invoice.void", true)] {
        let mut event_type = world.new_event_type(name);
        event_type.archived = archived;
        event_type.group_name = archived.then(|| "money".to_owned());
        event_type.retry_schedule = archived.then(|| Schedule::new(vec![HOUR]).unwrap());
        store.create_event_type(environment, event_type, None).await.unwrap();
    }

    let mut endpoint = world.new_endpoint(tenant);
    endpoint.uid = Some("primary".into());
    endpoint.description = "Bücher".into();
    endpoint.event_types = vec!["invoice.paid".into()];
    endpoint.channels = vec!["eu".into(), "us".into()];
    endpoint.throttle_rate = Some(5);
    endpoint.disabled = Some(Disabled { at: now, reason: DisabledReason::Gone });
    endpoint.metadata = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    endpoint.headers = BTreeMap::from([("authorization".to_owned(), "Bearer x".to_owned())]);
    endpoint.keys.rotate(SigningKey::generate_ed25519(&world.rng), HOUR, now);
    endpoint.timeout = Some(Duration::from_millis(1_500));
    endpoint.ordering = Ordering::Fifo;
    endpoint.retry_schedule = Some(Schedule::new(vec![HOUR]).unwrap());
    endpoint.failing_since = Some(now);
    store.create_endpoint(tenant.scope, endpoint, None).await.unwrap();
}

/// Messages of every kind, without and with deliveries.
async fn odd_messages(world: &World, tenant: &Tenant) {
    let endpoint = world.endpoint(tenant).await;
    let mut raw = world.new_message(tenant);
    let headers = vec![("x-token".to_owned(), "secret".to_owned())];
    raw.payload = Some(Payload {
        body: Bytes::from_static(b"<a>\xff\0</a>"),
        raw: Some(Raw { headers, as_it_came: false }),
    });
    let original = raw.id;
    world.accept(tenant, raw, &[]).await;
    let edited = Message { edited_of: Some(original), ..world.new_message(tenant) };
    world.accept(tenant, edited, &[waiting(endpoint)]).await;

    let mut full = world.new_message(tenant);
    full.event_id = Some("evt-é".into());
    full.channels = vec!["eu".into()];
    full.tags = vec!["big".into(), "blue".into()];
    full.ordering_key = Some("customer 7".into());
    full.deliver_at = Some(world.now().after(HOUR));
    full.expire_at = Some(world.now().after(2 * HOUR));
    world.accept(tenant, full, &[waiting(endpoint)]).await;

    let mut short = world.new_message(tenant);
    short.expire_at = Some(world.now());
    world.accept(tenant, short, &[]).await;
    assert_eq!(world.retain(100).await.payloads, 1, "it has expired");

    let expunged = world.queue(tenant, endpoint).await;
    assert!(world.store.expunge_message(tenant.scope, expunged, world.now()).await.unwrap());
    let mut heavy = world.new_message(tenant);
    heavy.payload = Some(Payload { body: Bytes::from(vec![b'x'; 900_000]), raw: None });
    world.accept(tenant, heavy, &[waiting(endpoint)]).await;
}

/// Deliveries in every state, and what came before it.
async fn outcomes(world: &World, tenant: &Tenant) {
    let endpoint = world.endpoint(tenant).await;
    let succeeded = world.hold(tenant, endpoint).await;
    world.finish(succeeded, endpoint, 0, Then::Succeeded).await;
    let failed = world.hold(tenant, endpoint).await;
    let mut attempt = world.attempt(failed, endpoint, 1);
    (attempt.succeeded, attempt.status_code, attempt.response) = (false, 0, None);
    attempt.failure = Some(Failure { class: FailureClass::Tls, sentence: "it is Größe 0".into() });
    attempt.remote = Some(SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 443)));
    attempt.timings = Timings { tls: Duration::from_millis(3), ..Timings::default() };
    world.settle(attempt.clone(), Then::Failed).await;
    let retried = world.hold(tenant, endpoint).await;
    world.finish(retried, endpoint, 0, Then::Waiting { due: world.now().after(HOUR) }).await;
    let skipped = world.queue(tenant, endpoint).await;
    assert!(world.store.skip(tenant.scope, skipped, endpoint, world.now()).await.unwrap());
    world.hold(tenant, endpoint).await;
    assert!(world.store.expunge_attempt(tenant.scope, failed, attempt.id).await.unwrap());

    let doomed = world.endpoint(tenant).await;
    let message = world.hold(tenant, doomed).await;
    world.finish(message, doomed, 0, Then::Succeeded).await;
    world.queue(tenant, doomed).await;
    assert!(world.store.delete_endpoint(tenant.scope, doomed, world.now()).await.unwrap());
}

async fn order(world: &World, tenant: &Tenant) -> (EndpointId, [MessageId; 3]) {
    let endpoint = world.endpoint(tenant).await;
    let mut ids = Vec::new();
    for expected in [Placement::Held, Placement::Parked, Placement::Parked] {
        let message = world.new_message(tenant);
        ids.push(message.id);
        assert_eq!(world.accept(tenant, message, &[ordered(endpoint, FIFO)]).await, [expected]);
    }
    (endpoint, ids.try_into().unwrap())
}

/// A recovery that has come half way.
async fn recovery(world: &World, tenant: &Tenant) -> (TaskId, EndpointId) {
    let endpoint = world.endpoint(tenant).await;
    for _ in 0..4 {
        let message = world.hold(tenant, endpoint).await;
        world.finish(message, endpoint, 0, Then::Failed).await;
    }
    let task = tasks::start(world, tenant, Job::Recover(endpoint)).await;
    go_on(world, tenant, &task, 2, TaskStatus::Running).await;
    (task.id, endpoint)
}

/// Sends the next `count` failed messages of a task's endpoint again.
async fn go_on(world: &World, tenant: &Tenant, task: &Task, count: usize, status: TaskStatus) {
    let endpoint = task.job.endpoint().expect("it has one");
    let only = vec![State::Failed];
    let filter = DeliveryFilter { states: only.clone(), ..DeliveryFilter::default() };
    let listed = world.store.deliveries_by_endpoint(tenant.scope, endpoint, filter, whole()).await.unwrap();
    let failed = listed.rows.iter().rev().take(count).map(|(delivery, _)| delivery.message);
    let again =
        vec![Again { app: tenant.app.id, endpoint, messages: failed.collect(), which: Which::In(only) }];
    let next = Step { status, again, ..tasks::step(world, task) };
    let done = world.store.step_task(world.system(), next).await.unwrap().expect("it is where it was");
    assert_eq!(done.affected, count as u64);
}

fn asked(number: u8, answer: Answer, now: Timestamp) -> Idempotency {
    Idempotency { key: [number; 32], request: [number; 32], status: 201, answer, now }
}

/// Remembered answers: a body, which is sealed, and a message; and one that has expired.
async fn answers(world: &World, tenant: &Tenant) -> MessageId {
    let environment = world.system().environment(tenant.environment);
    let body = || Answer::Body(Bytes::from_static(b"{\"secret\":1}"));
    let long_ago = world.now().before(48 * HOUR);
    for (number, now) in [(1, world.now()), (3, long_ago)] {
        let app = world.new_app(tenant.environment, None);
        world.store.create_app(environment, app, Some(asked(number, body(), now))).await.unwrap();
    }
    let message = world.new_message(tenant);
    let id = message.id;
    let idempotency = Some(asked(2, Answer::Message(id), world.now()));
    let acceptance = Acceptance { idempotency, ..world.acceptance(message, &[]) };
    world.store.accept(tenant.scope, acceptance).await.unwrap();
    id
}

async fn publish_many(world: &World, tenant: &Tenant, endpoint: EndpointId) {
    let accept = |_| {
        let message = world.new_message(tenant);
        let acceptance = world.acceptance(message.clone(), &[held(endpoint)]);
        async move {
            world.store.accept(tenant.scope, acceptance).await.unwrap();
            let (attempt, then) = (world.attempt(message.id, endpoint, 1), Then::Succeeded);
            let settlements = Arc::new(vec![world.settlement(attempt, then)]);
            world.store.settle(world.system(), settlements, Vec::new()).await.unwrap();
        }
    };
    let mut left = 0..CROWD;
    let mut under_way: FuturesUnordered<_> = left.by_ref().take(256).map(accept).collect();
    while under_way.next().await.is_some() {
        under_way.extend(left.next().map(accept));
    }
}

impl Filled {
    /// The store that was filled.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.world.store
    }

    /// What the verbs of `store`, which has this installation, say of it; what is held counts as waiting.
    pub async fn look(&self, store: &dyn Store) -> Snapshot {
        let system = SystemScope::assume();
        let mut keys = Vec::new();
        for hash in &self.hashes {
            keys.push(store.identify(system, *hash).await.unwrap());
        }
        let scope = AuditScope::Instance(system.instance());
        let audit = store.audited(scope, AuditFilter::default(), whole()).await.unwrap();
        let mut seen = Snapshot {
            environments: store.environments(system.instance()).await.unwrap(),
            keys,
            apps: Vec::new(),
            event_types: Vec::new(),
            endpoints: Vec::new(),
            messages: Vec::new(),
            deliveries: Vec::new(),
            attempts: Vec::new(),
            tasks: store.running_tasks(system).await.unwrap(),
            sources: Vec::new(),
            receptions: Vec::new(),
            refusals: Vec::new(),
            audit: audit.rows,
            people: super::people::look(store).await,
            saved: Vec::new(),
            last_row: store.last_row(system).await.unwrap(),
        };
        for environment in seen.environments.clone() {
            let scope = system.environment(environment.id);
            seen.saved.extend(store.saved_searches(scope).await.unwrap());
            let types = store.event_types(scope.lookup(), true, whole()).await.unwrap();
            seen.event_types.extend(types.rows);
            for app in store.apps(scope, AppFilter::default(), whole()).await.unwrap().rows {
                seen.look_at(store, system.app(environment.id, app.id)).await;
                seen.apps.push(app);
            }
            for source in store.sources(scope, whole()).await.unwrap().rows {
                let app = scope.source(&source).unwrap();
                let messages = every_message(store, app).await.iter().map(|message| message.id).collect();
                seen.look_at(store, app).await;
                seen.receptions.extend(store.receptions(app, messages).await.unwrap());
                seen.refusals.extend(store.refusals(app).await.unwrap());
                seen.sources.push(source);
            }
        }
        seen
    }

    /// Uses the installation in `store`, which must not have been used: everything goes on where it was.
    pub async fn go_on(mut self, store: Arc<dyn Store>) {
        self.world.store = store;
        let Self { world, tenant, .. } = &self;
        assert_eq!(world.store.take_over(world.system()).await.unwrap(), 0, "nothing is held");

        let (endpoint, ids) = self.fifo;
        assert_eq!(world.claim_ids(endpoint).await, [ids[0]], "the others are parked");
        let late = world.new_message(tenant);
        let late_id = late.id;
        assert_eq!(world.accept(tenant, late, &[ordered(endpoint, FIFO)]).await, [Placement::Parked]);
        for pair in [ids[0], ids[1], ids[2], late_id].windows(2) {
            let next = world.finish(pair[0], endpoint, 0, Then::Succeeded).await.expect("the next is held");
            assert_eq!(
                next.message.id, pair[1],
                "they go in order, and new ones behind those that were moved"
            );
        }

        let (task, recovering) = self.recovering;
        let lookup = world.system().environment(tenant.environment).lookup();
        let task = world.store.task(lookup, task).await.unwrap().expect("it was moved");
        assert_eq!(task.progress.affected, 2);
        go_on(world, tenant, &task, 2, TaskStatus::Finished).await;
        assert_eq!(world.claim(recovering).await.work.len(), 4);

        let mut twin = world.new_message(tenant);
        twin.event_id = Some("evt-é".into());
        let taken = world.store.accept(tenant.scope, world.acceptance(twin, &[])).await;
        assert!(matches!(taken, Err(AcceptError::EventIdTaken)), "{taken:?}");
        self.answers_are_known().await;
        let endpoint = self.crowded;
        let fresh = world.hold(tenant, endpoint).await;
        world.finish(fresh, endpoint, 0, Then::Succeeded).await;
        let newest = every_message(&*world.store, tenant.scope).await[0].id;
        assert_eq!(newest, fresh, "what is new is last");
    }

    async fn answers_are_known(&self) {
        let Self { world, tenant, .. } = self;
        let environment = world.system().environment(tenant.environment);
        for (number, known) in [(1, true), (3, false)] {
            let (app, now) = (world.new_app(tenant.environment, None), world.now());
            let again = asked(number, Answer::Body(Bytes::from_static(b"another")), now);
            let answer = Answer::Body(Bytes::from_static(b"{\"secret\":1}"));
            match world.store.create_app(environment, app, Some(again)).await {
                Err(CreateError::Repeated(repeat)) if known => {
                    assert_eq!(repeat, Repeat::Answered { status: 201, answer });
                }
                outcome => assert!(outcome.is_ok() && !known, "{number}: {outcome:?}"),
            }
        }
        let message = world.new_message(tenant);
        let again = asked(2, Answer::Message(message.id), world.now());
        let again = Acceptance { idempotency: Some(again), ..world.acceptance(message, &[]) };
        let repeated = world.store.accept(tenant.scope, again).await;
        let answer = Answer::Message(self.published);
        let expected = Repeat::Answered { status: 201, answer };
        assert!(
            matches!(&repeated, Err(AcceptError::Repeated(repeat)) if *repeat == expected),
            "{repeated:?}"
        );
    }
}

impl Snapshot {
    async fn look_at(&mut self, store: &dyn Store, scope: postrider_core::scope::AppScope) {
        self.endpoints.extend(store.all_endpoints(scope).await.unwrap());
        let filter = || AttemptFilter { with_content: true, ..AttemptFilter::default() };
        for message in every_message(store, scope).await {
            let id = message.id;
            self.messages.extend(store.message(scope, &Ref::Id(id), true).await.unwrap());
            for mut delivery in store.deliveries_by_message(scope, id, whole()).await.unwrap().rows {
                if delivery.state == State::Held {
                    delivery.state = State::Waiting;
                }
                self.deliveries.push((id, delivery));
            }
            let attempts = store.attempts_by_message(scope, id, filter(), whole()).await.unwrap();
            self.attempts.extend(attempts.rows);
        }
    }

    /// Fails unless both say the same, and names what differs.
    pub fn assert_same(&self, other: &Self) {
        assert_eq!(self.environments, other.environments);
        assert_eq!(self.keys, other.keys);
        assert_eq!(self.apps, other.apps);
        assert_eq!(self.event_types, other.event_types);
        assert_eq!(self.endpoints, other.endpoints);
        assert_eq!(self.messages, other.messages);
        assert_eq!(self.deliveries, other.deliveries);
        assert_eq!(self.attempts, other.attempts);
        assert_eq!(self.tasks, other.tasks);
        assert_eq!(self.last_row, other.last_row);
        assert_eq!(self, other, "and nothing else differs");
    }
}
