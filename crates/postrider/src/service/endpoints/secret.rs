//! An endpoint's signing key is replaced.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::secret::SigningKey;

use super::{Error, settings, write};
use crate::context::Context;
use crate::service::access;
use crate::service::fields::Checks;
use crate::service::once::Once;

/// How a signing key is replaced.
#[derive(Debug, Clone, Default)]
pub struct Rotation {
    /// The new key; without one, a new key of the same kind is made.
    pub key: Option<String>,
    /// Seconds that the key before still signs; a day when not given.
    pub grace_seconds: Option<u64>,
}

/// Replaces the signing key of an endpoint, and gives the new one. Both sign until the grace is over.
pub async fn rotate_secret<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    rotation: Rotation,
    once: Option<Once<SigningKey>>,
) -> Result<SigningKey, Error> {
    let found = access::app(context, identity, Right::ManageSecrets, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let mut checks = Checks::default();
    let given = rotation.key.as_deref().and_then(|text| checks.check("key", settings::signing_key(text)));
    let grace = rotation.grace_seconds.map_or(limits::ROTATION_GRACE, Duration::from_secs);
    if grace > limits::ROTATION_GRACE_MAX {
        let message = format!("must be at most {}", limits::ROTATION_GRACE_MAX.as_secs());
        checks.check::<()>("gracePeriodSeconds", Err(Invalid::value(message)));
    }
    checks.finish()?;

    let key = given.unwrap_or_else(|| generate_like(&endpoint.keys.current, context));
    let now = context.now();
    let record = once.map(|once| once.record(&key, now));
    let new = key.clone();
    let rotate = Arc::new(move |endpoint: &mut Endpoint| endpoint.keys.rotate(new.clone(), grace, now));
    let changed = write::apply(context, &found, &endpoint, rotate, record).await?;
    changed.ok_or(access::Error::Missing("endpoint"))?;
    Ok(key)
}

fn generate_like(current: &SigningKey, context: &Context) -> SigningKey {
    if current.public().is_some() {
        SigningKey::generate_ed25519(&*context.rng)
    } else {
        SigningKey::generate_hmac(&*context.rng)
    }
}
