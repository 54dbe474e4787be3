//! Code that is kept for endpoints of sources. Nothing runs it yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::id::{EndpointId, SourceId};
use postrider_core::limits;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::source::{Source, Transformation};

use super::write::{missing, write};
use super::{Error, find};
use crate::context::Context;
use crate::service::fields::Checks;
use crate::service::{access, audit};

/// Changes to a transformation; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct TransformationChanges {
    /// The program; none takes it away.
    pub code: Option<Option<String>>,
    /// Whether it is to run.
    pub enabled: Option<bool>,
    /// Values for it, by name.
    pub variables: Option<BTreeMap<String, String>>,
}

/// The transformation of an endpoint; an empty one where there is none.
pub async fn transformation(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    endpoint: &Ref<EndpointId>,
) -> Result<Transformation, Error> {
    let (mut source, scope) = find(context, identity, Right::Read, source).await?;
    let endpoint = access::endpoint(context, scope, endpoint).await?;
    Ok(source.settings.transformations.remove(&endpoint.id.to_string()).unwrap_or_default())
}

/// Changes the transformation of an endpoint.
pub async fn change_transformation(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    endpoint: &Ref<EndpointId>,
    changes: TransformationChanges,
) -> Result<(), Error> {
    let mut checks = Checks::default();
    if changes
        .code
        .as_ref()
        .and_then(Option::as_ref)
        .is_some_and(|code| code.len() > limits::TRANSFORMATION_BYTES)
    {
        let message = format!("must have at most {} bytes", limits::TRANSFORMATION_BYTES);
        checks.check::<()>("code", Err(Invalid::too_long(message)));
    }
    let bytes: usize = changes.variables.iter().flatten().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits::METADATA_BYTES {
        let message = format!("must have at most {} bytes, names and values", limits::METADATA_BYTES);
        checks.check::<()>("variables", Err(Invalid::too_long(message)));
    }
    checks.finish()?;
    let scope = identity.environment(Right::ManageTransformations)?;
    let (source, app) = find(context, identity, Right::ManageTransformations, source).await?;
    let endpoint = access::endpoint(context, app, endpoint).await?.id.to_string();
    let apply = Arc::new(move |source: &mut Source| {
        let one = source.settings.transformations.entry(endpoint.clone()).or_default();
        if let Some(code) = &changes.code {
            one.code.clone_from(code);
        }
        one.enabled = changes.enabled.unwrap_or(one.enabled);
        if let Some(variables) = &changes.variables {
            one.variables.clone_from(variables);
        }
    });
    let after = write(context, scope, &source, apply, context.now(), None).await?.ok_or_else(missing)?;
    audit::changed(&source, &after);
    Ok(())
}
