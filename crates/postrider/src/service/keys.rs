//! API keys: made, listed and revoked by whoever runs the instance.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::{Key, Token};
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::time::Timestamp;

use super::fields::{Checks, InvalidFields, display_name};
use super::{access, audit, finish};
use crate::context::Context;

/// What a new key is to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Environments and keys.
    Instance,
    /// Everything in one environment.
    Environment(EnvironmentId),
    /// One application of an environment.
    App(EnvironmentId, Ref<AppId>),
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it is to reach.
    pub reach: Reach,
    /// A name for people.
    pub name: String,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// Why keys cannot be managed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
}

/// Makes a key. The token is in this answer and nowhere else.
pub async fn create(context: &Context, identity: Identity, new: NewKey) -> Result<(Key, Token), Error> {
    let scope = identity.instance()?;
    let now = context.now();
    let mut checks = Checks::default();
    checks.check("name", display_name(&new.name));
    if new.expires_at.is_some_and(|end| end <= now) {
        checks.check::<()>("expiresAt", Err(Invalid::value("must be in the future")));
    }
    checks.finish()?;
    let token = Token::generate(&*context.rng);
    let key = Key {
        id: KeyId::make(&context.ids, &*context.clock, &*context.rng),
        identity: reach(context, identity, &new.reach).await?,
        name: new.name,
        hint: token.hint(),
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        portal: None,
    };
    let (context, new, hash) = (Arc::clone(context), key.clone(), token.hash());
    let step = finish(async move {
        let outcome = context.store.create_key(scope, new, hash).await;
        context.keyring.forget();
        outcome
    });
    step.await?;
    audit::about("key", key.id);
    if let Some(environment) = audit::environment(key.identity) {
        audit::in_environment(environment);
    }
    Ok((key, token))
}

/// All keys, oldest first, revoked and expired ones too.
pub async fn list(context: &Context, identity: Identity) -> Result<Vec<Key>, Error> {
    Ok(context.store.keys(identity.instance()?).await?)
}

/// Revokes a key: it opens nothing any more when this returns. Revoking again changes nothing.
pub async fn revoke(context: &Context, identity: Identity, id: KeyId) -> Result<Key, Error> {
    let scope = identity.instance()?;
    audit::about("key", id);
    let (context, now) = (Arc::clone(context), context.now());
    let step = finish(async move {
        let outcome = context.store.revoke_key(scope, id, now).await;
        context.keyring.forget();
        outcome
    });
    Ok(step.await?.ok_or(access::Error::Missing("key"))?)
}

async fn reach(context: &Context, identity: Identity, reach: &Reach) -> Result<Identity, Error> {
    let (environment, app) = match reach {
        Reach::Instance => return Ok(Identity::instance_key()),
        Reach::Environment(environment) => (*environment, None),
        Reach::App(environment, app) => (*environment, Some(app)),
    };
    let environments = context.store.environments(identity.instance()?).await?;
    if !environments.iter().any(|known| known.id == environment) {
        return Err(InvalidFields::one("environment", Invalid::value("there is no such environment")).into());
    }
    let within = Identity::environment_key(environment);
    let Some(app) = app else { return Ok(within) };
    let found = context.store.app(within.lookup(Right::Read)?, app).await?;
    match found.filter(|found| within.app(found, Right::Read).is_some()) {
        Some(found) => Ok(Identity::app_key(environment, found.id)),
        None => Err(InvalidFields::one("app", Invalid::value("there is no such application")).into()),
    }
}

access::causes!(Error);
