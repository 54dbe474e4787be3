//! Deliveries: listed, sent again, skipped.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::delivery::Delivery;
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity};
use postrider_store::{DeliveryFilter, Error as StoreError, Listed, Page, Repeat, ResendError};

use super::access::{self, Found, Owner};
use super::finish;
use super::once::Once;
use crate::context::Context;

/// Why an act on deliveries fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The payload has expired or was expunged: there is nothing to send.
    #[error("the message's payload has expired or was expunged, so it cannot be sent again")]
    NoPayload,
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// What went, goes or will go to one endpoint, by message.
pub async fn by_endpoint<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    filter: DeliveryFilter,
    page: Page<MessageId>,
) -> Result<Listed<(Delivery, Message), MessageId>, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let _turn = access::turn(context, &found).await?;
    Ok(context.store.deliveries_by_endpoint(found.scope, endpoint.id, filter, page).await?)
}

/// Where one message went, goes or will go, by endpoint. Endpoints that were deleted are left out.
pub async fn by_message<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<Owner<'a>>,
    message: &Ref<MessageId>,
    page: Page<EndpointId>,
) -> Result<Listed<(Delivery, Endpoint), EndpointId>, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let message = access::message(context, found.scope, message, false).await?;
    let _turn = access::turn(context, &found).await?;
    let listed = context.store.deliveries_by_message(found.scope, message.id, page).await?;
    let mut rows = Vec::with_capacity(listed.rows.len());
    for delivery in listed.rows {
        let endpoint = context.store.endpoint(found.scope, &Ref::Id(delivery.endpoint)).await?;
        rows.extend(endpoint.map(|endpoint| (delivery, endpoint)));
    }
    Ok(Listed { rows, next: listed.next })
}

/// Sends a message to an endpoint again, now. An endpoint that did not get it before gets it too.
pub async fn resend<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<Owner<'a>>,
    message: &Ref<MessageId>,
    endpoint: &Ref<EndpointId>,
    once: Option<Once<()>>,
) -> Result<(), Error> {
    let found = access::app(context, identity, Right::Send, app).await?;
    let message = access::message(context, found.scope, message, false).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    match send(context, found.scope, message.id, endpoint.id, once).await {
        Ok(()) => Ok(()),
        Err(ResendError::NoMessage) => Err(access::Error::Missing("message").into()),
        Err(ResendError::NoEndpoint) => Err(access::Error::Missing("endpoint").into()),
        Err(ResendError::NoPayload) => Err(Error::NoPayload),
        Err(ResendError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(ResendError::Store(error)) => Err(error.into()),
    }
}

/// Gives an unfinished delivery up, so that what waits behind it goes on.
pub async fn skip<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<Owner<'a>>,
    message: &Ref<MessageId>,
    endpoint: &Ref<EndpointId>,
) -> Result<(), Error> {
    let found = access::app(context, identity, Right::Send, app).await?;
    let message = access::message(context, found.scope, message, false).await?.id;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?.id;
    let (context, scope, now) = (Arc::clone(context), found.scope, context.now());
    let step = finish(async move {
        let outcome = context.store.skip(scope, message, endpoint, now).await;
        context.lanes.waiting(scope.app(), endpoint, now);
        outcome
    });
    if step.await? { Ok(()) } else { Err(access::Error::Missing("unfinished delivery").into()) }
}

/// Makes a delivery due at once and wakes its lane, even a paused one.
pub(super) async fn send(
    context: &Context,
    scope: AppScope,
    message: MessageId,
    endpoint: EndpointId,
    once: Option<Once<()>>,
) -> Result<(), ResendError> {
    let (context, now) = (Arc::clone(context), context.now());
    let record = once.map(|once| once.record(&(), now));
    finish(async move {
        context.store.resend(scope, message, vec![endpoint], now, record).await?;
        context.lanes.asked(scope.app(), endpoint, now);
        Ok(())
    })
    .await
}

/// Drops a message's payload, and wakes the lanes where others waited for it. `false` when it is gone already.
pub(super) async fn expunge(context: &Context, found: &Found, message: &Message) -> Result<bool, StoreError> {
    let keyed = message.ordering_key.is_some();
    let (context, scope, route) = (Arc::clone(context), found.scope, Arc::clone(&found.route));
    let (message, now) = (message.id, context.now());
    finish(async move {
        let expunged = context.store.expunge_message(scope, message, now).await;
        for destination in &route.destinations {
            if keyed || destination.endpoint.ordering == Ordering::Fifo {
                context.lanes.waiting(scope.app(), destination.endpoint.id, now);
            }
        }
        expunged
    })
    .await
}

access::causes!(Error);
