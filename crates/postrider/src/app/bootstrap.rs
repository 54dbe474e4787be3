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

/// The environment named `default`, else the oldest one; made when there is none. Servers that start at once on an empty
/// database get the same.
pub(super) async fn environment(context: &Context) -> Result<EnvironmentId, StartError> {
    let environment = Environment {
        id: EnvironmentId::make(&context.ids, &*context.clock, &*context.rng),
        name: ENVIRONMENT.to_owned(),
        settings: Settings::default(),
        created_at: context.now(),
    };
    let scope = SystemScope::assume().instance();
    Ok(context.store.create_first_environment(scope, environment).await?.id)
}

/// Adds the operator's key; without one, makes the first key if there is none yet and returns it. Of servers that start
/// at once on an empty database, one does.
pub(super) async fn keys(
    context: &Context,
    environment: EnvironmentId,
    bootstrap_key: Option<&Secret>,
) -> Result<Option<Token>, StartError> {
    let scope = SystemScope::assume().instance();
    if let Some(text) = bootstrap_key {
        let token = Token::from_operator(text.expose())?;
        let key = new_key(context, environment, "bootstrap", &token);
        // Adding the same again changes nothing, so that one that was revoked stays revoked.
        context.store.create_key(scope, key, token.hash()).await?;
        return Ok(None);
    }
    let token = Token::generate(&*context.rng);
    let key = new_key(context, environment, "first", &token);
    Ok(context.store.create_first_key(scope, key, token.hash()).await?.then_some(token))
}

/// A key for an environment.
fn new_key(context: &Context, environment: EnvironmentId, name: &str, token: &Token) -> Key {
    Key {
        id: KeyId::make(&context.ids, &*context.clock, &*context.rng),
        identity: Identity::environment_key(environment),
        name: name.to_owned(),
        hint: token.hint(),
        created_at: context.now(),
        expires_at: None,
        revoked_at: None,
        portal: None,
    }
}
