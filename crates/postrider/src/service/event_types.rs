//! Event types: names with versioned JSON Schemas, shared by all applications of an environment.

use std::sync::Arc;

use postrider_core::event_type::{EventType, Sight};
use postrider_core::id::EventTypeId;
use postrider_core::json;
use postrider_core::names::{self, Invalid};
use postrider_core::retry::Schedule;
use postrider_core::rights::Right;
use postrider_core::scope::{EnvironmentScope, Identity};
use postrider_store::{CreateError, Listed, Page, Repeat};

use super::fields::{Checks, InvalidFields};
use super::once::Once;
use super::{Ensured, UPSERT_ROUNDS, access, audit, finish};
use crate::context::Context;

/// Feature flags of one event type.
const FEATURE_FLAGS: usize = 10;

/// What an event type is to be. `None` leaves as it is; for a new one it means the default.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What it means, for people; a new event type must have one.
    pub description: Option<String>,
    /// Hidden from lists.
    pub archived: Option<bool>,
    /// Shown as out of use.
    pub deprecated: Option<bool>,
    /// JSON Schemas by version: the text of a JSON object.
    pub schemas: Option<Option<String>>,
    /// The group it is listed under.
    pub group_name: Option<Option<String>>,
    /// Flags that hide it from those who do not have them.
    pub feature_flags: Option<Vec<String>>,
    /// When its deliveries are attempted, instead of the environment's schedule.
    pub retry_schedule: Option<Option<Schedule>>,
}

/// Why an act on event types fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// The name is taken.
    #[error("an event type with this name exists already")]
    NameTaken,
    /// There are as many as there may be.
    #[error("there are already {limit} event types")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// Event types by name, as far as they are seen. Keys of an application may read them too.
pub async fn list(
    context: &Context,
    identity: Identity,
    sight: &Sight,
    include_archived: bool,
    page: Page<String>,
) -> Result<Listed<EventType, String>, Error> {
    let mut listed = context.store.event_types(identity.lookup(Right::Read)?, include_archived, page).await?;
    // A page may be short without being the last, so what is not seen need not be made up for.
    listed.rows.retain(|event_type| sight.sees(event_type));
    Ok(listed)
}

/// One event type; one that is not seen is missing.
pub async fn get(
    context: &Context,
    identity: Identity,
    sight: &Sight,
    name: &str,
) -> Result<EventType, Error> {
    let found = context.directory.event_type(identity.lookup(Right::Read)?, name).await?;
    Ok(found
        .filter(|event_type| sight.sees(event_type))
        .ok_or(access::Error::Missing("event type"))?
        .as_ref()
        .clone())
}

/// Makes an event type. One that was archived under the same name comes back as this one.
pub async fn create(
    context: &Context,
    identity: Identity,
    name: String,
    changes: Changes,
    once: Option<Once<EventType>>,
) -> Result<EventType, Error> {
    let scope = identity.environment(Right::Manage)?;
    changes.check_new(&name)?;
    match add(context, scope, name.clone(), &changes, once).await? {
        Ensured::Created(created) => Ok(created),
        Ensured::Existing(existing) if existing.archived => {
            let returned = Changes { archived: changes.archived.or(Some(false)), ..changes };
            apply(context, scope, &name, returned).await?.ok_or(Error::NameTaken)
        }
        Ensured::Existing(_) => Err(Error::NameTaken),
    }
}

/// Changes the event type with this name, or makes it.
pub async fn upsert(
    context: &Context,
    identity: Identity,
    name: String,
    changes: Changes,
) -> Result<Ensured<EventType>, Error> {
    let scope = identity.environment(Right::Manage)?;
    changes.check_new(&name)?;
    for _ in 0..UPSERT_ROUNDS {
        if let Some(existing) = apply(context, scope, &name, changes.clone()).await? {
            return Ok(Ensured::Existing(existing));
        }
        let added = add(context, scope, name.clone(), &changes, None).await?;
        if matches!(added, Ensured::Created(_)) {
            return Ok(added);
        }
    }
    Err(Error::NameTaken)
}

/// Changes an event type.
pub async fn change(
    context: &Context,
    identity: Identity,
    name: &str,
    changes: Changes,
) -> Result<EventType, Error> {
    let scope = identity.environment(Right::Manage)?;
    changes.check()?;
    let event_type = apply(context, scope, name, changes).await?;
    Ok(event_type.ok_or(access::Error::Missing("event type"))?)
}

/// Archives an event type, or with `expunge` removes it for good. Messages and endpoints keep its name either way.
pub async fn delete(context: &Context, identity: Identity, name: &str, expunge: bool) -> Result<(), Error> {
    let scope = identity.environment(Right::Manage)?;
    audit::about("event_type", name);
    let deleted = if expunge {
        let (context, name) = (Arc::clone(context), name.to_owned());
        let step = finish(async move {
            let outcome = context.store.delete_event_type(scope, &name).await;
            context.directory.forget_event_type(scope.environment(), &name);
            outcome
        });
        step.await?
    } else {
        let archived = Changes { archived: Some(true), ..Changes::default() };
        apply(context, scope, name, archived).await?.is_some()
    };
    if deleted { Ok(()) } else { Err(access::Error::Missing("event type").into()) }
}

async fn add(
    context: &Context,
    scope: EnvironmentScope,
    name: String,
    changes: &Changes,
    once: Option<Once<EventType>>,
) -> Result<Ensured<EventType>, Error> {
    let event_type = changes.build(context, name);
    let record = once.map(|once| once.record(&event_type, event_type.created_at));
    let (context, new) = (Arc::clone(context), event_type.clone());
    let step = finish(async move {
        let name = new.name.clone();
        let outcome = context.store.create_event_type(scope, new, record).await;
        context.directory.forget_event_type(scope.environment(), &name);
        outcome
    });
    match step.await {
        Ok(()) => {
            audit::about("event_type", &event_type.name);
            Ok(Ensured::Created(event_type))
        }
        Err(CreateError::Taken(existing)) => Ok(Ensured::Existing(*existing)),
        Err(CreateError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(CreateError::TooMany { limit }) => Err(Error::TooMany { limit }),
        Err(CreateError::NoApp) => Err(access::Error::Missing("environment").into()),
        Err(CreateError::Store(error)) => Err(error.into()),
    }
}

async fn apply(
    context: &Context,
    scope: EnvironmentScope,
    name: &str,
    changes: Changes,
) -> Result<Option<EventType>, Error> {
    audit::about("event_type", name);
    let before = context.directory.event_type(scope.lookup(), name).await?;
    let change = Arc::new(move |event_type: &mut EventType| changes.apply(event_type));
    let (context, name, now) = (Arc::clone(context), name.to_owned(), context.now());
    let step = finish(async move {
        let outcome = context.store.change_event_type(scope, &name, change, now).await;
        context.directory.forget_event_type(scope.environment(), &name);
        outcome
    });
    let after = step.await?;
    if let (Some(before), Some(after)) = (&before, &after) {
        audit::changed(before.as_ref(), after);
    }
    Ok(after)
}

impl Changes {
    fn check_new(&self, name: &str) -> Result<(), InvalidFields> {
        names::name(name).map_err(|invalid| InvalidFields::one("name", invalid))?;
        if self.description.is_none() {
            return Err(InvalidFields::missing("description"));
        }
        self.check()
    }

    fn check(&self) -> Result<(), InvalidFields> {
        let mut checks = Checks::default();
        checks.optional("description", self.description.as_ref(), names::text);
        checks.optional("groupName", self.group_name.as_ref().and_then(Option::as_ref), names::name);
        let flags = self.feature_flags.as_deref().unwrap_or_default();
        checks.each("featureFlags", flags, FEATURE_FLAGS, names::name);
        checks.optional("schemas", self.schemas.as_ref().and_then(Option::as_ref), schemas);
        checks.finish()
    }

    fn build(&self, context: &Context, name: String) -> EventType {
        let now = context.now();
        let mut event_type = EventType {
            id: EventTypeId::make(&context.ids, &*context.clock, &*context.rng),
            name,
            description: String::new(),
            archived: false,
            deprecated: false,
            schemas: None,
            group_name: None,
            feature_flags: Vec::new(),
            retry_schedule: None,
            created_at: now,
            updated_at: now,
        };
        self.apply(&mut event_type);
        event_type
    }

    fn apply(&self, event_type: &mut EventType) {
        if let Some(description) = &self.description {
            event_type.description.clone_from(description);
        }
        if let Some(schemas) = &self.schemas {
            event_type.schemas.clone_from(schemas);
        }
        if let Some(group_name) = &self.group_name {
            event_type.group_name.clone_from(group_name);
        }
        if let Some(feature_flags) = &self.feature_flags {
            event_type.feature_flags.clone_from(feature_flags);
        }
        if let Some(retry_schedule) = &self.retry_schedule {
            event_type.retry_schedule.clone_from(retry_schedule);
        }
        event_type.archived = self.archived.unwrap_or(event_type.archived);
        event_type.deprecated = self.deprecated.unwrap_or(event_type.deprecated);
    }
}

fn schemas(text: &str) -> Result<(), Invalid> {
    if !json::is_object(text.as_bytes()) {
        return Err(Invalid { message: "must be an object".into(), kind: "type_error.dict" });
    }
    json::check_depth(text.as_bytes()).map_err(|deep| Invalid::value(deep.to_string()))
}

access::causes!(Error);
