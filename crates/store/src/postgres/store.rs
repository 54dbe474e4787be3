//! The verbs: each hands its function and arguments to the writers, or reads on a connection of its own.

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
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::fault::OVERLOADED;
use super::handed::Handed;
use super::job::{Accept, Need, Settle};
use super::search::Shelf;
use super::{
    BackupElsewhere, Postgres, accept, apps, attempts, audit, claim, deliveries, endpoints, environments,
    event_types, issues, keys, lanes, listen, messages, payload_index, people, portal, receive, resend,
    retain, rollups, rows, saved, sessions, settle, sources, tasks,
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
    Listed, MessageFilter, MessageHit, NewLink, NewPortalSession, Opening, Page, PersonError, Placement,
    ResendError, Retained, Search, SearchScope, Searched, Settled, Settlement, StartError, Step, Store,
    Taken, TaskFilter, Who,
};

/// How long a verb may read; its statements end sooner, unless the server does not answer at all.
const READ_MAX: Duration = Duration::from_secs(15);

/// How long what is queued may take before partitions are handed over.
const HAND_OVER_MAX: Duration = Duration::from_secs(30);

async fn within<T>(read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(READ_MAX, read).await.unwrap_or(Err(OVERLOADED))
}

#[async_trait]
impl Store for Postgres {
    async fn create_environment(&self, _: InstanceScope, environment: Environment) -> Result<(), Error> {
        self.write(Need::Room, environment, |session, environment| {
            Box::pin(environments::create(session, environment))
        })
        .await
    }

    async fn create_first_environment(
        &self,
        _: InstanceScope,
        environment: Environment,
    ) -> Result<Environment, Error> {
        self.write(Need::Room, environment, |session, environment| {
            Box::pin(environments::create_first(session, environment))
        })
        .await
    }

    async fn environments(&self, _: InstanceScope) -> Result<Vec<Environment>, Error> {
        within(environments::all(&self.reader().await?)).await
    }

    async fn environment(&self, scope: LookupScope) -> Result<Option<Environment>, Error> {
        within(environments::one(&self.reader().await?, scope.environment())).await
    }

    async fn change_environment(
        &self,
        scope: EnvironmentScope,
        change: Change<Environment>,
    ) -> Result<Option<Environment>, Error> {
        self.write(Need::Room, (scope.environment(), change), |session, (environment, change)| {
            Box::pin(environments::change(session, *environment, change))
        })
        .await
    }

    async fn create_key(&self, _: InstanceScope, key: Key, hash: TokenHash) -> Result<(), Error> {
        self.write(Need::Room, (key, hash), |session, (key, hash)| {
            Box::pin(keys::create(session, key, *hash))
        })
        .await
    }

    async fn create_first_key(&self, _: InstanceScope, key: Key, hash: TokenHash) -> Result<bool, Error> {
        self.write(Need::Room, (key, hash), |session, (key, hash)| {
            Box::pin(keys::create_first(session, key, *hash))
        })
        .await
    }

    async fn keys(&self, _: InstanceScope) -> Result<Vec<Key>, Error> {
        within(keys::all(&self.reader().await?)).await
    }

    async fn revoke_key(&self, _: InstanceScope, id: KeyId, now: Timestamp) -> Result<Option<Key>, Error> {
        self.write(Need::Little, (id, now), |session, (id, now)| Box::pin(keys::revoke(session, *id, *now)))
            .await
    }

    async fn identify(&self, _: SystemScope, hash: TokenHash) -> Result<Option<Key>, Error> {
        let conn = self.reader().await?;
        let identify = async {
            match keys::identify(&conn, hash).await? {
                None => portal::identify(&conn, hash).await,
                key => Ok(key),
            }
        };
        within(identify).await
    }

    async fn create_portal_session(
        &self,
        scope: AppScope,
        new: NewPortalSession,
    ) -> Result<Option<usize>, Error> {
        self.write(Need::Room, (scope, new), |session, (scope, new)| {
            Box::pin(portal::create(session, *scope, new))
        })
        .await
    }

    async fn open_portal(&self, _: SystemScope, opening: Opening) -> Result<Option<(Key, usize)>, Error> {
        // Anybody may come with a one-time key: most who guess are refused without a write.
        if !within(portal::has_link(&self.reader().await?, opening.link)).await? {
            return Ok(None);
        }
        self.write(Need::Room, opening, |session, opening| Box::pin(portal::open(session, opening))).await
    }

    async fn end_portal_session(&self, scope: AppScope, id: KeyId) -> Result<bool, Error> {
        self.write(Need::Little, (scope, id), |session, (scope, id)| {
            Box::pin(portal::end(session, *scope, *id))
        })
        .await
    }

    async fn expire_portal_sessions(&self, scope: AppScope, expiry: Expiry) -> Result<(), Error> {
        self.write(Need::Little, (scope, expiry), |session, (scope, expiry)| {
            Box::pin(portal::expire(session, *scope, expiry))
        })
        .await
    }

    async fn record_audit(&self, _: SystemScope, entry: Entry) -> Result<(), Error> {
        self.write(Need::Little, entry, |session, entry| Box::pin(audit::record(session, entry))).await
    }

    async fn audited(
        &self,
        scope: AuditScope,
        filter: AuditFilter,
        page: Page<AuditId>,
    ) -> Result<Listed<Entry, AuditId>, Error> {
        within(audit::list(&self.reader().await?, scope, &filter, &page)).await
    }

    async fn forget_audit(&self, _: SystemScope, before: Timestamp, limit: usize) -> Result<u64, Error> {
        self.write(Need::Little, (before, limit), |session, (before, limit)| {
            Box::pin(audit::forget(session, *before, *limit))
        })
        .await
    }

    async fn create_person(
        &self,
        _: InstanceScope,
        person: Person,
        link: Option<NewLink>,
    ) -> Result<(), CreateError<Person>> {
        self.write(Need::Room, (person, link), |session, (person, link)| {
            Box::pin(people::create(session, person, *link))
        })
        .await
    }

    async fn create_first_person(
        &self,
        _: SystemScope,
        link: TokenHash,
        person: Person,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Room, (link, person, password, now), |session, (link, person, password, now)| {
            Box::pin(people::create_first(session, *link, person, password, *now))
        })
        .await
    }

    async fn has_people(&self, _: SystemScope) -> Result<bool, Error> {
        within(people::are_there(&self.reader().await?)).await
    }

    async fn people(&self, _: InstanceScope) -> Result<Vec<Person>, Error> {
        within(people::all(&self.reader().await?)).await
    }

    async fn person(&self, _: SystemScope, who: Who) -> Result<Option<Known>, Error> {
        within(people::find(&self.reader().await?, &who)).await
    }

    async fn change_person(
        &self,
        _: InstanceScope,
        person: PersonId,
        change: Change<Person>,
    ) -> Result<Option<Person>, PersonError> {
        self.write(Need::Little, (person, change), |session, (person, change)| {
            Box::pin(people::change(session, *person, change))
        })
        .await
    }

    async fn reset_person(
        &self,
        _: InstanceScope,
        person: PersonId,
        link: NewLink,
    ) -> Result<Option<Person>, Error> {
        self.write(Need::Little, (person, link), |session, (person, link)| {
            Box::pin(people::reset(session, *person, *link))
        })
        .await
    }

    async fn set_password(
        &self,
        _: SystemScope,
        person: PersonId,
        password: PasswordHash,
        ending: Ending,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (person, password, ending), |session, (person, password, ending)| {
            Box::pin(people::set_password(session, *person, password, *ending))
        })
        .await
    }

    async fn make_link(
        &self,
        _: SystemScope,
        hash: TokenHash,
        link: Link,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (hash, link, now), |session, (hash, link, now)| {
            Box::pin(people::make_link(session, *hash, *link, *now))
        })
        .await
    }

    async fn link(&self, _: SystemScope, hash: TokenHash) -> Result<Option<Link>, Error> {
        within(people::link(&self.reader().await?, hash)).await
    }

    async fn use_link(
        &self,
        _: SystemScope,
        hash: TokenHash,
        now: Timestamp,
        chosen: Option<Chosen>,
    ) -> Result<Option<Person>, Error> {
        self.write(Need::Little, (hash, now, chosen), |session, (hash, now, chosen)| {
            Box::pin(people::use_link(session, *hash, *now, chosen.as_ref()))
        })
        .await
    }

    async fn begin_session(
        &self,
        _: SystemScope,
        session: PersonSession,
        hash: TokenHash,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (session, hash), |writing, (session, hash)| {
            Box::pin(sessions::begin(writing, session, *hash))
        })
        .await
    }

    async fn session(
        &self,
        _: SystemScope,
        hash: TokenHash,
    ) -> Result<Option<(PersonSession, Person)>, Error> {
        within(sessions::find(&self.reader().await?, hash)).await
    }

    async fn see_session(&self, _: SystemScope, session: SessionId, now: Timestamp) -> Result<(), Error> {
        self.write(Need::Little, (session, now), |writing, (session, now)| {
            Box::pin(sessions::see(writing, *session, *now))
        })
        .await
    }

    async fn sessions(&self, _: SystemScope, person: PersonId) -> Result<Vec<PersonSession>, Error> {
        within(sessions::of(&self.reader().await?, person)).await
    }

    async fn end_sessions(&self, _: SystemScope, person: PersonId, ending: Ending) -> Result<u64, Error> {
        self.write(Need::Little, (person, ending), |writing, (person, ending)| {
            Box::pin(sessions::end(writing, *person, *ending))
        })
        .await
    }

    async fn create_app(
        &self,
        _: EnvironmentScope,
        app: App,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<App>> {
        self.write(Need::Room, (app, idempotency), |session, (app, idempotency)| {
            Box::pin(apps::create(session, app, idempotency.as_ref()))
        })
        .await
    }

    async fn app(&self, scope: LookupScope, app: &Ref<AppId>) -> Result<Option<App>, Error> {
        within(apps::find(&self.reader().await?, scope.environment(), app)).await
    }

    async fn app_by_id(&self, _: SystemScope, app: AppId) -> Result<Option<App>, Error> {
        within(apps::by_id(&self.reader().await?, app)).await
    }

    async fn apps(
        &self,
        scope: EnvironmentScope,
        filter: AppFilter,
        page: Page<AppId>,
    ) -> Result<Listed<App, AppId>, Error> {
        within(apps::list(&self.reader().await?, scope.environment(), filter, &page)).await
    }

    async fn change_app(
        &self,
        scope: AppScope,
        change: Change<App>,
        now: Timestamp,
    ) -> Result<Option<App>, ChangeError> {
        self.write(Need::Room, (scope, change, now), |session, (scope, change, now)| {
            Box::pin(apps::change(session, *scope, change, *now))
        })
        .await
    }

    async fn delete_app(&self, scope: AppScope, now: Timestamp) -> Result<bool, Error> {
        self.write(Need::Little, (scope, now), |session, (scope, now)| {
            Box::pin(apps::delete(session, *scope, *now))
        })
        .await
    }

    async fn create_event_type(
        &self,
        scope: EnvironmentScope,
        event_type: EventType,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<EventType>> {
        let args = (scope.environment(), event_type, idempotency);
        self.write(Need::Room, args, |session, (environment, event_type, idempotency)| {
            Box::pin(event_types::create(session, *environment, event_type, idempotency.as_ref()))
        })
        .await
    }

    async fn event_type(&self, scope: LookupScope, name: &str) -> Result<Option<EventType>, Error> {
        within(event_types::find(&self.reader().await?, scope.environment(), name)).await
    }

    async fn event_types(
        &self,
        scope: LookupScope,
        include_archived: bool,
        page: Page<String>,
    ) -> Result<Listed<EventType, String>, Error> {
        within(event_types::list(&self.reader().await?, scope.environment(), include_archived, &page)).await
    }

    async fn change_event_type(
        &self,
        scope: EnvironmentScope,
        name: &str,
        change: Change<EventType>,
        now: Timestamp,
    ) -> Result<Option<EventType>, Error> {
        let args = (scope.environment(), name.to_owned(), change, now);
        self.write(Need::Room, args, |session, (environment, name, change, now)| {
            Box::pin(event_types::change(session, *environment, name, change, *now))
        })
        .await
    }

    async fn delete_event_type(&self, scope: EnvironmentScope, name: &str) -> Result<bool, Error> {
        self.write(Need::Little, (scope.environment(), name.to_owned()), |session, (environment, name)| {
            Box::pin(event_types::delete(session, *environment, name))
        })
        .await
    }

    async fn create_endpoint(
        &self,
        scope: AppScope,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<Endpoint>> {
        let args = (scope, endpoint, idempotency);
        self.write(Need::Room, args, |session, (scope, endpoint, idempotency)| {
            Box::pin(endpoints::create(session, *scope, endpoint, idempotency.as_ref()))
        })
        .await
    }

    async fn endpoint(&self, scope: AppScope, endpoint: &Ref<EndpointId>) -> Result<Option<Endpoint>, Error> {
        within(endpoints::find(&self.reader().await?, &self.shared.sealer, scope, endpoint)).await
    }

    async fn endpoints(
        &self,
        scope: AppScope,
        page: Page<EndpointId>,
    ) -> Result<Listed<Endpoint, EndpointId>, Error> {
        within(endpoints::list(&self.reader().await?, &self.shared.sealer, scope, &page)).await
    }

    async fn all_endpoints(&self, scope: AppScope) -> Result<Vec<Endpoint>, Error> {
        within(endpoints::all(&self.reader().await?, &self.shared.sealer, scope)).await
    }

    async fn change_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        change: Change<Endpoint>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Endpoint>, ChangeError> {
        let args = (scope, endpoint, change, now, idempotency);
        self.write(Need::Room, args, |session, (scope, endpoint, change, now, idempotency)| {
            Box::pin(endpoints::change(session, *scope, *endpoint, change, *now, idempotency.as_ref()))
        })
        .await
    }

    async fn delete_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (scope, endpoint, now), |session, (scope, endpoint, now)| {
            Box::pin(endpoints::delete(session, *scope, *endpoint, *now))
        })
        .await
    }

    async fn accept(&self, scope: AppScope, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        self.admit(Need::Room)?;
        let (caller, outcome) = oneshot::channel();
        let bytes = accept::size(&acceptance);
        self.shared.queue.push_accept(Accept { scope, acceptance, caller }, bytes)?;
        outcome.await.unwrap_or_else(|_| Err(Error::Closed.into())).map(Handed::take)
    }

    async fn message(
        &self,
        scope: AppScope,
        message: &Ref<MessageId>,
        with_payload: bool,
    ) -> Result<Option<Message>, Error> {
        let sealer = with_payload.then_some(&*self.shared.sealer);
        within(messages::find(&self.reader().await?, scope, message, sealer)).await
    }

    async fn messages(
        &self,
        scope: AppScope,
        filter: MessageFilter,
        page: Page<MessageId>,
        with_payload: bool,
    ) -> Result<Listed<Message, MessageId>, Error> {
        let sealer = with_payload.then_some(&*self.shared.sealer);
        within(messages::list(&self.reader().await?, scope, &filter, &page, sealer)).await
    }

    async fn expunge_message(
        &self,
        scope: AppScope,
        message: MessageId,
        _: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (scope, message), |session, (scope, message)| {
            Box::pin(messages::expunge(session, *scope, *message))
        })
        .await
    }

    async fn attempts_by_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        filter: AttemptFilter,
        page: Page<AttemptId>,
    ) -> Result<Listed<Attempt, AttemptId>, Error> {
        within(attempts::by_endpoint(&self.reader().await?, scope, endpoint, &filter, &page)).await
    }

    async fn attempts_by_message(
        &self,
        scope: AppScope,
        message: MessageId,
        filter: AttemptFilter,
        page: Page<AttemptId>,
    ) -> Result<Listed<Attempt, AttemptId>, Error> {
        within(attempts::by_message(&self.reader().await?, scope, message, &filter, &page)).await
    }

    async fn attempt(
        &self,
        scope: AppScope,
        message: MessageId,
        attempt: AttemptId,
    ) -> Result<Option<Attempt>, Error> {
        within(attempts::find(&self.reader().await?, scope, message, attempt)).await
    }

    async fn expunge_attempt(
        &self,
        scope: AppScope,
        message: MessageId,
        attempt: AttemptId,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (scope, message, attempt), |session, (scope, message, attempt)| {
            Box::pin(attempts::expunge(session, *scope, *message, *attempt))
        })
        .await
    }

    async fn deliveries_by_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        filter: DeliveryFilter,
        page: Page<MessageId>,
    ) -> Result<Listed<(Delivery, Message), MessageId>, Error> {
        within(deliveries::by_endpoint(
            &self.reader().await?,
            &self.shared.sealer,
            scope,
            endpoint,
            &filter,
            &page,
        ))
        .await
    }

    async fn deliveries_by_message(
        &self,
        scope: AppScope,
        message: MessageId,
        page: Page<EndpointId>,
    ) -> Result<Listed<Delivery, EndpointId>, Error> {
        within(deliveries::by_message(&self.reader().await?, scope, message, &page)).await
    }

    async fn stats(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<DeliveryStats, Error> {
        within(deliveries::stats(&self.reader().await?, scope, endpoint, since, until)).await
    }

    async fn resend(
        &self,
        scope: AppScope,
        message: MessageId,
        to: Vec<EndpointId>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<(), ResendError> {
        let args = (scope, message, to.clone(), now, idempotency);
        self.write(Need::Room, args, |session, (scope, message, to, now, idempotency)| {
            Box::pin(resend::resend(session, *scope, *message, to, *now, idempotency.as_ref()))
        })
        .await?;
        for endpoint in to {
            self.shared.hint_asked(scope.app(), endpoint);
        }
        Ok(())
    }

    async fn skip(
        &self,
        scope: AppScope,
        message: MessageId,
        endpoint: EndpointId,
        _: Timestamp,
    ) -> Result<bool, Error> {
        let skipped = self.write(Need::Little, (scope, message, endpoint), |session, args| {
            let (scope, message, endpoint) = *args;
            Box::pin(resend::skip(session, scope, message, endpoint))
        });
        let skipped = skipped.await?;
        // The next in its order may go now.
        self.shared.hint(scope.app(), endpoint);
        Ok(skipped)
    }

    async fn search_deliveries(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Result<Searched<DeliveryHit>, Error> {
        let conn = self.reader().await?;
        let rows = Shelf { conn: &conn, environment: scope.environment() };
        within(find::deliveries(rows, scope, &search, &page)).await
    }

    async fn search_messages(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Result<Searched<MessageHit>, Error> {
        let conn = self.reader().await?;
        let rows = Shelf { conn: &conn, environment: scope.environment() };
        within(find::messages(rows, scope, &search, &page)).await
    }

    async fn facets(&self, scope: SearchScope, search: Search) -> Result<Facets, Error> {
        let conn = self.reader().await?;
        let rows = Shelf { conn: &conn, environment: scope.environment() };
        within(facets::count(rows, scope, &search)).await
    }

    async fn create_source(
        &self,
        _: EnvironmentScope,
        source: Source,
        app: App,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<Source>> {
        self.write(Need::Room, (source, app, idempotency), |session, (source, app, idempotency)| {
            Box::pin(sources::create(session, source, app, idempotency.as_ref()))
        })
        .await
    }

    async fn source(&self, scope: EnvironmentScope, source: &Ref<SourceId>) -> Result<Option<Source>, Error> {
        let (conn, sealer) = (self.reader().await?, &self.shared.sealer);
        within(sources::find(&conn, sealer, scope.environment(), source)).await
    }

    async fn sources(
        &self,
        scope: EnvironmentScope,
        page: Page<SourceId>,
    ) -> Result<Listed<Source, SourceId>, Error> {
        let (conn, sealer) = (self.reader().await?, &self.shared.sealer);
        within(sources::list(&conn, sealer, scope.environment(), &page)).await
    }

    async fn source_by_app(&self, _: SystemScope, app: AppId) -> Result<Option<Source>, Error> {
        within(sources::by_app(&self.reader().await?, &self.shared.sealer, app)).await
    }

    async fn app_of_token(&self, _: SystemScope, hash: TokenHash) -> Result<Option<AppId>, Error> {
        within(sources::app_of_token(&self.reader().await?, hash)).await
    }

    async fn change_source(
        &self,
        scope: EnvironmentScope,
        source: SourceId,
        change: Change<Source>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Source>, ChangeError> {
        let args = (scope, source, change, now, idempotency);
        self.write(Need::Room, args, |session, (scope, source, change, now, idempotency)| {
            Box::pin(sources::change(session, *scope, *source, change, *now, idempotency.as_ref()))
        })
        .await
    }

    async fn delete_source(
        &self,
        scope: EnvironmentScope,
        source: SourceId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (scope, source, now), |session, (scope, source, now)| {
            Box::pin(sources::delete(session, *scope, *source, *now))
        })
        .await
    }

    async fn firings(
        &self,
        _: SystemScope,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AppId, Timestamp)>, Error> {
        within(sources::firings(&self.reader().await?, now, limit)).await
    }

    async fn receive(&self, scope: AppScope, intake: Intake) -> Result<Vec<Taken>, AcceptError> {
        let rows = intake.arrivals.iter().map(|arrival| arrival.acceptance.message.id.row());
        let missing = self.shared.partitions.missing(rows);
        if !missing.is_empty() {
            self.shared.partitions.make(&self.shared.pools.writer().await?, missing).await?;
        }
        // Where each delivery goes, for those of other nodes.
        let planned: Vec<_> = intake
            .arrivals
            .iter()
            .map(|arrival| (arrival.acceptance.now, arrival.acceptance.deliveries.clone()))
            .collect();
        let taken = self.hand(Need::Room, (scope, intake), |session, (scope, intake)| {
            Box::pin(receive::receive(session, *scope, intake))
        });
        let taken = taken.await?;
        for ((now, deliveries), taken) in planned.iter().zip(&taken) {
            for (delivery, placement) in deliveries.iter().zip(&taken.accepted.placements) {
                if matches!(placement, Placement::Waiting { due } if due <= now) {
                    self.shared.hint(scope.app(), delivery.endpoint);
                }
            }
        }
        Ok(taken)
    }

    async fn receptions(
        &self,
        scope: AppScope,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Option<Reception>>, Error> {
        let (conn, sealer) = (self.reader().await?, &self.shared.sealer);
        within(receive::receptions(&conn, sealer, scope, &messages)).await
    }

    async fn refuse(&self, scope: AppScope, refusal: Refusal, ring: Ring) -> Result<(), Error> {
        self.write(Need::Room, (scope, refusal, ring), |session, (scope, refusal, ring)| {
            Box::pin(receive::refuse(session, *scope, refusal, *ring))
        })
        .await
    }

    async fn refusals(&self, scope: AppScope) -> Result<Vec<Refusal>, Error> {
        within(receive::refusals(&self.reader().await?, &self.shared.sealer, scope)).await
    }

    async fn open_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        position: i64,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let args = (scope, group, position, now);
        self.write(Need::Little, args, |session, (scope, group, position, now)| {
            Box::pin(listen::open(session, *scope, *group, *position, *now))
        })
        .await
    }

    async fn claim_in_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        offer: Offer,
    ) -> Result<Offered, Error> {
        self.write(Need::Little, (scope, group, offer), |session, (scope, group, offer)| {
            Box::pin(listen::claim(session, *scope, *group, offer))
        })
        .await
    }

    async fn finish_in_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        message: MessageId,
    ) -> Result<bool, Error> {
        self.write(Need::Little, (scope, group, message), |session, (scope, group, message)| {
            Box::pin(listen::finish(session, *scope, *group, *message))
        })
        .await
    }

    async fn tend_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        tending: Tending,
    ) -> Result<Option<i64>, Error> {
        self.write(Need::Little, (scope, group, tending), |session, (scope, group, tending)| {
            Box::pin(listen::tend(session, *scope, *group, *tending))
        })
        .await
    }

    async fn saved_searches(&self, scope: EnvironmentScope) -> Result<Vec<SavedSearch>, Error> {
        within(saved::all(&self.reader().await?, scope)).await
    }

    async fn save_search(&self, scope: EnvironmentScope, search: SavedSearch) -> Result<bool, Error> {
        self.write(Need::Room, (scope, search), |session, (scope, search)| {
            Box::pin(saved::save(session, *scope, search))
        })
        .await
    }

    async fn forget_search(&self, scope: EnvironmentScope, search: SavedSearchId) -> Result<bool, Error> {
        self.write(Need::Little, (scope, search), |session, (scope, search)| {
            Box::pin(saved::forget(session, *scope, *search))
        })
        .await
    }

    async fn start_task(
        &self,
        within: Within,
        task: Task,
        idempotency: Option<Idempotency>,
    ) -> Result<(), StartError> {
        self.write(Need::Room, (within, task, idempotency), |session, (within, task, idempotency)| {
            Box::pin(tasks::start(session, *within, task, idempotency.as_ref()))
        })
        .await
    }

    async fn task(&self, scope: LookupScope, task: TaskId) -> Result<Option<Task>, Error> {
        within(tasks::find(&self.reader().await?, scope, task)).await
    }

    async fn tasks(
        &self,
        scope: EnvironmentScope,
        filter: TaskFilter,
        page: Page<TaskId>,
    ) -> Result<Listed<Task, TaskId>, Error> {
        within(tasks::list(&self.reader().await?, scope, &filter, &page)).await
    }

    async fn running_tasks(&self, _: SystemScope) -> Result<Vec<Task>, Error> {
        within(tasks::running(&self.reader().await?)).await
    }

    async fn step_task(&self, _: SystemScope, step: Step) -> Result<Option<Progress>, Error> {
        let rows = step.arrivals.iter().map(|arrival| arrival.acceptance.message.id.row());
        let missing = self.shared.partitions.missing(rows);
        if !missing.is_empty() {
            self.shared.partitions.make(&self.shared.pools.writer().await?, missing).await?;
        }
        let endpoints = step.endpoints();
        let need = if step.may_grow() { Need::Room } else { Need::Little };
        let done = self.hand(need, step, |session, step| Box::pin(tasks::step(session, step))).await?;
        if done.is_some() {
            for (app, endpoint) in endpoints {
                self.shared.hint(app, endpoint);
            }
        }
        Ok(done)
    }

    async fn cancel_task(&self, within: Within, task: TaskId, now: Timestamp) -> Result<Option<Task>, Error> {
        self.write(Need::Little, (within, task, now), |session, (within, task, now)| {
            Box::pin(tasks::cancel(session, *within, *task, *now))
        })
        .await
    }

    async fn rollups(&self, reach: Within, query: RollupQuery) -> Result<Rollups, Error> {
        within(rollups::read(&self.reader().await?, reach, &query)).await
    }

    async fn issues(
        &self,
        reach: Within,
        filter: IssueFilter,
        page: Page<IssueId>,
    ) -> Result<Listed<Issue, IssueId>, Error> {
        within(issues::list(&self.reader().await?, reach, &filter, &page)).await
    }

    async fn issue(&self, reach: Within, issue: IssueId) -> Result<Option<Issue>, Error> {
        within(issues::find(&self.reader().await?, reach, issue)).await
    }

    async fn say_of_issue(
        &self,
        reach: Within,
        issue: IssueId,
        said: Said,
        now: Timestamp,
    ) -> Result<Option<Issue>, Error> {
        self.write(Need::Little, (reach, issue, said, now), |session, (reach, issue, said, now)| {
            Box::pin(issues::say(session, *reach, *issue, *said, *now))
        })
        .await
    }

    async fn take_over(&self, _: SystemScope) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let taken =
                self.write(Need::Little, (), |session, ()| Box::pin(claim::take_over(session))).await?;
            all += taken;
            if taken < claim::TAKE_OVER_STEP {
                self.shared.calls.take_over();
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
        within(claim::lanes_due(&self.reader().await?, &self.shared.cluster, after, limit)).await
    }

    async fn claim(&self, _: SystemScope, claim: Claim) -> Result<Claimed, Error> {
        self.hand(Need::Little, claim, |session, claim| Box::pin(claim::claim(session, *claim))).await
    }

    async fn settle(
        &self,
        _: SystemScope,
        settlements: Arc<Vec<Settlement>>,
        marks: Vec<EndpointMark>,
    ) -> Result<Vec<Settled>, Error> {
        self.admit(Need::Little)?;
        let (caller, outcome) = oneshot::channel();
        let bytes = settle::size(&settlements);
        self.shared.queue.push_settle(Settle { settlements, marks, caller }, bytes)?;
        outcome.await.unwrap_or(Err(Error::Closed)).map(Handed::take)
    }

    async fn release(&self, _: SystemScope, held: Vec<(MessageId, EndpointId)>) -> Result<(), Error> {
        let rows: Vec<_> = held.iter().map(|(message, endpoint)| (message.row(), endpoint.row())).collect();
        self.write(Need::Little, rows, |session, held| Box::pin(claim::release(session, held))).await?;
        for (_, endpoint) in held.iter().filter(|(_, endpoint)| !self.shared.cluster.owns(*endpoint)) {
            self.shared.wire.look_at(endpoint.row());
        }
        Ok(())
    }

    async fn retain(&self, _: SystemScope, now: Timestamp, limit: usize) -> Result<Retained, Error> {
        let limit = limit.max(1);
        self.admit(Need::Little)?;
        let mut position = self.shared.retention.lock().await;
        let mut retained = retain::days(&self.shared, &mut position, now, limit).await?;
        let args = (position.clone(), now, limit);
        let rows = self.write(Need::Little, args, |session, (position, now, limit)| {
            Box::pin(retain::rows(session, position.clone(), *now, *limit))
        });
        let (rest, reached) = rows.await?;
        *position = reached;
        retained.payloads = rest.payloads;
        retained.canceled = rest.canceled;
        retained.answers = rest.answers;
        retained.messages += rest.messages;
        retained.more = rest.more;
        Ok(retained)
    }

    async fn fold(
        &self,
        _: SystemScope,
        now: Timestamp,
        kept: Duration,
        limit: usize,
    ) -> Result<Folded, Error> {
        self.write(Need::Little, (now, kept, limit.max(1)), |session, (now, kept, limit)| {
            Box::pin(rollups::fold(session, *now, *kept, *limit))
        })
        .await
    }

    async fn index_payloads(&self, _: SystemScope, _: Timestamp, _: usize) -> Result<Indexed, Error> {
        self.write(Need::Room, (), |session, ()| Box::pin(payload_index::pass(session))).await
    }

    async fn drop_payload_index(&self, _: SystemScope) -> Result<bool, Error> {
        self.write(Need::Little, (), |session, ()| Box::pin(payload_index::drop_all(session))).await
    }

    async fn backup(
        &self,
        _: SystemScope,
        _: &Path,
        _: Arc<dyn Fn(u64, u64) + Send + Sync>,
    ) -> Result<(), Error> {
        Err(Error::Engine(BackupElsewhere.into()))
    }

    fn health(&self) -> Health {
        self.shared.status.health()
    }

    fn cluster(&self) -> &Arc<Cluster> {
        &self.shared.cluster
    }

    async fn hand_over(&self, _: SystemScope, partitions: Partitions) -> Result<(), Error> {
        let shared = &self.shared;
        // What is decided from here on is not held any more; what was decided before must be through.
        shared.cluster.leave(&partitions);
        timeout(HAND_OVER_MAX, shared.queue.passed()).await.map_err(|_| OVERLOADED)?;
        self.write(Need::Little, partitions, |session, partitions| {
            Box::pin(async move { lanes::give_up(&session.conn, session.holder(), partitions).await })
        })
        .await?;
        shared.cluster.gave_up(&partitions);
        shared.wire.members();
        shared.calls.members();
        Ok(())
    }

    async fn last_row(&self, _: SystemScope) -> Result<i64, Error> {
        within(rows::last(&self.reader().await?)).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.shared.queue.close();
        let Some(background) = self.background.lock().await.take() else { return Ok(()) };
        background.close().await
    }
}
