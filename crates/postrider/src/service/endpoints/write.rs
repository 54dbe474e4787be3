//! Endpoints are made, changed and deleted.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::{Change, ChangeError, CreateError, Idempotency};

use super::settings::Checked;
use super::{Changes, Error};
use crate::context::Context;
use crate::service::access::{self, Found};
use crate::service::once::Once;
use crate::service::{Ensured, UPSERT_ROUNDS, audit, finish};

/// Makes an endpoint.
pub async fn create<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    changes: Changes,
    once: Option<Once<Endpoint>>,
) -> Result<Endpoint, Error> {
    let found = access::app(context, identity, Right::ManageEndpoints, app).await?;
    changes.needs(identity)?;
    let checked = changes.check_new(context, &found.route).await?;
    add(context, &found, &checked, once).await
}

/// Changes the endpoint that `endpoint` names, or makes one with that uid.
pub async fn upsert<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    changes: Changes,
) -> Result<Ensured<Endpoint>, Error> {
    let found = access::app(context, identity, Right::ManageEndpoints, app).await?;
    changes.needs(identity)?;
    let checked = changes.check_new(context, &found.route).await?.made_by(identity);
    let fresh = match (endpoint, checked.uid()) {
        (Ref::Uid(uid), None) => checked.with_uid(Some(Some(uid.clone()))),
        _ => checked.clone(),
    };
    // The path has said which one is meant; a body without the uid does not take it away.
    let kept = checked.with_uid(checked.uid().cloned().map(Some));
    for _ in 0..UPSERT_ROUNDS {
        match context.store.endpoint(found.scope, endpoint).await? {
            Some(known) => match update(context, &found, &known, kept.clone()).await? {
                Some(existing) => return Ok(Ensured::Existing(existing)),
                None => continue,
            },
            None if matches!(endpoint, Ref::Id(_)) => break,
            None => {}
        }
        match add(context, &found, &fresh, None).await {
            Err(Error::UidTaken) => {}
            added => return added.map(Ensured::Created),
        }
    }
    match endpoint {
        Ref::Id(_) => Err(access::Error::Missing("endpoint").into()),
        Ref::Uid(_) => Err(Error::UidTaken),
    }
}

/// Changes an endpoint. Attempts that start after this follow the change.
pub async fn change<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    changes: Changes,
) -> Result<Endpoint, Error> {
    let found = access::app(context, identity, Right::ManageEndpoints, app).await?;
    changes.needs(identity)?;
    let checked = changes.check(context, &found.route).await?.made_by(identity);
    let known = access::endpoint(context, found.scope, endpoint).await?;
    let endpoint = update(context, &found, &known, checked).await?;
    Ok(endpoint.ok_or(access::Error::Missing("endpoint"))?)
}

/// Deletes an endpoint. What waits for it is canceled; what is being sent may still arrive.
pub async fn delete<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
) -> Result<(), Error> {
    let found = access::app(context, identity, Right::ManageEndpoints, app).await?;
    let known = access::endpoint(context, found.scope, endpoint).await?;
    let (context, now) = (Arc::clone(context), context.now());
    let step = finish(async move {
        let outcome = context.store.delete_endpoint(found.scope, known.id, now).await;
        access::endpoint_changed(&context, known.app, known.id);
        outcome
    });
    if step.await? { Ok(()) } else { Err(access::Error::Missing("endpoint").into()) }
}

async fn add(
    context: &Context,
    found: &Found,
    checked: &Checked,
    once: Option<Once<Endpoint>>,
) -> Result<Endpoint, Error> {
    let endpoint = checked.build(context, found.scope.app());
    let record = once.map(|once| once.record(&endpoint, endpoint.created_at));
    let (context, scope, new) = (Arc::clone(context), found.scope, endpoint.clone());
    let step = finish(async move {
        let (app, id) = (new.app, new.id);
        let outcome = context.store.create_endpoint(scope, new, record).await;
        access::endpoint_changed(&context, app, id);
        outcome
    });
    match step.await {
        Ok(()) => {
            audit::about("endpoint", endpoint.id);
            Ok(endpoint)
        }
        Err(CreateError::Taken(_)) => Err(Error::UidTaken),
        Err(CreateError::TooMany { limit }) => Err(Error::TooMany { limit }),
        Err(CreateError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(CreateError::NoApp) => Err(access::Error::Missing("application").into()),
        Err(CreateError::Store(error)) => Err(error.into()),
    }
}

async fn update(
    context: &Context,
    found: &Found,
    known: &Endpoint,
    checked: Checked,
) -> Result<Option<Endpoint>, Error> {
    let now = context.now();
    let change = Arc::new(move |endpoint: &mut Endpoint| checked.apply(endpoint, now));
    apply(context, found, known, change, None).await
}

/// Applies any change to an endpoint and makes it take effect.
pub(super) async fn apply(
    context: &Context,
    found: &Found,
    known: &Endpoint,
    change: Change<Endpoint>,
    record: Option<Idempotency>,
) -> Result<Option<Endpoint>, Error> {
    let (context, scope, now) = (Arc::clone(context), found.scope, context.now());
    audit::about("endpoint", known.id);
    let endpoint = known.id;
    let step = finish(async move {
        let outcome = context.store.change_endpoint(scope, endpoint, change, now, record).await;
        access::endpoint_changed(&context, scope.app(), endpoint);
        outcome
    });
    match step.await {
        Ok(after) => {
            if let Some(after) = &after {
                audit::changed(known, after);
            }
            Ok(after)
        }
        Err(ChangeError::Taken) => Err(Error::UidTaken),
        Err(ChangeError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(ChangeError::Store(error)) => Err(error.into()),
    }
}
