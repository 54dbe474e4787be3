//! The trait itself.

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
use postrider_core::session::{Link, Session};
use postrider_core::source::Source;
use postrider_core::task::{Progress, Task};
use postrider_core::time::Timestamp;

use crate::cluster::Cluster;
use crate::listen::{GroupKey, Offer, Offered, Tending};
use crate::partition::Partitions;
use crate::rollup::{Folded, RollupQuery, Rollups, Within};
use crate::{
    AcceptError, Acceptance, Accepted, AppFilter, AttemptFilter, AuditFilter, AuditScope, ChangeError,
    Chosen, Claim, Claimed, CreateError, DeliveryFilter, DeliveryHit, DeliveryStats, Ending, EndpointMark,
    Error, Expiry, Facets, Idempotency, Indexed, Intake, IssueFilter, Known, LaneDue, Listed, MessageFilter,
    MessageHit, NewLink, NewPortalSession, Opening, Page, PersonError, ResendError, Search, SearchScope,
    Searched, Settled, Settlement, StartError, Step, Taken, TaskFilter, Who,
};

/// A change to one object, applied to what the store holds, inside the transaction that writes it back. It may be
/// applied more than once before it takes effect, and must leave ids, owners and creation times alone.
pub type Change<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// How the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It reads and writes.
    Ready,
    /// There is too little room on the disk: messages are refused, outcomes are still recorded.
    Full,
    /// A write could not be made durable. Nothing is acknowledged any more; only a restart helps.
    Broken,
}

/// What one pass of [`Store::retain`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    /// Messages removed with their deliveries and attempts.
    pub messages: u64,
    /// Payloads dropped before their message.
    pub payloads: u64,
    /// Deliveries canceled because their endpoint or application is gone, or was disabled for longer than the
    /// retention.
    pub canceled: u64,
    /// Expired idempotency records removed.
    pub answers: u64,
    /// Whether there is more to do right now.
    pub more: bool,
}

/// Everything durable. See the crate's documentation for what all methods promise.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // ---- environments and keys

    /// Adds an environment.
    async fn create_environment(&self, scope: InstanceScope, environment: Environment) -> Result<(), Error>;
    /// Adds the first environment, unless there is one already: then the one of the same name, else the oldest, is
    /// given back and nothing changes. Of several processes that do so at once, one adds its own.
    async fn create_first_environment(
        &self,
        scope: InstanceScope,
        environment: Environment,
    ) -> Result<Environment, Error>;
    /// All environments, oldest first.
    async fn environments(&self, scope: InstanceScope) -> Result<Vec<Environment>, Error>;
    /// One environment; `None` when it is gone.
    async fn environment(&self, scope: LookupScope) -> Result<Option<Environment>, Error>;
    /// Changes an environment's name or settings.
    async fn change_environment(
        &self,
        scope: EnvironmentScope,
        change: Change<Environment>,
    ) -> Result<Option<Environment>, Error>;
    /// Adds a key. Adding the same hash again changes nothing.
    async fn create_key(&self, scope: InstanceScope, key: Key, hash: TokenHash) -> Result<(), Error>;
    /// Adds the first key, unless there is one already, be it revoked: then `false`. Of several processes that do so at
    /// once, one adds its own.
    async fn create_first_key(&self, scope: InstanceScope, key: Key, hash: TokenHash) -> Result<bool, Error>;
    /// All keys, oldest first, revoked and expired ones too.
    async fn keys(&self, scope: InstanceScope) -> Result<Vec<Key>, Error>;
    /// Revokes a key from `now` on; revoking again keeps the first time.
    async fn revoke_key(&self, scope: InstanceScope, id: KeyId, now: Timestamp)
    -> Result<Option<Key>, Error>;
    /// The key or portal session with this hash, valid or not.
    async fn identify(&self, scope: SystemScope, hash: TokenHash) -> Result<Option<Key>, Error>;

    // ---- portal sessions

    /// Adds a portal session with its link. Those of the application that have ended go, and the oldest if there are too
    /// many: how many of these, which end at once only if they are forgotten. `None` when the application is gone.
    async fn create_portal_session(
        &self,
        scope: AppScope,
        new: NewPortalSession,
    ) -> Result<Option<usize>, Error>;
    /// Exchanges a one-time key for a session, once, and says how many of the oldest had to go for it. `None` when it is
    /// unknown, used or over, or the application is gone.
    async fn open_portal(&self, scope: SystemScope, opening: Opening) -> Result<Option<(Key, usize)>, Error>;
    /// Ends a portal session; `false` when it has ended.
    async fn end_portal_session(&self, scope: AppScope, session: KeyId) -> Result<bool, Error>;
    /// Moves the end of portal sessions forward.
    async fn expire_portal_sessions(&self, scope: AppScope, expiry: Expiry) -> Result<(), Error>;

    // ---- the audit log

    /// Adds an entry. One that is in it stays as it is, until [`Store::forget_audit`].
    async fn record_audit(&self, scope: SystemScope, entry: Entry) -> Result<(), Error>;
    /// Entries by id, newest first in their natural order.
    async fn audited(
        &self,
        scope: AuditScope,
        filter: AuditFilter,
        page: Page<AuditId>,
    ) -> Result<Listed<Entry, AuditId>, Error>;
    /// Removes entries made before `before`, the oldest first and at most `limit`. How many were removed.
    async fn forget_audit(&self, scope: SystemScope, before: Timestamp, limit: usize) -> Result<u64, Error>;

    // ---- people, their links and their sessions

    /// Adds a person, and a link for their password where they get one. A taken address is [`CreateError::Taken`], too
    /// many people [`CreateError::TooMany`].
    async fn create_person(
        &self,
        scope: InstanceScope,
        person: Person,
        link: Option<NewLink>,
    ) -> Result<(), CreateError<Person>>;
    /// Adds the first person, if there is nobody and `link` is one for that; then no such link can be used any more.
    /// `false`, and nothing happened, otherwise.
    async fn create_first_person(
        &self,
        scope: SystemScope,
        link: TokenHash,
        person: Person,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error>;
    /// Whether there is anybody.
    async fn has_people(&self, scope: SystemScope) -> Result<bool, Error>;
    /// All people, oldest first, disabled ones too; at most [`PEOPLE`](postrider_core::person::PEOPLE).
    async fn people(&self, scope: InstanceScope) -> Result<Vec<Person>, Error>;
    /// The person that is named, disabled or not, with what proves who they are.
    async fn person(&self, scope: SystemScope, who: Who) -> Result<Option<Known>, Error>;
    /// Changes a person (not their address, and not their password). One who is disabled then has no session and no link
    /// any more. Where somebody manages the installation, somebody still does: [`PersonError::LastAdmin`].
    async fn change_person(
        &self,
        scope: InstanceScope,
        person: PersonId,
        change: Change<Person>,
    ) -> Result<Option<Person>, PersonError>;
    /// Takes a person's password, sessions and links from them, and gives them a link for another password.
    async fn reset_person(
        &self,
        scope: InstanceScope,
        person: PersonId,
        link: NewLink,
    ) -> Result<Option<Person>, Error>;
    /// Gives a person another password, ends sessions, and takes their links. `false` when there is no such person.
    async fn set_password(
        &self,
        scope: SystemScope,
        person: PersonId,
        password: PasswordHash,
        ending: Ending,
    ) -> Result<bool, Error>;
    /// Keeps a link, in the place of an earlier one for the same person and purpose. `false` when there is nobody whom it
    /// can be for: the person is not there or disabled, or, of one for the first admin, somebody is there.
    async fn make_link(
        &self,
        scope: SystemScope,
        hash: TokenHash,
        link: Link,
        now: Timestamp,
    ) -> Result<bool, Error>;
    /// The link with this hash, past or not. Those of disabled people are not there.
    async fn link(&self, scope: SystemScope, hash: TokenHash) -> Result<Option<Link>, Error>;
    /// Uses a link up, if it is still good: one for a password with what was chosen, which ends all sessions; one for
    /// signing in with nothing. Of several at once, one gets the person.
    async fn use_link(
        &self,
        scope: SystemScope,
        hash: TokenHash,
        now: Timestamp,
        chosen: Option<Chosen>,
    ) -> Result<Option<Person>, Error>;
    /// Begins a session. Those of the person that are over are forgotten, and the oldest where there are
    /// [`SESSIONS`](postrider_core::session::SESSIONS). `false` for a person who is disabled or not there.
    async fn begin_session(
        &self,
        scope: SystemScope,
        session: Session,
        hash: TokenHash,
    ) -> Result<bool, Error>;
    /// The session with this hash, over or not, and whose it is. Those of disabled people are not there.
    async fn session(&self, scope: SystemScope, hash: TokenHash) -> Result<Option<(Session, Person)>, Error>;
    /// Notes that a session was used at `now`.
    async fn see_session(&self, scope: SystemScope, session: SessionId, now: Timestamp) -> Result<(), Error>;
    /// A person's sessions, the newest first, also those that are over.
    async fn sessions(&self, scope: SystemScope, person: PersonId) -> Result<Vec<Session>, Error>;
    /// Ends sessions of a person; says how many.
    async fn end_sessions(&self, scope: SystemScope, person: PersonId, ending: Ending) -> Result<u64, Error>;

    // ---- applications

    /// Adds an application. A taken uid is [`CreateError::Taken`] with the application that has it.
    async fn create_app(
        &self,
        scope: EnvironmentScope,
        app: App,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<App>>;
    /// The application that `app` names. The caller must pass it through `Identity::app`.
    async fn app(&self, scope: LookupScope, app: &Ref<AppId>) -> Result<Option<App>, Error>;
    /// The application with this id, for the server itself.
    async fn app_by_id(&self, scope: SystemScope, app: AppId) -> Result<Option<App>, Error>;
    /// Applications by id, ascending in their natural order.
    async fn apps(
        &self,
        scope: EnvironmentScope,
        filter: AppFilter,
        page: Page<AppId>,
    ) -> Result<Listed<App, AppId>, Error>;
    /// Changes an application and sets its `updated_at`.
    async fn change_app(
        &self,
        scope: AppScope,
        change: Change<App>,
        now: Timestamp,
    ) -> Result<Option<App>, ChangeError>;
    /// Deletes an application: at once for every reader; what belonged to it is removed by [`Store::retain`].
    /// `false` when there was none.
    async fn delete_app(&self, scope: AppScope, now: Timestamp) -> Result<bool, Error>;

    // ---- event types

    /// Adds an event type. A taken name is [`CreateError::Taken`].
    async fn create_event_type(
        &self,
        scope: EnvironmentScope,
        event_type: EventType,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<EventType>>;
    /// The event type with this name.
    async fn event_type(&self, scope: LookupScope, name: &str) -> Result<Option<EventType>, Error>;
    /// Event types by name, ascending in their natural order.
    async fn event_types(
        &self,
        scope: LookupScope,
        include_archived: bool,
        page: Page<String>,
    ) -> Result<Listed<EventType, String>, Error>;
    /// Changes an event type (not its name) and sets its `updated_at`.
    async fn change_event_type(
        &self,
        scope: EnvironmentScope,
        name: &str,
        change: Change<EventType>,
        now: Timestamp,
    ) -> Result<Option<EventType>, Error>;
    /// Removes an event type for good; its messages stay. `false` when there was none.
    async fn delete_event_type(&self, scope: EnvironmentScope, name: &str) -> Result<bool, Error>;

    // ---- endpoints

    /// Adds an endpoint. A taken uid is [`CreateError::Taken`], too many endpoints [`CreateError::TooMany`].
    async fn create_endpoint(
        &self,
        scope: AppScope,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<Endpoint>>;
    /// The endpoint that `endpoint` names.
    async fn endpoint(&self, scope: AppScope, endpoint: &Ref<EndpointId>) -> Result<Option<Endpoint>, Error>;
    /// Endpoints by id, descending in their natural order.
    async fn endpoints(
        &self,
        scope: AppScope,
        page: Page<EndpointId>,
    ) -> Result<Listed<Endpoint, EndpointId>, Error>;
    /// All endpoints of an application, for routing; at most `limits::APP_ENDPOINTS`.
    async fn all_endpoints(&self, scope: AppScope) -> Result<Vec<Endpoint>, Error>;
    /// Changes an endpoint and sets its `updated_at`.
    async fn change_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        change: Change<Endpoint>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Endpoint>, ChangeError>;
    /// Deletes an endpoint: at once for every reader; its unfinished deliveries are canceled by
    /// [`Store::retain`], what was delivered stays readable by message. `false` when there was none.
    async fn delete_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<bool, Error>;

    // ---- messages

    /// Accepts a message with all its deliveries, all or nothing. The one act that a publisher's 2xx stands on.
    async fn accept(&self, scope: AppScope, acceptance: Acceptance) -> Result<Accepted, AcceptError>;
    /// The message that `message` names (by id or `event_id`), with its payload only if asked for.
    async fn message(
        &self,
        scope: AppScope,
        message: &Ref<MessageId>,
        with_payload: bool,
    ) -> Result<Option<Message>, Error>;
    /// Messages by id, descending in their natural order. A page may be short, even empty, before the end: then
    /// [`Listed::next`] says where to go on.
    async fn messages(
        &self,
        scope: AppScope,
        filter: MessageFilter,
        page: Page<MessageId>,
        with_payload: bool,
    ) -> Result<Listed<Message, MessageId>, Error>;
    /// Drops a message's payload and cancels what is unfinished of it. `false` when there is no such message.
    async fn expunge_message(
        &self,
        scope: AppScope,
        message: MessageId,
        now: Timestamp,
    ) -> Result<bool, Error>;

    // ---- deliveries and attempts

    /// Attempts at one endpoint by id, descending in their natural order. Pages may be short, as for messages.
    async fn attempts_by_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        filter: AttemptFilter,
        page: Page<AttemptId>,
    ) -> Result<Listed<Attempt, AttemptId>, Error>;
    /// Attempts of one message by id, descending in their natural order.
    async fn attempts_by_message(
        &self,
        scope: AppScope,
        message: MessageId,
        filter: AttemptFilter,
        page: Page<AttemptId>,
    ) -> Result<Listed<Attempt, AttemptId>, Error>;
    /// One attempt of one message.
    async fn attempt(
        &self,
        scope: AppScope,
        message: MessageId,
        attempt: AttemptId,
    ) -> Result<Option<Attempt>, Error>;
    /// Drops the recorded answer of an attempt (its body and headers). `false` when there is no such attempt.
    async fn expunge_attempt(
        &self,
        scope: AppScope,
        message: MessageId,
        attempt: AttemptId,
    ) -> Result<bool, Error>;
    /// Messages on their way to one endpoint by message id, descending in their natural order. Pages may be short.
    async fn deliveries_by_endpoint(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        filter: DeliveryFilter,
        page: Page<MessageId>,
    ) -> Result<Listed<(Delivery, Message), MessageId>, Error>;
    /// Deliveries of one message by endpoint id, descending in their natural order.
    async fn deliveries_by_message(
        &self,
        scope: AppScope,
        message: MessageId,
        page: Page<EndpointId>,
    ) -> Result<Listed<Delivery, EndpointId>, Error>;
    /// How many of an endpoint's deliveries, of messages accepted from `since` to before `until`, stand where.
    async fn stats(
        &self,
        scope: AppScope,
        endpoint: EndpointId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<DeliveryStats, Error>;
    /// Makes the message's delivery to each of these endpoints due at once because a person asked: a finished one starts
    /// its schedule anew, a missing one is made, one under way stays as it is. The next attempt is a manual one. All of
    /// it happens, or nothing.
    async fn resend(
        &self,
        scope: AppScope,
        message: MessageId,
        to: Vec<EndpointId>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<(), ResendError>;
    /// Cancels an unfinished delivery, and lets the next in its order go. `false` when there is none.
    async fn skip(
        &self,
        scope: AppScope,
        message: MessageId,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<bool, Error>;

    // ---- searching

    /// Deliveries that a query means, the newest message first, and those of one message by endpoint. A page may be short,
    /// even empty, before the end: then [`Searched::next`] says where to go on.
    async fn search_deliveries(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Result<Searched<DeliveryHit>, Error>;
    /// Messages that a query means, newest first; what it says of deliveries, one delivery of a message must meet all of.
    /// Pages as for deliveries.
    async fn search_messages(
        &self,
        scope: SearchScope,
        search: Search,
        page: Page<Place>,
    ) -> Result<Searched<MessageHit>, Error>;
    /// How the deliveries that a query means divide, counted from the newest on for as long as the effort lasts.
    async fn facets(&self, scope: SearchScope, search: Search) -> Result<Facets, Error>;

    /// The saved searches of an environment, by name.
    async fn saved_searches(&self, scope: EnvironmentScope) -> Result<Vec<SavedSearch>, Error>;
    /// Keeps a search, in the place of one of the same name. `false`, and nothing happened, when there are
    /// [`limits::SAVED_SEARCHES`](postrider_core::limits::SAVED_SEARCHES) others.
    async fn save_search(&self, scope: EnvironmentScope, search: SavedSearch) -> Result<bool, Error>;
    /// Removes a saved search. `false` when the environment has no such one.
    async fn forget_search(&self, scope: EnvironmentScope, search: SavedSearchId) -> Result<bool, Error>;

    // ---- sources and what they receive

    /// Adds a source and its hidden application. A taken uid is [`CreateError::Taken`], too many sources
    /// [`CreateError::TooMany`].
    async fn create_source(
        &self,
        scope: EnvironmentScope,
        source: Source,
        app: App,
        idempotency: Option<Idempotency>,
    ) -> Result<(), CreateError<Source>>;
    /// The source that `source` names.
    async fn source(&self, scope: EnvironmentScope, source: &Ref<SourceId>) -> Result<Option<Source>, Error>;
    /// Sources by id, descending in their natural order.
    async fn sources(
        &self,
        scope: EnvironmentScope,
        page: Page<SourceId>,
    ) -> Result<Listed<Source, SourceId>, Error>;
    /// The source with this hidden application, for the server itself.
    async fn source_by_app(&self, scope: SystemScope, app: AppId) -> Result<Option<Source>, Error>;
    /// The hidden application of the source that a token with this hash leads to. Whether the token is still good, the
    /// source says.
    async fn app_of_token(&self, scope: SystemScope, hash: TokenHash) -> Result<Option<AppId>, Error>;
    /// Changes a source and sets its `updated_at`.
    async fn change_source(
        &self,
        scope: EnvironmentScope,
        source: SourceId,
        change: Change<Source>,
        now: Timestamp,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Source>, ChangeError>;
    /// Deletes a source with its tokens and refusals, and its hidden application as [`Store::delete_app`] does. `false`
    /// when there was none.
    async fn delete_source(
        &self,
        scope: EnvironmentScope,
        source: SourceId,
        now: Timestamp,
    ) -> Result<bool, Error>;
    /// Sources whose schedule has come at `now`, oldest first, by their hidden applications, and when they were due; at
    /// most `limit`.
    async fn firings(
        &self,
        scope: SystemScope,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AppId, Timestamp)>, Error>;
    /// Accepts all messages of an intake with their deliveries and what is known of them, all or nothing: what a
    /// provider's 2xx stands on. An answer for each, in order. A repetition is kept, says so, and is sent nowhere. An
    /// intake whose firing is another's already comes to nothing, and has no answers.
    async fn receive(&self, scope: AppScope, intake: Intake) -> Result<Vec<Taken>, AcceptError>;
    /// What is known of each of these messages as received ones; `None` for others.
    async fn receptions(
        &self,
        scope: AppScope,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Option<Reception>>, Error>;
    /// Keeps a refused request of the source with this hidden application, and forgets the oldest ones beyond `ring`.
    async fn refuse(&self, scope: AppScope, refusal: Refusal, ring: Ring) -> Result<(), Error>;
    /// The refused requests that are kept, newest first.
    async fn refusals(&self, scope: AppScope) -> Result<Vec<Refusal>, Error>;

    // ---- groups of listeners

    /// Makes the group with this position unless it is there, and says where it stands. Forgets groups of the environment
    /// that nobody has listened in for [`GROUP_KEPT`](crate::listen::GROUP_KEPT).
    async fn open_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        position: i64,
        now: Timestamp,
    ) -> Result<i64, Error>;
    /// Takes of the offered messages those that are free, in their order, until the member's hands are full. A group
    /// that is not there has nothing to take.
    async fn claim_in_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        offer: Offer,
    ) -> Result<Offered, Error>;
    /// Notes that a message is done, whoever has it. `false` when nobody has had it.
    async fn finish_in_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        message: MessageId,
    ) -> Result<bool, Error>;
    /// Renews what a member has in hand, moves the group's position up to what is not done, and says where it is. `None`
    /// for a group that is not there.
    async fn tend_group(
        &self,
        scope: EnvironmentScope,
        group: GroupKey,
        tending: Tending,
    ) -> Result<Option<i64>, Error>;

    // ---- background tasks

    /// Begins a background task of an application, or one about everything of an environment, unless
    /// [`limits::APP_TASKS`](postrider_core::limits::APP_TASKS) of the same run.
    async fn start_task(
        &self,
        within: Within,
        task: Task,
        idempotency: Option<Idempotency>,
    ) -> Result<(), StartError>;
    /// The task with this id, if it is of the environment. The caller must see to it that its application is within
    /// reach.
    async fn task(&self, scope: LookupScope, task: TaskId) -> Result<Option<Task>, Error>;
    /// Tasks of an environment by id, descending in their natural order.
    async fn tasks(
        &self,
        scope: EnvironmentScope,
        filter: TaskFilter,
        page: Page<TaskId>,
    ) -> Result<Listed<Task, TaskId>, Error>;
    /// Tasks that are running, oldest first.
    async fn running_tasks(&self, scope: SystemScope) -> Result<Vec<Task>, Error>;
    /// Does what a step says and remembers how far its task is, all or nothing. What the step came to; `None`, and
    /// nothing happened, when the task is not running or not where the step begins.
    async fn step_task(&self, scope: SystemScope, step: Step) -> Result<Option<Progress>, Error>;
    /// Ends a task that is running: no step of it takes effect any more. The task as it is then, which another has
    /// perhaps ended before; `None` when the application, or the environment for all of it, has no such task.
    async fn cancel_task(&self, within: Within, task: TaskId, now: Timestamp) -> Result<Option<Task>, Error>;

    // ---- rollups and issues

    /// Numbers over time, within the ceilings of [`rollup`](crate::rollup).
    async fn rollups(&self, within: Within, query: RollupQuery) -> Result<Rollups, Error>;
    /// Issues by id, descending in their natural order. Pages may be short, even empty. Those of deleted endpoints are
    /// not there.
    async fn issues(
        &self,
        within: Within,
        filter: IssueFilter,
        page: Page<IssueId>,
    ) -> Result<Listed<Issue, IssueId>, Error>;
    /// The issue with this id.
    async fn issue(&self, within: Within, issue: IssueId) -> Result<Option<Issue>, Error>;
    /// Notes what somebody says of an issue. The issue as it is then.
    async fn say_of_issue(
        &self,
        within: Within,
        issue: IssueId,
        said: Said,
        now: Timestamp,
    ) -> Result<Option<Issue>, Error>;

    // ---- dispatch

    /// Puts what earlier holders held back to waiting, due as it was; called once before dispatch starts. Where other
    /// processes share the store, what they hold when they die is put back without being asked for from then on.
    /// Returns how many.
    async fn take_over(&self, scope: SystemScope) -> Result<u64, Error>;
    /// Endpoints after `after` (by id) that are this process's own and have waiting deliveries, and when the first is
    /// due; at most `limit`.
    async fn lanes_due(
        &self,
        scope: SystemScope,
        after: Option<EndpointId>,
        limit: usize,
    ) -> Result<Vec<LaneDue>, Error>;
    /// Takes an endpoint's due deliveries into the caller's hands, longest due first.
    async fn claim(&self, scope: SystemScope, claim: Claim) -> Result<Claimed, Error>;
    /// Records attempts and what becomes of their deliveries, and marks endpoints. One answer per settlement, in
    /// order. A settlement whose delivery the caller does not hold any more (or not at that count of attempts)
    /// changes nothing and is [`Settled::Stale`]. Settlements are shared, not given away, because a caller keeps them
    /// until they are recorded.
    async fn settle(
        &self,
        scope: SystemScope,
        settlements: Arc<Vec<Settlement>>,
        marks: Vec<EndpointMark>,
    ) -> Result<Vec<Settled>, Error>;
    /// Puts deliveries that the caller holds and did not attempt back to waiting, due as they were.
    async fn release(&self, scope: SystemScope, held: Vec<(MessageId, EndpointId)>) -> Result<(), Error>;

    // ---- upkeep

    /// One short pass of retention: removes what is older than its environment's retention, drops payloads whose
    /// time has come, cancels what can never be sent, forgets old idempotency answers. Touches at most `limit`
    /// rows of each kind. Never drops a payload that has an unfinished delivery.
    async fn retain(&self, scope: SystemScope, now: Timestamp, limit: usize) -> Result<Retained, Error>;
    /// One short pass over rollups and issues: folds what is too old to be told apart finely, removes rollups that are
    /// older than `kept` and issues that were not seen for long, and notes which ones are over. Touches at most `limit`
    /// rows of each kind.
    async fn fold(
        &self,
        scope: SystemScope,
        now: Timestamp,
        kept: Duration,
        limit: usize,
    ) -> Result<Folded, Error>;
    /// One short pass over the payload index, which it switches on: covers at most about `limit` messages, the newest first,
    /// so that searches need not read their payloads. What searches find does not depend on it.
    async fn index_payloads(
        &self,
        scope: SystemScope,
        now: Timestamp,
        limit: usize,
    ) -> Result<Indexed, Error>;
    /// Switches the payload index off and empties it. `false` when it was off.
    async fn drop_payload_index(&self, scope: SystemScope) -> Result<bool, Error>;
    /// Writes a consistent copy of everything to `to`, which must not exist, while the store is in use. `progress`
    /// is called with pages done and pages in all.
    async fn backup(
        &self,
        scope: SystemScope,
        to: &Path,
        progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
    ) -> Result<(), Error>;
    /// How the engine is doing, without touching the disk.
    fn health(&self) -> Health;
    /// Which endpoints are this process's to send to, and what other processes tell it.
    fn cluster(&self) -> &Arc<Cluster>;
    /// Gives up lane partitions, so that others can take them. Called when nothing of them is in the caller's hands any
    /// more; those that are not this node's are left alone.
    async fn hand_over(&self, scope: SystemScope, partitions: Partitions) -> Result<(), Error>;
    /// The highest row of any id in the store, for `IdGenerator::resume`.
    async fn last_row(&self, scope: SystemScope) -> Result<i64, Error>;
    /// Ends all work that is queued, makes it durable and closes. Later calls fail with [`Error::Closed`].
    async fn close(&self) -> Result<(), Error>;
}
