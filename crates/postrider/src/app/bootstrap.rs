//! What a first start makes, so that there is something to begin with.

use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{EnvironmentId, KeyId};
use postrider_core::key::{Key, Token};
use postrider_core::scope::{Identity, SystemScope};

use super::StartError;
use crate::config::Secret;
use crate::context::Context;

/// The name of the environment that a first start makes.
const ENVIRONMENT: &str = "default";

/// The environment named `default`, else the oldest one; made when there is none.
pub(super) async fn environment(context: &Context) -> Result<EnvironmentId, StartError> {
    let scope = SystemScope::assume().instance();
    let all = context.store.environments(scope).await?;
    let named = all.iter().find(|environment| environment.name == ENVIRONMENT);
    if let Some(environment) = named.or(all.first()) {
        return Ok(environment.id);
    }
    let id = EnvironmentId::make(&context.ids, &*context.clock, &*context.rng);
    let environment = Environment {
        id,
        name: ENVIRONMENT.to_owned(),
        settings: Settings::default(),
        created_at: context.now(),
    };
    context.store.create_environment(scope, environment).await?;
    Ok(id)
}

/// Adds the operator's key; without one, makes the first key if there is none yet and returns it.
pub(super) async fn keys(
    context: &Context,
    environment: EnvironmentId,
    bootstrap_key: Option<&Secret>,
) -> Result<Option<Token>, StartError> {
    if let Some(text) = bootstrap_key {
        let token = Token::from_operator(text.expose())?;
        add(context, environment, "bootstrap", &token).await?;
        return Ok(None);
    }
    if !context.store.keys(SystemScope::assume().instance()).await?.is_empty() {
        return Ok(None);
    }
    let token = Token::generate(&*context.rng);
    add(context, environment, "first", &token).await?;
    Ok(Some(token))
}

/// Adds a key for an environment; adding the same again changes nothing, so that one that was revoked stays revoked.
async fn add(
    context: &Context,
    environment: EnvironmentId,
    name: &str,
    token: &Token,
) -> Result<(), StartError> {
    let key = Key {
        id: KeyId::make(&context.ids, &*context.clock, &*context.rng),
        identity: Identity::Environment(environment),
        name: name.to_owned(),
        hint: token.hint(),
        created_at: context.now(),
        expires_at: None,
        revoked_at: None,
    };
    context.store.create_key(SystemScope::assume().instance(), key, token.hash()).await?;
    Ok(())
}
