//! One received message is replayed.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::id::{EndpointId, MessageId, SourceId};
use postrider_core::reception::Reception;
use postrider_core::replay::{Sign, Targets, makes_new};
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity};
use postrider_store::{AcceptError, Intake, ResendError};

use super::compose::{self, NotMade, Original, Recipe};
use super::edits::Checked;
use super::{Edits, Error, Named};
use crate::context::Context;
use crate::service::once::Once;
use crate::service::sources::{self, Inlet};
use crate::service::{access, finish};

/// What became of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The message that goes: the same one, or the new one.
    pub message: MessageId,
    /// The message that was asked for.
    pub of: MessageId,
    /// Where it goes.
    pub to: Targets,
}

/// Replays a received message: durable when this returns.
pub async fn one(
    context: &Context,
    identity: Identity,
    (source, message): (&Ref<SourceId>, MessageId),
    (to, sign, edits): (Named, Sign, Edits),
    once: Option<Once<Replayed>>,
) -> Result<Replayed, Error> {
    let (source, scope) = sources::find(context, identity, Right::Send, source).await?;
    let edits = edits.check(sign, context.limits.receive_bytes)?;
    let message = access::message(context, scope, &Ref::Id(message), true).await?;
    let to = to.resolve(context, scope).await?;
    let mut known = context.store.receptions(scope, vec![message.id]).await?;
    let reception: Option<Reception> = known.pop().flatten();
    if message.payload.is_none() {
        return Err(Error::NoPayload);
    }
    let detail = reception.as_ref().map(|known| &known.detail);
    if edits.is_empty() && !makes_new(&to, sign, &message, detail) {
        return again(context, scope, message.id, to, once).await;
    }
    let inlet = context.inlets.of_app(source.app).await?.ok_or(access::Error::Missing("source"))?;
    let original = Original::read(context, scope, message, reception).await?;
    new(context, &inlet, &original, (to, sign, edits), once).await
}

/// The same message, once more.
pub(super) async fn again(
    context: &Context,
    scope: AppScope,
    message: MessageId,
    to: Targets,
    once: Option<Once<Replayed>>,
) -> Result<Replayed, Error> {
    let (context, now) = (Arc::clone(context), context.now());
    let replayed = Replayed { message, of: message, to };
    let record = once.map(|once| once.record(&replayed, now));
    let endpoints = replayed.to.endpoints.clone();
    let step = finish(async move {
        context.store.resend(scope, message, endpoints.clone(), now, record).await?;
        asked(&context, scope, &endpoints, now);
        Ok(())
    });
    match step.await {
        Ok(()) => Ok(replayed),
        Err(ResendError::NoMessage) => Err(access::Error::Missing("message").into()),
        Err(ResendError::NoEndpoint) => Err(access::Error::Missing("endpoint").into()),
        Err(ResendError::NoPayload) => Err(Error::NoPayload),
        Err(ResendError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(ResendError::Store(error)) => Err(error.into()),
    }
}

/// A new message.
async fn new(
    context: &Context,
    inlet: &Arc<Inlet>,
    original: &Original,
    (to, sign, edits): (Targets, Sign, Checked),
    once: Option<Once<Replayed>>,
) -> Result<Replayed, Error> {
    let now = context.now();
    let id = MessageId::make(&context.ids, &*context.clock, &*context.rng);
    let address = compose::address(context, inlet);
    let recipe = Recipe { inlet, address, to: &to, sign, edits: Some(&edits) };
    let mut arrival = recipe.make(original, id, now, &*context.rng).map_err(|not_made| match not_made {
        NotMade::NoPayload => Error::NoPayload,
        NotMade::NotSigned(why) => compose::not_signed(why).into(),
        NotMade::Edits(invalid) => invalid.into(),
    })?;
    let replayed = Replayed { message: id, of: original.message.id, to };
    arrival.acceptance.idempotency = once.map(|once| once.record(&replayed, now));
    let intake = Intake { arrivals: vec![arrival], since: now, firing: None };
    let (context, inlet, endpoints) = (Arc::clone(context), Arc::clone(inlet), replayed.to.endpoints.clone());
    let step = finish(async move {
        context.store.receive(inlet.scope, intake).await?;
        asked(&context, inlet.scope, &endpoints, now);
        context.listeners.tell(inlet.source.environment, inlet.source.app);
        Ok(())
    });
    match step.await {
        Ok(()) => Ok(replayed),
        Err(AcceptError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(AcceptError::Store(error)) => Err(error.into()),
        Err(AcceptError::NoApp | AcceptError::EventIdTaken) => Err(access::Error::Missing("source").into()),
    }
}

/// Wakes the lanes, even paused ones: a person waits.
pub(super) fn asked(
    context: &Context,
    scope: AppScope,
    endpoints: &[EndpointId],
    now: postrider_core::time::Timestamp,
) {
    for endpoint in endpoints {
        context.lanes.asked(scope.app(), *endpoint, now);
    }
}
