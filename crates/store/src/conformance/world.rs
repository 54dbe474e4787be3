//! Where cases happen: a store, a clock that stands still until a case moves it, and short ways to make things.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_core::app::{App, Ref};
use postrider_core::attempt::{Attempt, Timings, Trigger};
use postrider_core::delivery::{Delivery, State, Work};
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::environment::{Environment, Settings};
use postrider_core::event_type::EventType;
use postrider_core::id::{AppId, AttemptId, EndpointId, EnvironmentId, EventTypeId, IdGenerator, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::rng::{Rng, TestRng};
use postrider_core::scope::{AppScope, SystemScope};
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::time::{Clock, TestClock, Timestamp};

use super::Harness;
use crate::{
    Acceptance, Claim, Claimed, Edge, MessageFilter, NewDelivery, Page, Placement, Retained, Settled,
    Settlement, Store, Then,
};

/// The event type of all messages.
pub(super) const EVENT_TYPE: &str = "invoice.paid";

pub(super) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A store under test.
pub struct World {
    /// The store.
    pub store: Arc<dyn Store>,
    pub(super) clock: TestClock,
    pub(super) rng: TestRng,
    system: SystemScope,
    harness: Arc<dyn Harness>,
    ids: IdGenerator,
    /// Whose the endpoints are.
    owners: Mutex<HashMap<EndpointId, AppId>>,
}

/// An application with its environment.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub(super) environment: EnvironmentId,
    pub(super) app: App,
    pub(super) scope: AppScope,
}

impl World {
    pub(super) async fn new(harness: Arc<dyn Harness>) -> Self {
        Self {
            store: harness.fresh().await,
            clock: TestClock::at(START),
            rng: TestRng::seed(1),
            system: SystemScope::assume(),
            harness,
            ids: IdGenerator::default(),
            owners: Mutex::default(),
        }
    }

    pub(super) const fn system(&self) -> SystemScope {
        self.system
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.advance_micros(i64::try_from(time.as_micros()).expect("cases take less than an age"));
    }

    pub(super) fn id<I>(&self, make: impl FnOnce(&IdGenerator, &dyn Clock, &dyn Rng) -> I) -> I {
        make(&self.ids, &self.clock, &self.rng)
    }

    /// Restarts the engine and takes over what it held.
    pub(super) async fn restart(&mut self) -> u64 {
        self.reopen().await;
        self.store.take_over(self.system()).await.unwrap()
    }

    /// Restarts the engine.
    pub(super) async fn reopen(&mut self) {
        self.store = self.harness.reopen(Arc::clone(&self.store)).await;
    }

    // ---- things

    pub(super) async fn environment(&self, settings: Settings) -> EnvironmentId {
        let id = self.id(EnvironmentId::make);
        let environment = Environment { id, name: "test".into(), settings, created_at: self.now() };
        self.store.create_environment(self.system().instance(), environment).await.unwrap();
        id
    }

    pub(super) fn new_app(&self, environment: EnvironmentId, uid: Option<&str>) -> App {
        App {
            id: self.id(AppId::make),
            environment,
            uid: uid.map(str::to_owned),
            name: "app".into(),
            throttle_rate: Some(7),
            metadata: BTreeMap::from([("plan".to_owned(), "gold".to_owned())]),
            source: None,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    pub(super) async fn app(&self, environment: EnvironmentId) -> Tenant {
        let app = self.new_app(environment, None);
        self.store.create_app(self.system().environment(environment), app.clone(), None).await.unwrap();
        Tenant { environment, scope: self.system().app(environment, app.id), app }
    }

    /// An application in an environment of its own.
    pub(super) async fn tenant(&self) -> Tenant {
        let environment = self.environment(Settings::default()).await;
        self.app(environment).await
    }

    pub(super) fn new_event_type(&self, name: &str) -> EventType {
        EventType {
            id: self.id(EventTypeId::make),
            name: name.to_owned(),
            description: "What happened".into(),
            archived: false,
            deprecated: false,
            schemas: Some("{\"1\":{}}".into()),
            group_name: None,
            feature_flags: vec!["beta".into()],
            retry_schedule: None,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    pub(super) fn new_endpoint(&self, tenant: &Tenant) -> Endpoint {
        let id = self.id(EndpointId::make);
        self.owners.lock().insert(id, tenant.app.id);
        Endpoint {
            id,
            app: tenant.app.id,
            uid: None,
            url: "https://receiver.example/hook".into(),
            description: String::new(),
            event_types: Vec::new(),
            channels: Vec::new(),
            throttle_rate: None,
            disabled: None,
            metadata: BTreeMap::new(),
            headers: BTreeMap::new(),
            keys: SigningKeys::new(SigningKey::generate_hmac(&self.rng)),
            timeout: None,
            ordering: Ordering::None,
            retry_schedule: None,
            failing_since: None,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    pub(super) async fn endpoint(&self, tenant: &Tenant) -> EndpointId {
        let endpoint = self.new_endpoint(tenant);
        let id = endpoint.id;
        self.store.create_endpoint(tenant.scope, endpoint, None).await.unwrap();
        id
    }

    // ---- messages

    pub(super) fn new_message(&self, tenant: &Tenant) -> Message {
        Message {
            id: self.id(MessageId::make),
            app: tenant.app.id,
            event_type: EVENT_TYPE.into(),
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            ordering_key: None,
            deliver_at: None,
            expire_at: None,
            edited_of: None,
            payload: Some(Payload { body: Bytes::from_static(b"{\"total\":7}"), raw: None }),
        }
    }

    pub(super) fn acceptance(&self, message: Message, deliveries: &[NewDelivery]) -> Acceptance {
        let (trigger, now) = (Trigger::Scheduled, self.now());
        Acceptance { message, deliveries: deliveries.to_vec(), trigger, now, idempotency: None }
    }

    pub(super) async fn accept(
        &self,
        tenant: &Tenant,
        message: Message,
        deliveries: &[NewDelivery],
    ) -> Vec<Placement> {
        let acceptance = self.acceptance(message, deliveries);
        self.store.accept(tenant.scope, acceptance).await.unwrap().placements
    }

    /// Publishes a message to one endpoint, which is held.
    pub(super) async fn hold(&self, tenant: &Tenant, endpoint: EndpointId) -> MessageId {
        let message = self.new_message(tenant);
        let id = message.id;
        assert_eq!(self.accept(tenant, message, &[held(endpoint)]).await, [Placement::Held]);
        id
    }

    /// Publishes a message to one endpoint, which waits in the store.
    pub(super) async fn queue(&self, tenant: &Tenant, endpoint: EndpointId) -> MessageId {
        let message = self.new_message(tenant);
        let id = message.id;
        self.accept(tenant, message, &[waiting(endpoint)]).await;
        id
    }

    pub(super) async fn message(&self, tenant: &Tenant, id: MessageId) -> Option<Message> {
        self.store.message(tenant.scope, &Ref::Id(id), true).await.unwrap()
    }

    pub(super) async fn delivery(
        &self,
        tenant: &Tenant,
        message: MessageId,
        endpoint: EndpointId,
    ) -> Option<Delivery> {
        let page = self.store.deliveries_by_message(tenant.scope, message, whole()).await.unwrap();
        page.rows.into_iter().find(|delivery| delivery.endpoint == endpoint)
    }

    pub(super) async fn state(&self, tenant: &Tenant, message: MessageId, endpoint: EndpointId) -> State {
        self.delivery(tenant, message, endpoint).await.expect("the delivery is there").state
    }

    // ---- dispatch

    pub(super) async fn claim(&self, endpoint: EndpointId) -> Claimed {
        let claim = Claim { endpoint, now: self.now(), limit: 100, max_bytes: 1 << 20 };
        self.store.claim(self.system(), claim).await.unwrap()
    }

    pub(super) async fn claim_ids(&self, endpoint: EndpointId) -> Vec<MessageId> {
        self.claim(endpoint).await.work.iter().map(|work| work.message.id).collect()
    }

    pub(super) fn attempt(&self, message: MessageId, endpoint: EndpointId, number: u32) -> Attempt {
        Attempt {
            id: self.id(AttemptId::make),
            message,
            endpoint,
            number,
            at: self.now(),
            trigger: Trigger::Scheduled,
            succeeded: true,
            status_code: 200,
            failure: None,
            url: "https://receiver.example/hook".into(),
            remote: None,
            timings: Timings::default(),
            request_headers: Bytes::from_static(b"webhook-id: x\n"),
            response_headers: Bytes::from_static(b"server: y\n"),
            response: Some(Bytes::from_static(b"ok")),
        }
    }

    pub(super) fn settlement(&self, attempt: Attempt, then: Then) -> Settlement {
        let app = self.owners.lock().get(&attempt.endpoint).copied();
        let app = app.unwrap_or_else(|| AppId::from_bytes([0; 20]));
        Settlement { attempt, app, event_type: EVENT_TYPE.into(), counted: true, then }
    }

    pub(super) async fn settle(&self, attempt: Attempt, then: Then) -> Settled {
        let settlements = Arc::new(vec![self.settlement(attempt, then)]);
        let mut settled = self.store.settle(self.system(), settlements, Vec::new()).await.unwrap();
        settled.pop().expect("one answer per settlement")
    }

    /// Settles the attempt after `attempts` earlier ones, and gives the next of the order if it is held now.
    pub(super) async fn finish(
        &self,
        message: MessageId,
        endpoint: EndpointId,
        attempts: u32,
        then: Then,
    ) -> Option<Work> {
        let mut attempt = self.attempt(message, endpoint, attempts + 1);
        if then != Then::Succeeded {
            (attempt.succeeded, attempt.status_code) = (false, 500);
        }
        match self.settle(attempt, then).await {
            Settled::Recorded { held, .. } => held,
            Settled::Stale => panic!("the settlement of {message} is stale"),
        }
    }

    /// Retains in passes of `limit` until there is no more to do.
    pub(super) async fn retain(&self, limit: usize) -> Retained {
        let mut sum = Retained::default();
        for _ in 0..10_000 {
            let pass = self.store.retain(self.system(), self.now(), limit).await.unwrap();
            sum.messages += pass.messages;
            sum.payloads += pass.payloads;
            sum.canceled += pass.canceled;
            sum.answers += pass.answers;
            if !pass.more {
                return sum;
            }
        }
        panic!("retention comes to no end");
    }
}

pub(super) const fn held(endpoint: EndpointId) -> NewDelivery {
    NewDelivery { endpoint, hold: true, order: None }
}

pub(super) const fn waiting(endpoint: EndpointId) -> NewDelivery {
    NewDelivery { endpoint, hold: false, order: None }
}

pub(super) const fn ordered(endpoint: EndpointId, order: i64) -> NewDelivery {
    NewDelivery { endpoint, hold: true, order: Some(order) }
}

/// All messages of an application, newest first: page after page, since any page may be short.
pub(super) async fn every_message(store: &dyn Store, scope: AppScope) -> Vec<Message> {
    let (mut all, mut edge) = (Vec::new(), None);
    loop {
        let listed = store.messages(scope, MessageFilter::default(), page(1_000, edge), false).await.unwrap();
        all.extend(listed.rows);
        let Some(next) = listed.next else { return all };
        edge = Some(Edge::After(next));
    }
}

/// A page that holds any list of a case that is short enough not to be cut.
pub(super) const fn whole<C>() -> Page<C> {
    Page { limit: 10_000, edge: None, order: None }
}

pub(super) const fn page<C>(limit: usize, edge: Option<Edge<C>>) -> Page<C> {
    Page { limit, edge, order: None }
}
