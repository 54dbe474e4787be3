//! Which requests an endpoint of a source gets.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::filter::{Filter, SOURCE_BYTES};
use postrider_core::id::{EndpointId, SourceId};
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity};
use postrider_core::source::Source;
use serde_json::Value;

use super::write::{missing, write};
use super::{Error, find};
use crate::context::Context;
use crate::service::fields::{FieldError, InvalidFields};
use crate::service::{access, audit};

/// The filter of an endpoint; `None` where it gets everything.
pub async fn filter(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    endpoint: &Ref<EndpointId>,
) -> Result<Option<Value>, Error> {
    let (mut source, scope) = find(context, identity, Right::Read, source).await?;
    let endpoint = access::endpoint(context, scope, endpoint).await?;
    Ok(source.settings.filters.remove(&endpoint.id))
}

/// Sets the filter of an endpoint, or takes it away. What is received after this follows it.
pub async fn set_filter(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    endpoint: &Ref<EndpointId>,
    rule: Option<Value>,
) -> Result<(), Error> {
    if let Some(rule) = &rule {
        Filter::parse(rule).map_err(|refused| {
            let at = std::iter::once("filter".to_owned()).chain(refused.at).collect();
            InvalidFields(vec![FieldError { at, invalid: refused.invalid }])
        })?;
    }
    let scope = identity.environment(Right::ManageEndpoints)?;
    let (source, app) = find(context, identity, Right::ManageEndpoints, source).await?;
    let endpoint = access::endpoint(context, app, endpoint).await?.id;
    let gone = gone(context, app, &source).await?;
    let others = source.settings.filters.iter().filter(|(id, _)| **id != endpoint && !gone.contains(id));
    let bytes: usize = others.map(|(_, rule)| rule).chain(&rule).map(|rule| rule.to_string().len()).sum();
    if bytes > SOURCE_BYTES {
        let message = format!("the filters of a source must have at most {SOURCE_BYTES} bytes together");
        return Err(InvalidFields::one("filter", Invalid::too_long(message)).into());
    }
    let apply = Arc::new(move |source: &mut Source| {
        let filters = &mut source.settings.filters;
        filters.retain(|id, _| !gone.contains(id));
        match &rule {
            Some(rule) => drop(filters.insert(endpoint, rule.clone())),
            None => drop(filters.remove(&endpoint)),
        }
    });
    let after = write(context, scope, &source, apply, context.now(), None).await?.ok_or_else(missing)?;
    audit::changed(&source, &after);
    Ok(())
}

/// The endpoints that have filters and are deleted. An id never comes back.
async fn gone(context: &Context, app: AppScope, source: &Source) -> Result<Vec<EndpointId>, Error> {
    let there = context.store.all_endpoints(app).await?;
    let is_gone = |id: &&EndpointId| there.iter().all(|endpoint| endpoint.id != **id);
    Ok(source.settings.filters.keys().filter(is_gone).copied().collect())
}
