//! What the tests write and look at: an application with an endpoint, its messages, and their outcomes.

use bytes::Bytes;
use postrider_core::app::{App, Ref};
use postrider_core::attempt::{Attempt, Timings, Trigger};
use postrider_core::delivery::State;
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{AppId, AttemptId, EndpointId, EnvironmentId, IdGenerator, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::rng::{Rng, TestRng};
use postrider_core::scope::{AppScope, SystemScope};
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::time::{Clock, TestClock, Timestamp};
use postrider_store::{
    AcceptError, Acceptance, Accepted, Claim, Edge, NewDelivery, Order, Page, Settlement, Store, Then,
};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// An application and its one endpoint.
pub(crate) struct Things {
    ids: IdGenerator,
    clock: TestClock,
    rng: TestRng,
    pub(crate) scope: AppScope,
    pub(crate) endpoint: EndpointId,
}

impl Things {
    /// Makes them in `store`.
    pub(crate) async fn make(store: &dyn Store) -> Self {
        let (ids, clock, rng) = (IdGenerator::default(), TestClock::at(NOW), TestRng::seed(1));
        let system = SystemScope::assume();
        let environment = Environment {
            id: EnvironmentId::make(&ids, &clock, &rng),
            name: "test".into(),
            settings: Settings::default(),
            created_at: NOW,
        };
        let app = App {
            id: AppId::make(&ids, &clock, &rng),
            environment: environment.id,
            uid: None,
            name: "app".into(),
            throttle_rate: None,
            metadata: std::collections::BTreeMap::default(),
            source: None,
            created_at: NOW,
            updated_at: NOW,
        };
        let scope = system.app(environment.id, app.id);
        store.create_environment(system.instance(), environment).await.unwrap();
        store.create_app(system.environment(scope.environment()), app, None).await.unwrap();
        let nothing = EndpointId::from_bytes([0; 20]);
        let mut things = Self { ids, clock, rng, scope, endpoint: nothing };
        things.endpoint = things.add_endpoint(store).await;
        things
    }

    /// Makes another endpoint.
    pub(crate) async fn add_endpoint(&self, store: &dyn Store) -> EndpointId {
        let endpoint = self.new_endpoint();
        let id = endpoint.id;
        store.create_endpoint(self.scope, endpoint, None).await.unwrap();
        id
    }

    fn new_endpoint(&self) -> Endpoint {
        Endpoint {
            id: self.id(EndpointId::make),
            app: self.scope.app(),
            uid: None,
            url: "https://receiver.example/hook".into(),
            description: String::new(),
            event_types: Vec::new(),
            channels: Vec::new(),
            throttle_rate: None,
            disabled: None,
            metadata: std::collections::BTreeMap::default(),
            headers: std::collections::BTreeMap::default(),
            keys: SigningKeys::new(SigningKey::generate_hmac(&self.rng)),
            timeout: None,
            ordering: Ordering::None,
            retry_schedule: None,
            failing_since: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn id<I>(&self, make: impl FnOnce(&IdGenerator, &dyn Clock, &dyn Rng) -> I) -> I {
        make(&self.ids, &self.clock, &self.rng)
    }

    /// A message to the endpoint, to be held.
    pub(crate) fn acceptance(&self) -> Acceptance {
        let message = Message {
            id: self.id(MessageId::make),
            app: self.scope.app(),
            event_type: "invoice.paid".into(),
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            ordering_key: None,
            deliver_at: None,
            expire_at: None,
            edited_of: None,
            payload: Some(Payload { body: Bytes::from_static(b"{}"), raw: None }),
        };
        let deliveries = vec![NewDelivery { endpoint: self.endpoint, hold: true, order: None }];
        Acceptance { message, deliveries, trigger: Trigger::Scheduled, now: NOW, idempotency: None }
    }

    pub(crate) async fn accept(&self, store: &dyn Store) -> (MessageId, Result<Accepted, AcceptError>) {
        let acceptance = self.acceptance();
        (acceptance.message.id, store.accept(self.scope, acceptance).await)
    }

    /// Whether the message is there.
    pub(crate) async fn has(&self, store: &dyn Store, message: MessageId) -> bool {
        store.message(self.scope, &Ref::Id(message), true).await.unwrap().is_some()
    }

    /// How the message's delivery stands.
    pub(crate) async fn state(&self, store: &dyn Store, message: MessageId) -> State {
        let page: Page<EndpointId> = Page { limit: 10, edge: None::<Edge<_>>, order: None::<Order> };
        store.deliveries_by_message(self.scope, message, page).await.unwrap().rows[0].state
    }

    pub(crate) async fn claim(&self, store: &dyn Store) -> Vec<MessageId> {
        let claim = Claim { endpoint: self.endpoint, now: NOW, limit: 100, max_bytes: usize::MAX };
        let claimed = store.claim(SystemScope::assume(), claim).await.unwrap();
        claimed.work.iter().map(|work| work.message.id).collect()
    }

    /// That the first attempt at the message has succeeded.
    pub(crate) fn success(&self, message: MessageId) -> Settlement {
        let attempt = Attempt {
            id: self.id(AttemptId::make),
            message,
            endpoint: self.endpoint,
            number: 1,
            at: NOW,
            trigger: Trigger::Scheduled,
            succeeded: true,
            status_code: 200,
            failure: None,
            url: "https://receiver.example/hook".into(),
            remote: None,
            timings: Timings::default(),
            request_headers: Bytes::new(),
            response_headers: Bytes::new(),
            response: None,
        };
        let event_type = "invoice.paid".to_owned();
        Settlement { attempt, app: self.scope.app(), event_type, counted: true, then: Then::Succeeded }
    }
}
