//! Sources are made, changed and deleted.

use std::sync::Arc;

use postrider_core::app::{App, Metadata, Ref};
use postrider_core::id::{AppId, SourceId};
use postrider_core::inbound::Secret;
use postrider_core::limits;
use postrider_core::rights::Right;
use postrider_core::scope::{EnvironmentScope, Identity};
use postrider_core::source::{Credential, IngestToken, Private, Settings, Source, SourceToken};
use postrider_core::time::Timestamp;
use postrider_store::{Change, ChangeError, CreateError, Error as StoreError};

use super::inlets::Inlet;
use super::settings::{Checked, check_usable};
use super::{Addressed, Changes, Error, changed, cron, find};
use crate::context::Context;
use crate::service::once::Once;
use crate::service::{Ensured, UPSERT_ROUNDS, access, audit, finish};

/// Makes a source with an address of its own.
pub async fn create(
    context: &Context,
    identity: Identity,
    changes: Changes,
    once: Option<Once<Addressed>>,
) -> Result<Addressed, Error> {
    let scope = identity.environment(Right::Manage)?;
    let checked = changes.check(&context.presets)?;
    add(context, scope, &checked, once).await
}

/// Changes the source that `source` names, or makes one with that uid. Its address stays.
pub async fn upsert(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    changes: Changes,
) -> Result<Ensured<Addressed>, Error> {
    let scope = identity.environment(Right::Manage)?;
    let mut checked = changes.check(&context.presets)?;
    let named = match source {
        Ref::Uid(uid) => Some(uid.clone()),
        Ref::Id(_) => None,
    };
    for _ in 0..UPSERT_ROUNDS {
        if let Some(known) = context.store.source(scope, source).await? {
            let mut update = checked.clone();
            // The path has said which one is meant; a body without the uid does not take it away.
            update.uid = update.uid.or_else(|| known.uid.clone());
            match change(context, scope, known, update).await? {
                Some(source) => return Ok(Ensured::Existing(Addressed::of(context, source))),
                None => continue,
            }
        }
        let Some(uid) = &named else { return Err(access::Error::Missing("source").into()) };
        checked.uid = checked.uid.or_else(|| Some(uid.clone()));
        match add(context, scope, &checked, None).await {
            Err(Error::UidTaken) => {}
            added => return added.map(Ensured::Created),
        }
    }
    Err(Error::UidTaken)
}

/// Deletes a source with its endpoints and messages. Its address leads nowhere from then on.
pub async fn delete(context: &Context, identity: Identity, source: &Ref<SourceId>) -> Result<(), Error> {
    let scope = identity.environment(Right::Manage)?;
    let (source, app) = find(context, identity, Right::Manage, source).await?;
    let route = context.directory.route(app.app()).await?;
    let (context, now) = (Arc::clone(context), context.now());
    let step = finish(async move {
        let outcome = context.store.delete_source(scope, source.id, now).await;
        changed(&context, &source);
        if let Some(route) = route {
            access::app_changed(&context, &route);
        }
        outcome
    });
    if step.await? { Ok(()) } else { Err(access::Error::Missing("source").into()) }
}

/// Gives a source a new address. The one before is good for [`limits::TOKEN_GRACE`] more.
pub async fn rotate_token(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    once: Option<Once<Addressed>>,
) -> Result<Addressed, Error> {
    let scope = identity.environment(Right::Manage)?;
    let (mut source, _) = find(context, identity, Right::Manage, source).await?;
    let (token, now) = (IngestToken::generate(&*context.rng), context.now());
    source.rotate_token(token.clone(), now, limits::TOKEN_GRACE);
    let record = once.map(|once| once.record(&Addressed::of(context, source.clone()), now));
    let apply =
        Arc::new(move |source: &mut Source| source.rotate_token(token.clone(), now, limits::TOKEN_GRACE));
    let source = write(context, scope, &source, apply, now, record).await?.ok_or_else(missing)?;
    Ok(Addressed::of(context, source))
}

/// Keeps the secret that a provider has told by a handshake, if the source still waits for it.
pub(super) async fn learn(context: &Context, inlet: &Inlet, secret: &Secret) -> Result<(), StoreError> {
    let credential = Credential { text: secret.expose().to_owned().into(), not_after: secret.not_after() };
    let apply = Arc::new(move |source: &mut Source| {
        if source.settings.awaits_handshake {
            source.settings.awaits_handshake = false;
            source.private.credentials.push(credential.clone());
        }
    });
    let scope = postrider_core::scope::SystemScope::assume().environment(inlet.source.environment);
    match write(context, scope, &inlet.source, apply, context.now(), None).await {
        Ok(_) | Err(Error::UidTaken | Error::Invalid(_) | Error::TooMany { .. } | Error::Repeated(_)) => {
            Ok(())
        }
        Err(Error::Access(access::Error::Store(error))) => Err(error),
        Err(Error::Access(_)) => Ok(()),
    }
}

async fn add(
    context: &Context,
    scope: EnvironmentScope,
    checked: &Checked,
    once: Option<Once<Addressed>>,
) -> Result<Addressed, Error> {
    let now = context.now();
    let id = SourceId::make(&context.ids, &*context.clock, &*context.rng);
    let app = App {
        id: AppId::make(&context.ids, &*context.clock, &*context.rng),
        environment: scope.environment(),
        uid: None,
        name: checked.name.clone(),
        throttle_rate: None,
        metadata: Metadata::new(),
        source: Some(id),
        created_at: now,
        updated_at: now,
    };
    let token = IngestToken::generate(&*context.rng);
    let tokens = vec![SourceToken { token, expires_at: None }];
    let mut source = Source {
        id,
        environment: scope.environment(),
        app: app.id,
        uid: None,
        name: String::new(),
        kind: String::new(),
        metadata: Metadata::new(),
        settings: Settings::default(),
        private: Private { tokens, ..Private::default() },
        next_firing: None,
        created_at: now,
        updated_at: now,
    };
    checked.apply(&mut source);
    source.next_firing = cron::next(&source, now);
    check_usable(&source, &context.presets)?;
    let addressed = Addressed::of(context, source.clone());
    let record = once.map(|once| once.record(&addressed, now));
    let (context, new) = (Arc::clone(context), source);
    let step = finish(async move {
        let outcome = context.store.create_source(scope, new.clone(), app, record).await;
        changed(&context, &new);
        outcome
    });
    match step.await {
        Ok(()) => {
            audit::about("source", addressed.source.id);
            Ok(addressed)
        }
        Err(CreateError::Taken(_)) => Err(Error::UidTaken),
        Err(CreateError::TooMany { limit }) => Err(Error::TooMany { limit }),
        Err(CreateError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(CreateError::NoApp) => Err(access::Error::Missing("environment").into()),
        Err(CreateError::Store(error)) => Err(error.into()),
    }
}

async fn change(
    context: &Context,
    scope: EnvironmentScope,
    mut known: Source,
    checked: Checked,
) -> Result<Option<Source>, Error> {
    let (now, before) = (context.now(), known.clone());
    audit::about("source", known.id);
    checked.apply(&mut known);
    check_usable(&known, &context.presets)?;
    let apply = Arc::new(move |source: &mut Source| {
        let before = source.settings.cron.take();
        checked.apply(source);
        // What is due stays due, unless the schedule is another one.
        if before.map(|cron| cron.schedule) != source.settings.cron.as_ref().map(|cron| cron.schedule.clone())
        {
            source.next_firing = cron::next(source, now);
        }
    });
    let changed = write(context, scope, &known, apply, now, None).await?;
    if let Some(after) = &changed {
        audit::changed(&before, after);
    }
    Ok(changed)
}

/// Writes a change to a source and lets it take effect.
pub(super) async fn write(
    context: &Context,
    scope: EnvironmentScope,
    source: &Source,
    apply: Change<Source>,
    now: Timestamp,
    record: Option<postrider_store::Idempotency>,
) -> Result<Option<Source>, Error> {
    let (context, source) = (Arc::clone(context), source.clone());
    let step = finish(async move {
        let outcome = context.store.change_source(scope, source.id, apply, now, record).await;
        changed(&context, &source);
        outcome
    });
    match step.await {
        Ok(source) => Ok(source),
        Err(ChangeError::Taken) => Err(Error::UidTaken),
        Err(ChangeError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(ChangeError::Store(error)) => Err(error.into()),
    }
}

pub(super) fn missing() -> Error {
    access::Error::Missing("source").into()
}
