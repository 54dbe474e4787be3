//! An endpoint's custom headers are replaced or changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::headers;
use postrider_core::id::EndpointId;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;

use super::{Error, write};
use crate::context::Context;
use crate::service::access;
use crate::service::fields::InvalidFields;

/// Changes to an endpoint's headers, by name in any case.
#[derive(Debug, Clone, Default)]
pub struct HeaderChanges {
    /// New values; `None` removes the header.
    pub set: BTreeMap<String, Option<String>>,
    /// Names to remove.
    pub delete: Vec<String>,
}

/// Replaces all custom headers of an endpoint.
pub async fn set_headers<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    headers: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let found = access::app(context, identity, Right::ManageEndpoints, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let headers = headers::endpoint(headers).map_err(refused)?;
    let replace = Arc::new(move |endpoint: &mut Endpoint| endpoint.headers.clone_from(&headers));
    write::apply(context, &found, &endpoint, replace, None).await?;
    Ok(())
}

/// Adds, replaces and removes custom headers of an endpoint, and leaves the others.
pub async fn change_headers<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    changes: &HeaderChanges,
) -> Result<(), Error> {
    let found = access::app(context, identity, Right::ManageEndpoints, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let set = changes.set.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let set = headers::endpoint(set).map_err(refused)?;
    let unset = changes.set.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name);
    let delete: Vec<String> = unset.chain(&changes.delete).map(|name| name.to_ascii_lowercase()).collect();
    let apply = move |headers: &mut BTreeMap<String, String>| {
        headers.retain(|name, _| !delete.contains(name));
        headers.extend(set.iter().map(|(name, value)| (name.clone(), value.clone())));
    };
    // Together with those that stay they must keep the ceilings too.
    let mut all = endpoint.headers.clone();
    apply(&mut all);
    headers::endpoint(&all).map_err(refused)?;
    let change = Arc::new(move |endpoint: &mut Endpoint| apply(&mut endpoint.headers));
    write::apply(context, &found, &endpoint, change, None).await?;
    Ok(())
}

fn refused(invalid: Invalid) -> InvalidFields {
    InvalidFields::one("headers", invalid)
}
