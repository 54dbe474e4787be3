//! Applications.

use std::sync::Arc;

use postrider_core::app::{App, Metadata, Ref};
use postrider_core::id::AppId;
use postrider_core::names::{self, Invalid};
use postrider_core::rights::Right;
use postrider_core::scope::{EnvironmentScope, Identity};
use postrider_store::{AppFilter, ChangeError, CreateError, Listed, Page, Repeat};

use super::access::{self, Found};
use super::fields::{self, Checks, InvalidFields};
use super::once::Once;
use super::{Ensured, UPSERT_ROUNDS, audit, finish};
use crate::context::Context;

/// What an application is to be. `None` leaves as it is; for a new one it means the default.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// A name for people; a new application must have one.
    pub name: Option<String>,
    /// The caller's own id.
    pub uid: Option<Option<String>>,
    /// Deliveries a second, over all endpoints.
    pub throttle_rate: Option<Option<u32>>,
    /// The caller's notes.
    pub metadata: Option<Metadata>,
}

/// Why an act on applications fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Another application has the uid.
    #[error("an application with this uid exists already")]
    UidTaken,
    /// There are as many as there may be.
    #[error("there are already {limit} applications")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// Applications by id.
pub async fn list(
    context: &Context,
    identity: Identity,
    filter: AppFilter,
    page: Page<AppId>,
) -> Result<Listed<App, AppId>, Error> {
    Ok(context.store.apps(identity.environment(Right::Read)?, filter, page).await?)
}

/// One application.
pub async fn get(context: &Context, identity: Identity, app: &Ref<AppId>) -> Result<App, Error> {
    Ok(access::app(context, identity, Right::Read, app).await?.route.app.clone())
}

/// Makes an application.
pub async fn create(
    context: &Context,
    identity: Identity,
    changes: Changes,
    once: Option<Once<App>>,
) -> Result<App, Error> {
    match get_or_create(context, identity, changes, once).await? {
        Ensured::Created(app) => Ok(app),
        Ensured::Existing(_) => Err(Error::UidTaken),
    }
}

/// Makes an application, or gives the one that has its uid, unchanged.
pub async fn get_or_create(
    context: &Context,
    identity: Identity,
    changes: Changes,
    once: Option<Once<App>>,
) -> Result<Ensured<App>, Error> {
    let scope = identity.environment(Right::Manage)?;
    changes.check_new()?;
    let app = changes.build(context, scope);
    let record = once.map(|once| once.record(&app, app.created_at));
    match context.store.create_app(scope, app.clone(), record).await {
        Ok(()) => {
            audit::about("app", app.id);
            Ok(Ensured::Created(app))
        }
        Err(CreateError::Taken(existing)) => Ok(Ensured::Existing(*existing)),
        Err(CreateError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(CreateError::TooMany { limit }) => Err(Error::TooMany { limit }),
        Err(CreateError::NoApp) => Err(access::Error::Missing("environment").into()),
        Err(CreateError::Store(error)) => Err(error.into()),
    }
}

/// The application that `app` names, for an act that takes `right`; made from `application` if there is none with that uid
/// yet, which takes the right to manage.
pub(super) async fn find_or_make(
    context: &Context,
    identity: Identity,
    right: Right,
    app: &Ref<AppId>,
    application: Option<&Changes>,
) -> Result<Found, Error> {
    let missing = match access::app(context, identity, right, app).await {
        Err(missing @ access::Error::Missing(_)) => missing,
        found => return Ok(found?),
    };
    let (Some(application), Ref::Uid(uid)) = (application, app) else { return Err(missing.into()) };
    let mut application = application.clone();
    match application.uid.flatten() {
        Some(other) if other != *uid => {
            let message = "must be the uid in the path";
            return Err(InvalidFields::one("uid", Invalid::value(message)).under("application").into());
        }
        _ => application.uid = Some(Some(uid.clone())),
    }
    match get_or_create(context, identity, application, None).await {
        Ok(_) => Ok(access::app(context, identity, right, app).await?),
        Err(Error::Invalid(invalid)) => Err(invalid.under("application").into()),
        Err(error) => Err(error),
    }
}

/// Changes the application that `app` names, or makes one with that uid.
pub async fn upsert(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    mut changes: Changes,
) -> Result<Ensured<App>, Error> {
    identity.environment(Right::Manage)?;
    changes.check_new()?;
    let mut fresh = changes.clone();
    if let (Ref::Uid(uid), None) = (app, fresh.uid.as_ref().and_then(Option::as_ref)) {
        fresh.uid = Some(Some(uid.clone()));
    }
    // The path has said which one is meant; a body without the uid does not take it away.
    changes.uid = changes.uid.filter(Option::is_some);
    for _ in 0..UPSERT_ROUNDS {
        match change(context, identity, app, changes.clone()).await {
            Err(Error::Access(access::Error::Missing(_))) if matches!(app, Ref::Uid(_)) => {}
            outcome => return outcome.map(Ensured::Existing),
        }
        match get_or_create(context, identity, fresh.clone(), None).await? {
            Ensured::Existing(_) => {}
            created @ Ensured::Created(_) => return Ok(created),
        }
    }
    Err(Error::UidTaken)
}

/// Changes an application.
pub async fn change(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    changes: Changes,
) -> Result<App, Error> {
    identity.environment(Right::Manage)?;
    changes.check()?;
    let found = access::app(context, identity, Right::Manage, app).await?;
    let (throttled, before) = (changes.throttle_rate.is_some(), Arc::clone(&found.route));
    let apply = Arc::new(move |app: &mut App| changes.apply(app));
    let (context, now) = (Arc::clone(context), context.now());
    let step = finish(async move {
        let outcome = context.store.change_app(found.scope, apply, now).await;
        if throttled {
            access::app_changed(&context, &found.route);
        } else {
            context.directory.forget(found.scope.app());
        }
        outcome
    });
    match step.await {
        Ok(app) => {
            let app = app.ok_or(access::Error::Missing("application"))?;
            audit::changed(&before.app, &app);
            Ok(app)
        }
        Err(ChangeError::Taken) => Err(Error::UidTaken),
        Err(ChangeError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(ChangeError::Store(error)) => Err(error.into()),
    }
}

/// Deletes an application with all that belongs to it. What is being sent may still arrive.
pub async fn delete(context: &Context, identity: Identity, app: &Ref<AppId>) -> Result<(), Error> {
    identity.environment(Right::Manage)?;
    let found = access::app(context, identity, Right::Manage, app).await?;
    let (context, now) = (Arc::clone(context), context.now());
    let step = finish(async move {
        let outcome = context.store.delete_app(found.scope, now).await;
        access::app_changed(&context, &found.route);
        // Its portal sessions have ended.
        context.keyring.forget();
        outcome
    });
    if step.await? { Ok(()) } else { Err(access::Error::Missing("application").into()) }
}

impl Changes {
    pub(super) fn check_new(&self) -> Result<(), InvalidFields> {
        if self.name.is_none() {
            return Err(InvalidFields::missing("name"));
        }
        self.check()
    }

    fn check(&self) -> Result<(), InvalidFields> {
        let mut checks = Checks::default();
        checks.optional("name", self.name.as_ref(), fields::display_name);
        let uid = self.uid.as_ref().and_then(Option::as_ref);
        checks.optional("uid", uid, |uid| names::uid(uid, AppId::PREFIX));
        checks.check("throttleRate", fields::throttle_rate(self.throttle_rate.flatten()));
        if let Some(metadata) = &self.metadata {
            checks.check("metadata", names::metadata(metadata));
        }
        checks.finish()
    }

    fn build(&self, context: &Context, scope: EnvironmentScope) -> App {
        let now = context.now();
        let mut app = App {
            id: AppId::make(&context.ids, &*context.clock, &*context.rng),
            environment: scope.environment(),
            uid: None,
            name: String::new(),
            throttle_rate: None,
            metadata: Metadata::new(),
            source: None,
            created_at: now,
            updated_at: now,
        };
        self.apply(&mut app);
        app
    }

    fn apply(&self, app: &mut App) {
        if let Some(name) = &self.name {
            app.name.clone_from(name);
        }
        if let Some(uid) = &self.uid {
            app.uid.clone_from(uid);
        }
        if let Some(metadata) = &self.metadata {
            app.metadata.clone_from(metadata);
        }
        app.throttle_rate = self.throttle_rate.unwrap_or(app.throttle_rate);
    }
}

access::causes!(Error);
