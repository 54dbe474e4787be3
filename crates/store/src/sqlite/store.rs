//! The verbs: each hands its function to the writer or to a reader.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postrider_core::app::{App, Ref};
use postrider_core::attempt::Attempt;
use postrider_core::audit::Entry;
use postrider_core::delivery::Delivery;
use postrider_core::endpoint::Endpoint;
use postrider_core::environment::Environment;
use postrider_core::event_type::EventType;
use postrider_core::id::{
    AppId, AttemptId, AuditId, EndpointId, IssueId, KeyId, MessageId, PersonId, SavedSearchId, SessionId,
    SourceId, TaskId,
};
use postrider_core::issue::{Issue, Said};
use postrider_core::key::{Key, TokenHash};
use postrider_core::message::Message;
use postrider_core::password::PasswordHash;
use postrider_core::person::Person;
use postrider_core::query::Place;
use postrider_core::reception::{Reception, Refusal, Ring};
use postrider_core::saved::SavedSearch;
use postrider_core::scope::{AppScope, EnvironmentScope, InstanceScope, LookupScope, SystemScope};
use postrider_core::session::{Link, Session as PersonSession};
use postrider_core::source::Source;
use postrider_core::task::{Progress, Task};
use postrider_core::time::Timestamp;

use super::job::Need;
use super::search::{self, Shelf};
use super::session::Session;
use super::{
    SMALL, Sqlite, accept, apps, attempts, audit, backup, claim, deliveries, endpoints, environments,
    event_types, issues, keys, listen, messages, payload_index, people, portal, receive, retain, rollups,
    rows, saved, sessions, settle, sources, tasks,
};
use crate::cluster::Cluster;
use crate::listen::{GroupKey, Offer, Offered, Tending};
use crate::partition::Partitions;
use crate::rollup::{Folded, RollupQuery, Rollups, Within};
use crate::search::{facets, find};
use crate::{
    AcceptError, Acceptance, Accepted, AppFilter, AttemptFilter, AuditFilter, AuditScope, Change,
    ChangeError, Chosen, Claim, Claimed, CreateError, DeliveryFilter, DeliveryHit, DeliveryStats, Ending,
    EndpointMark, Error, Expiry, Facets, Health, Idempotency, Indexed, Intake, IssueFilter, Known, LaneDue,
    Listed, MessageFilter, MessageHit, NewLink, NewPortalSession, Opening, Page, PersonError, ResendError,
    Retained, Search, SearchScope, Searched, Settled, Settlement, StartError, Step, Store, Taken, TaskFilter,
    Who,
};

#[async_trait]
impl Store for Sqlite {
    async fn create_environment(&self, _: InstanceScope, environment: Environment) -> Result<(), Error> {
        self.write(Need::Room, move |session| environments::create(session, &environment)).await
    }

    async fn create_first_environment(
        &self,
        _: InstanceScope,
        environment: Environment,
    ) -> Result<Environment, Error> {
        self.write(Need::Room, move |session| environments::create_first(session, &environment)).await
    }

    async fn environments(&self, _: InstanceScope) -> Result<Vec<Environment>, Error> {
        self.readers.read(environments::all).await
    }

    async fn environment(&self, scope: LookupScope) -> Result<Option<Environment>, Error> {
        self.readers.read(move |conn| environments::one(conn, scope.environment())).await
    }

    async fn change_environment(
        &self,
        scope: EnvironmentScope,
        change: Change<Environment>,
    ) -> Result<Option<Environment>, Error> {
        let environment = scope.environment();
        self.write(Need::Room, move |session| environments::change(session, environment, &change)).await
    }

    async fn create_key(&self, _: InstanceScope, key: Key, hash: TokenHash) -> Result<(), Error> {
        self.write(Need::Room, move |session| keys::create(session, &key, hash)).await
    }

    async fn create_first_key(&self, _: InstanceScope, key: Key, hash: TokenHash) -> Result<bool, Error> {
        self.write(Need::Room, move |session| keys::create_first(session, &key, hash)).await
    }

    async fn keys(&self, _: InstanceScope) -> Result<Vec<Key>, Error> {
        self.readers.read(keys::all).await
    }

    async fn revoke_key(&self, _: InstanceScope, id: KeyId, now: Timestamp) -> Result<Option<Key>, Error> {
        self.write(Need::Little, move |session| keys::revoke(session, id, now)).await
    }

    async fn identify(&self, _: SystemScope, hash: TokenHash) -> Result<Option<Key>, Error> {
        self.readers
            .read(move |conn| match keys::identify(conn, hash)? {
                None => portal::identify(conn, hash),
                key => Ok(key),
            })
            .await
    }

    async fn create_portal_session(
        &self,
        scope: AppScope,
        new: NewPortalSession,
    ) -> Result<Option<usize>, Error> {
        self.write(Need::Room, move |session| portal::create(session, scope, &new)).await
    }

    async fn open_portal(&self, _: SystemScope, opening: Opening) -> Result<Option<(Key, usize)>, Error> {
        // Anybody may come with a one-time key: most who guess are refused without a write.
        let link = opening.link;
        if !self.readers.read(move |conn| portal::has_link(conn, link)).await? {
            return Ok(None);
        }
        self.write(Need::Room, move |session| portal::open(session, &opening)).await
    }

    async fn end_portal_session(&self, scope: AppScope, id: KeyId) -> Result<bool, Error> {
        self.write(Need::Little, move |session| portal::end(session, scope, id)).await
    }

    async fn expire_portal_sessions(&self, scope: AppScope, expiry: Expiry) -> Result<(), Error> {
        self.write(Need::Little, move |session| portal::expire(session, scope, &expiry)).await
    }

    async fn record_audit(&self, _: SystemScope, entry: Entry) -> Result<(), Error> {
        self.write(Need::Little, move |session| audit::record(session, &entry)).await
    }

    async fn audited(
        &self,
        scope: AuditScope,
        filter: AuditFilter,
        page: Page<AuditId>,
    ) -> Result<Listed<Entry, AuditId>, Error> {
        self.readers.read(move |conn| audit::list(conn, scope, &filter, &page)).await
    }

    async fn forget_audit(&self, _: SystemScope, before: Timestamp, limit: usize) -> Result<u64, Error> {
        self.write(Need::Little, move |session| audit::forget(session, before, limit)).await
    }

    async fn create_person(
        &self,
        _: InstanceScope,
        person: Person,
        link: Option<NewLink>,
    ) -> Result<(), CreateError<Person>> {
        self.write(Need::Room, move |session| people::create(session, &person, link)).await
    }

    async fn create_first_person(
        &self,
        _: SystemScope,
        link: TokenHash,
        person: Person,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let act =
            move |session: &mut Session<'_>| people::create_first(session, link, &person, &password, now);
        self.write(Need::Room, act).await
    }

    async fn has_people(&self, _: SystemScope) -> Result<bool, Error> {
        self.readers.read(people::are_there).await
    }

    async fn people(&self, _: InstanceScope) -> Result<Vec<Person>, Error> {
        self.readers.read(people::all).await
    }

    async fn person(&self, _: SystemScope, who: Who) -> Result<Option<Known>, Error> {
        self.readers.read(move |conn| people::find(conn, &who)).await
    }

    async fn change_person(
        &self,
        _: InstanceScope,
        person: PersonId,
        change: Change<Person>,
    ) -> Result<Option<Person>, PersonError> {
        self.write(Need::Little, move |session| people::change(session, person, &change)).await
    }

    async fn reset_person(
        &self,
        _: InstanceScope,
        person: PersonId,
        link: NewLink,
    ) -> Result<Option<Person>, Error> {
        self.write(Need::Little, move |session| people::reset(session, person, link)).await
    }

    async fn set_password(
        &self,
        _: SystemScope,
        person: PersonId,
        password: PasswordHash,
        ending: Ending,
    ) -> Result<bool, Error> {
        let act = move |session: &mut Session<'_>| people::set_password(session, person, &password, ending);
        self.write(Need::Little, act).await
    }

    async fn make_link(
        &self,
        _: SystemScope,
        hash: TokenHash,
        link: Link,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| people::make_link(session, hash, link, now)).await
    }

    async fn link(&self, _: SystemScope, hash: TokenHash) -> Result<Option<Link>, Error> {
        self.readers.read(move |conn| people::link(conn, hash)).await
    }

    async fn use_link(
        &self,
        _: SystemScope,
        hash: TokenHash,
        now: Timestamp,
        chosen: Option<Chosen>,
    ) -> Result<Option<Person>, Error> {
        self.write(Need::Little, move |session| people::use_link(session, hash, now, chosen.as_ref())).await
    }

    async fn begin_session(
        &self,
        _: SystemScope,
        session: PersonSession,
        hash: TokenHash,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |writing| sessions::begin(writing, &session, hash)).await
    }

    async fn session(
        &self,
        _: SystemScope,
        hash: TokenHash,
    ) -> Result<Option<(PersonSession, Person)>, Error> {
        self.readers.read(move |conn| sessions::find(conn, hash)).await
    }

    async fn see_session(&self, _: SystemScope, session: SessionId, now: Timestamp) -> Result<(), Error> {
        self.write(Need::Little, move |writing| sessions::see(writing, session, now)).await
    }

    async fn sessions(&self, _: SystemScope, person: PersonId) -> Result<Vec<PersonSession>, Error> {
        self.readers.read(move |conn| sessions::of(conn, person)).await
    }

    async fn end_sessions(&self, _: SystemScope, person: PersonId, ending: Ending) -> Result<u64, Error> {
        self.write(Need::Little, move |writing| sessions::end(writing, person, ending)).await
    }

    async fn create_app(
        &self,
        _: EnvironmentScope,
        app: App,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<App>> {
        self.write(Need::Room, move |session| apps::create(session, &app, idempotency.as_ref())).await
    }

    async fn app(&self, scope: LookupScope, app: &Ref<AppId>) -> Result<Option<App>, Error> {
        let app = app.clone();
        self.readers.read(move |conn| apps::find(conn, scope.environment(), &app)).await
    }

    async fn app_by_id(&self, _: SystemScope, app: AppId) -> Result<Option<App>, Error> {
        self.readers.read(move |conn| apps::by_id(conn, app)).await
    }

    async fn apps(
        &self,
        scope: EnvironmentScope,
        filter: AppFilter,
        page: Page<AppId>,
    ) -> Result<Listed<App, AppId>, Error> {
        self.readers.read(move |conn| apps::list(conn, scope.environment(), filter, &page)).await
    }

    async fn change_app(
        &self,
        scope: AppScope,
        change: Change<App>,
        now: Timestamp,
    ) -> Result<Option<App>, ChangeError> {
        self.write(Need::Room, move |session| apps::change(session, scope, &change, now)).await
    }

    async fn delete_app(&self, scope: AppScope, now: Timestamp) -> Result<bool, Error> {
        self.write(Need::Little, move |session| apps::delete(session, scope, now)).await
    }

    async fn create_event_type(
        &self,
        scope: EnvironmentScope,
        event_type: EventType,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<EventType>> {
        let environment = scope.environment();
        let act = move |session: &mut Session<'_>| {
            event_types::create(session, environment, &event_type, idempotency.as_ref())
        };
        self.write(Need::Room, act).await
    }

    async fn event_type(&self, scope: LookupScope, name: &str) -> Result<Option<EventType>, Error> {
        let name = name.to_owned();
        self.readers.read(move |conn| event_types::find(conn, scope.environment(), &name)).await
    }

    async fn event_types(
        &self,
        scope: LookupScope,
        include_archived: bool,
        page: Page<String>,
    ) -> Result<Listed<EventType, String>, Error> {
        self.readers
            .read(move |conn| event_types::list(conn, scope.environment(), include_archived, &page))
            .await
    }

    async fn change_event_type(
        &self,
        scope: EnvironmentScope,
        name: &str,
        change: Change<EventType>,
        now: Timestamp,
    ) -> Result<Option<EventType>, Error> {
        let (environment, name) = (scope.environment(), name.to_owned());
        self.write(Need::Room, move |session| event_types::change(session, environment, &name, &change, now))
            .await
    }

    async fn delete_event_type(&self, scope: EnvironmentScope, name: &str) -> Result<bool, Error> {
        let (environment, name) = (scope.environment(), name.to_owned());
        self.write(Need::Little, move |session| event_types::delete(session, environment, &name)).await
    }

    async fn create_endpoint(
        &self,
        scope: AppScope,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<Endpoint>> {
        let act = move |session: &mut Session<'_>| {
            endpoints::create(session, scope, &endpoint, idempotency.as_ref())
        };
        self.write(Need::Room, act).await
    }

    async fn endpoint(&self, scope: AppScope, endpoint: &Ref<EndpointId>) -> Result<Option<Endpoint>, Error> {
        let (endpoint, sealer) = (endpoint.clone(), Arc::clone(&self.sealer));
        self.readers.read(move |conn| endpoints::find(conn, &sealer, scope, &endpoint)).await
    }

    async fn endpoints(
        &self,
        scope: AppScope,
        page: Page<EndpointId>,
    ) -> Result<Listed<Endpoint, EndpointId>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers.read(move |conn| endpoints::list(conn, &sealer, scope, &page)).await
    }

    async fn all_endpoints(&self, scope: AppScope) -> Result<Vec<Endpoint>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers.read(move |conn| endpoints::all(conn, &sealer, scope)).await
    }

    async fn change_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        change: Change<Endpoint>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Endpoint>, ChangeError> {
        let act = move |session: &mut Session<'_>| {
            endpoints::change(session, scope, endpoint, &change, now, idempotency.as_ref())
        };
        self.write(Need::Room, act).await
    }

    async fn delete_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| endpoints::delete(session, scope, endpoint, now)).await
    }

    async fn accept(&self, scope: AppScope, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let bytes = accept::size(&acceptance);
        self.hand(Need::Room, bytes, move |session| accept::accept(session, scope, &acceptance)).await
    }

    async fn message(
        &self,
        scope: AppScope,
        message: &Ref<MessageId>,
        with_payload: bool,
    ) -> Result<Option<Message>, Error> {
        let message = message.clone();
        let sealer = with_payload.then(|| Arc::clone(&self.sealer));
        self.readers.read(move |conn| messages::find(conn, scope, &message, sealer.as_deref())).await
    }

    async fn messages(
        &self,
        scope: AppScope,
        filter: MessageFilter,
        page: Page<MessageId>,
        with_payload: bool,
    ) -> Result<Listed<Message, MessageId>, Error> {
        let sealer = with_payload.then(|| Arc::clone(&self.sealer));
        self.readers.read(move |conn| messages::list(conn, scope, &filter, &page, sealer.as_deref())).await
    }

    async fn expunge_message(
        &self,
        scope: AppScope,
        message: MessageId,
        _: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| messages::expunge(session, scope, message)).await
    }

    async fn attempts_by_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        filter: AttemptFilter,
        page: Page<AttemptId>,
    ) -> Result<Listed<Attempt, AttemptId>, Error> {
        self.readers.read(move |conn| attempts::by_endpoint(conn, scope, endpoint, &filter, &page)).await
    }

    async fn attempts_by_message(
        &self,
        scope: AppScope,
        message: MessageId,
        filter: AttemptFilter,
        page: Page<AttemptId>,
    ) -> Result<Listed<Attempt, AttemptId>, Error> {
        self.readers.read(move |conn| attempts::by_message(conn, scope, message, &filter, &page)).await
    }

    async fn attempt(
        &self,
        scope: AppScope,
        message: MessageId,
        attempt: AttemptId,
    ) -> Result<Option<Attempt>, Error> {
        self.readers.read(move |conn| attempts::find(conn, scope, message, attempt)).await
    }

    async fn expunge_attempt(
        &self,
        scope: AppScope,
        message: MessageId,
        attempt: AttemptId,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| attempts::expunge(session, scope, message, attempt)).await
    }

    async fn deliveries_by_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        filter: DeliveryFilter,
        page: Page<MessageId>,
    ) -> Result<Listed<(Delivery, Message), MessageId>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers
            .read(move |conn| deliveries::by_endpoint(conn, &sealer, scope, endpoint, &filter, &page))
            .await
    }

    async fn deliveries_by_message(
        &self,
        scope: AppScope,
        message: MessageId,
        page: Page<EndpointId>,
    ) -> Result<Listed<Delivery, EndpointId>, Error> {
        self.readers.read(move |conn| deliveries::by_message(conn, scope, message, &page)).await
    }

    async fn stats(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<DeliveryStats, Error> {
        self.readers.read(move |conn| deliveries::stats(conn, scope, endpoint, since, until)).await
    }

    async fn resend(
        &self,
        scope: AppScope,
        message: MessageId,
        to: Vec<EndpointId>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<(), ResendError> {
        let act = move |session: &mut Session<'_>| {
            deliveries::resend(session, scope, message, &to, now, idempotency.as_ref())
        };
        self.write(Need::Room, act).await
    }

    async fn skip(
        &self,
        scope: AppScope,
        message: MessageId,
        endpoint: EndpointId,
        _: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| deliveries::skip(session, scope, message, endpoint)).await
    }

    async fn search_deliveries(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Result<Searched<DeliveryHit>, Error> {
        self.readers
            .read(move |conn| {
                let rows = Shelf { conn, environment: scope.environment() };
                search::run(find::deliveries(rows, scope, &search, &page))
            })
            .await
    }

    async fn search_messages(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Result<Searched<MessageHit>, Error> {
        self.readers
            .read(move |conn| {
                let rows = Shelf { conn, environment: scope.environment() };
                search::run(find::messages(rows, scope, &search, &page))
            })
            .await
    }

    async fn facets(&self, scope: SearchScope, search: Search) -> Result<Facets, Error> {
        self.readers
            .read(move |conn| {
                let rows = Shelf { conn, environment: scope.environment() };
                search::run(facets::count(rows, scope, &search))
            })
            .await
    }

    async fn create_source(
        &self,
        _: EnvironmentScope,
        source: Source,
        app: App,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<Source>> {
        let act =
            move |session: &mut Session<'_>| sources::create(session, &source, &app, idempotency.as_ref());
        self.write(Need::Room, act).await
    }

    async fn source(&self, scope: EnvironmentScope, source: &Ref<SourceId>) -> Result<Option<Source>, Error> {
        let (source, sealer) = (source.clone(), Arc::clone(&self.sealer));
        self.readers.read(move |conn| sources::find(conn, &sealer, scope.environment(), &source)).await
    }

    async fn sources(
        &self,
        scope: EnvironmentScope,
        page: Page<SourceId>,
    ) -> Result<Listed<Source, SourceId>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers.read(move |conn| sources::list(conn, &sealer, scope.environment(), &page)).await
    }

    async fn source_by_app(&self, _: SystemScope, app: AppId) -> Result<Option<Source>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers.read(move |conn| sources::by_app(conn, &sealer, app)).await
    }

    async fn app_of_token(&self, _: SystemScope, hash: TokenHash) -> Result<Option<AppId>, Error> {
        self.readers.read(move |conn| sources::app_of_token(conn, hash)).await
    }

    async fn change_source(
        &self,
        scope: EnvironmentScope,
        source: SourceId,
        change: Change<Source>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Source>, ChangeError> {
        let act = move |session: &mut Session<'_>| {
            sources::change(session, scope, source, &change, now, idempotency.as_ref())
        };
        self.write(Need::Room, act).await
    }

    async fn delete_source(
        &self,
        scope: EnvironmentScope,
        source: SourceId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| sources::delete(session, scope, source, now)).await
    }

    async fn firings(
        &self,
        _: SystemScope,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AppId, Timestamp)>, Error> {
        self.readers.read(move |conn| sources::firings(conn, now, limit)).await
    }

    async fn receive(&self, scope: AppScope, intake: Intake) -> Result<Vec<Taken>, AcceptError> {
        let bytes = crate::receive::size(&intake.arrivals);
        self.hand(Need::Room, bytes, move |session| receive::receive(session, scope, &intake)).await
    }

    async fn receptions(
        &self,
        scope: AppScope,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Option<Reception>>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers.read(move |conn| receive::receptions(conn, &sealer, scope, &messages)).await
    }

    async fn refuse(&self, scope: AppScope, refusal: Refusal, ring: Ring) -> Result<(), Error> {
        self.write(Need::Room, move |session| receive::refuse(session, scope, &refusal, ring)).await
    }

    async fn refusals(&self, scope: AppScope) -> Result<Vec<Refusal>, Error> {
        let sealer = Arc::clone(&self.sealer);
        self.readers.read(move |conn| receive::refusals(conn, &sealer, scope)).await
    }

    async fn open_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        position: i64,
        now: Timestamp,
    ) -> Result<i64, Error> {
        self.write(Need::Little, move |session| listen::open(session, scope, group, position, now)).await
    }

    async fn claim_in_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        offer: Offer,
    ) -> Result<Offered, Error> {
        self.write(Need::Little, move |session| listen::claim(session, scope, group, &offer)).await
    }

    async fn finish_in_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        message: MessageId,
    ) -> Result<bool, Error> {
        self.write(Need::Little, move |session| listen::finish(session, scope, group, message)).await
    }

    async fn tend_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        tending: Tending,
    ) -> Result<Option<i64>, Error> {
        self.write(Need::Little, move |session| listen::tend(session, scope, group, tending)).await
    }

    async fn saved_searches(&self, scope: EnvironmentScope) -> Result<Vec<SavedSearch>, Error> {
        self.readers.read(move |conn| saved::all(conn, scope)).await
    }

    async fn save_search(&self, scope: EnvironmentScope, search: SavedSearch) -> Result<bool, Error> {
        self.write(Need::Room, move |session| saved::save(session, scope, &search)).await
    }

    async fn forget_search(&self, scope: EnvironmentScope, search: SavedSearchId) -> Result<bool, Error> {
        self.write(Need::Little, move |session| saved::forget(session, scope, search)).await
    }

    async fn start_task(
        &self,
        within: Within,
        task: Task,
        idempotency: Option<Idempotency>,
    ) -> Result<(), StartError> {
        let act = move |session: &mut Session<'_>| tasks::start(session, within, &task, idempotency.as_ref());
        self.write(Need::Room, act).await
    }

    async fn task(&self, scope: LookupScope, task: TaskId) -> Result<Option<Task>, Error> {
        self.readers.read(move |conn| tasks::find(conn, scope, task)).await
    }

    async fn tasks(
        &self,
        scope: EnvironmentScope,
        filter: TaskFilter,
        page: Page<TaskId>,
    ) -> Result<Listed<Task, TaskId>, Error> {
        self.readers.read(move |conn| tasks::list(conn, scope, &filter, &page)).await
    }

    async fn running_tasks(&self, _: SystemScope) -> Result<Vec<Task>, Error> {
        self.readers.read(tasks::running).await
    }

    async fn step_task(&self, _: SystemScope, step: Step) -> Result<Option<Progress>, Error> {
        let bytes = crate::receive::size(&step.arrivals) + SMALL;
        let need = if step.may_grow() { Need::Room } else { Need::Little };
        self.hand(need, bytes, move |session| tasks::step(session, &step)).await
    }

    async fn cancel_task(&self, within: Within, task: TaskId, now: Timestamp) -> Result<Option<Task>, Error> {
        self.write(Need::Little, move |session| tasks::cancel(session, within, task, now)).await
    }

    async fn rollups(&self, within: Within, query: RollupQuery) -> Result<Rollups, Error> {
        if self.readers.read(rollups::pending::is_any).await? {
            self.write(Need::Little, rollups::pending::add_up).await?;
        }
        self.readers.read(move |conn| rollups::read(conn, within, &query)).await
    }

    async fn issues(
        &self,
        within: Within,
        filter: IssueFilter,
        page: Page<IssueId>,
    ) -> Result<Listed<Issue, IssueId>, Error> {
        self.readers.read(move |conn| issues::list(conn, within, &filter, &page)).await
    }

    async fn issue(&self, within: Within, issue: IssueId) -> Result<Option<Issue>, Error> {
        self.readers.read(move |conn| issues::find(conn, within, issue)).await
    }

    async fn say_of_issue(
        &self,
        within: Within,
        issue: IssueId,
        said: Said,
        now: Timestamp,
    ) -> Result<Option<Issue>, Error> {
        self.write(Need::Little, move |session| issues::say(session, within, issue, said, now)).await
    }

    async fn take_over(&self, _: SystemScope) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let taken = self.write(Need::Little, claim::take_over).await?;
            all += taken as u64;
            if taken < claim::TAKE_OVER_STEP {
                return Ok(all);
            }
        }
    }

    async fn lanes_due(
        &self,
        _: SystemScope,
        after: Option<EndpointId>,
        limit: usize,
    ) -> Result<Vec<LaneDue>, Error> {
        self.readers.read(move |conn| claim::lanes_due(conn, after, limit)).await
    }

    async fn claim(&self, _: SystemScope, claim: Claim) -> Result<Claimed, Error> {
        self.hand(Need::Little, SMALL, move |session| claim::claim(session, claim)).await
    }

    async fn settle(
        &self,
        _: SystemScope,
        settlements: Arc<Vec<Settlement>>,
        marks: Vec<EndpointMark>,
    ) -> Result<Vec<Settled>, Error> {
        let bytes = settle::size(&settlements);
        self.hand(Need::Little, bytes, move |session| settle::settle(session, &settlements, &marks)).await
    }

    async fn release(&self, _: SystemScope, held: Vec<(MessageId, EndpointId)>) -> Result<(), Error> {
        let held: Vec<_> = held.iter().map(|(message, endpoint)| (message.row(), endpoint.row())).collect();
        self.write(Need::Little, move |session| claim::release(session, &held)).await
    }

    async fn retain(&self, _: SystemScope, now: Timestamp, limit: usize) -> Result<Retained, Error> {
        self.write(Need::Little, move |session| retain::retain(session, now, limit.max(1))).await
    }

    async fn fold(
        &self,
        _: SystemScope,
        now: Timestamp,
        kept: Duration,
        limit: usize,
    ) -> Result<Folded, Error> {
        self.write(Need::Little, move |session| rollups::fold(session, now, kept, limit.max(1))).await
    }

    async fn index_payloads(&self, _: SystemScope, now: Timestamp, limit: usize) -> Result<Indexed, Error> {
        self.write(Need::Room, move |session| payload_index::pass(session, now, limit.max(1))).await
    }

    async fn drop_payload_index(&self, _: SystemScope) -> Result<bool, Error> {
        self.write(Need::Little, payload_index::drop_all).await
    }

    async fn backup(
        &self,
        _: SystemScope,
        to: &Path,
        progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
    ) -> Result<(), Error> {
        let (file, to) = (self.file.clone(), to.to_owned());
        tokio::task::spawn_blocking(move || backup::backup(&file, &to, &*progress))
            .await
            .unwrap_or_else(|panic| Err(Error::Engine(panic.into())))
    }

    fn health(&self) -> Health {
        self.status.health()
    }

    fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    async fn hand_over(&self, _: SystemScope, _: Partitions) -> Result<(), Error> {
        Ok(())
    }

    async fn last_row(&self, _: SystemScope) -> Result<i64, Error> {
        self.readers.read(rows::last).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.queue.close();
        self.readers.close().await;
        let Some(engine) = self.engine.lock().take() else { return Ok(()) };
        tokio::task::spawn_blocking(move || engine.close())
            .await
            .unwrap_or_else(|panic| Err(Error::Engine(panic.into())))
    }
}
