//! Environments: made and listed by whoever runs the instance, set up by their owners.

use std::sync::Arc;

use postrider_core::environment::{Environment, Settings, SignatureHeaders, UnknownEventTypes};
use postrider_core::id::EnvironmentId;
use postrider_core::names::Invalid;
use postrider_core::retry::Schedule;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::Change;

use super::fields::{Checks, InvalidFields, display_name};
use super::{access, audit, finish};
use crate::context::Context;

/// Days of retention that an owner may choose.
const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=3_650;

/// Why environments cannot be managed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
}

/// Changes to an environment; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The names of the signature headers.
    pub signature_headers: Option<SignatureHeaders>,
    /// What happens to unknown event types.
    pub unknown_event_types: Option<UnknownEventTypes>,
    /// Days that finished messages are kept.
    pub retention_days: Option<u32>,
    /// When attempts happen, unless an event type or an endpoint says otherwise.
    pub retry_schedule: Option<Schedule>,
    /// Whether endpoints must have `https` URLs.
    pub https_only: Option<bool>,
}

/// Makes an environment with the default settings.
pub async fn create(context: &Context, identity: Identity, name: String) -> Result<Environment, Error> {
    let scope = identity.instance()?;
    display_name(&name).map_err(|invalid| InvalidFields::one("name", invalid))?;
    let environment = Environment {
        id: EnvironmentId::make(&context.ids, &*context.clock, &*context.rng),
        name,
        settings: Settings::default(),
        created_at: context.now(),
    };
    context.store.create_environment(scope, environment.clone()).await?;
    audit::about("environment", environment.id);
    Ok(environment)
}

/// All environments, oldest first.
pub async fn list(context: &Context, identity: Identity) -> Result<Vec<Environment>, Error> {
    Ok(context.store.environments(identity.instance()?).await?)
}

/// The environment of the caller's key.
pub async fn get(context: &Context, identity: Identity) -> Result<Environment, Error> {
    let scope = identity.environment(Right::Read)?;
    let environment = context.store.environment(scope.lookup()).await?;
    Ok(environment.ok_or(access::Error::Missing("environment"))?)
}

/// Changes the settings of the caller's environment. What is sent from now on follows the new ones.
pub async fn change(context: &Context, identity: Identity, changes: Changes) -> Result<Environment, Error> {
    let scope = identity.environment(Right::Manage)?;
    let change = changes.check()?;
    let before = context.store.environment(scope.lookup()).await?;
    let context = Arc::clone(context);
    let step = finish(async move {
        let outcome = context.store.change_environment(scope, change).await;
        context.directory.forget_environment(scope.environment());
        context.lanes.all_changed();
        outcome
    });
    let after = step.await?.ok_or(access::Error::Missing("environment"))?;
    audit::about("environment", after.id);
    if let Some(before) = &before {
        audit::changed(before, &after);
    }
    Ok(after)
}

impl Changes {
    fn check(self) -> Result<Change<Environment>, InvalidFields> {
        let mut checks = Checks::default();
        if self.retention_days.is_some_and(|days| !RETENTION_DAYS.contains(&days)) {
            checks.check::<()>("retentionDays", Err(Invalid::value("must be from 1 to 3650")));
        }
        checks.finish()?;
        Ok(Arc::new(move |environment: &mut Environment| {
            let settings = &mut environment.settings;
            settings.signature_headers = self.signature_headers.unwrap_or(settings.signature_headers);
            settings.unknown_event_types = self.unknown_event_types.unwrap_or(settings.unknown_event_types);
            settings.retention_days = self.retention_days.unwrap_or(settings.retention_days);
            settings.https_only = self.https_only.unwrap_or(settings.https_only);
            if let Some(schedule) = &self.retry_schedule {
                settings.retry_schedule.clone_from(schedule);
            }
        }))
    }
}

access::causes!(Error);
