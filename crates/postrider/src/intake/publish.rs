//! Accepting one message.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::attempt::Trigger;
use postrider_core::delivery::Work;
use postrider_core::endpoint::Ordering;
use postrider_core::environment::UnknownEventTypes;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::route;
use postrider_core::time::Timestamp;
use postrider_store::accept::{FIFO, order_of_key};
use postrider_store::{
    AcceptError, Acceptance, Answer, Error as StoreError, Idempotency, NewDelivery, Placement, Repeat,
};

use super::seen_through::SeenThrough;
use crate::context::Context;
use crate::directory::Route;
use crate::dispatch::Room;

/// What a caller publishes, validated.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The name of the event type.
    pub event_type: String,
    /// The caller's own id for the event.
    pub event_id: Option<String>,
    /// Its channels.
    pub channels: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Messages with the same key keep their order.
    pub ordering_key: Option<String>,
    /// Not before this time.
    pub deliver_at: Option<Timestamp>,
    /// When the payload is dropped.
    pub expire_at: Option<Timestamp>,
    /// What is delivered.
    pub payload: Payload,
    /// Who gets it.
    pub recipients: Recipients,
}

/// Who gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipients {
    /// Every endpoint that wants such messages.
    Interested,
    /// This endpoint of the application alone, whatever it wants: a person asked for it.
    Only(EndpointId),
}

/// An idempotency key, hashed.
#[derive(Debug, Clone, Copy)]
pub struct Remember {
    /// Hash of who asked, where, and under which key.
    pub key: [u8; 32],
    /// Hash of the request's body.
    pub request: [u8; 32],
}

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The application was deleted meanwhile.
    #[error("there is no such application")]
    NoApp,
    /// The environment refuses event types that it does not know.
    #[error("the event type does not exist")]
    UnknownEventType,
    /// The application publishes faster than it may.
    #[error("the application publishes too fast")]
    TooFast {
        /// After which time it may publish again.
        retry_after: Duration,
    },
    /// The application has a message with this event id.
    #[error("the event id is taken")]
    EventIdTaken,
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Accepts a message for the application of `route`: durable when this returns `Ok`.
pub async fn publish(
    context: &Context,
    route: &Arc<Route>,
    publication: Publication,
    remember: Option<Remember>,
) -> Result<Arc<Message>, PublishError> {
    let now = || context.now();
    context.rates.take(route.app.id, now).map_err(|retry_after| PublishError::TooFast { retry_after })?;
    if route.environment.settings.unknown_event_types == UnknownEventTypes::Refuse
        && context.directory.event_type(route.lookup(), &publication.event_type).await?.is_none()
    {
        return Err(PublishError::UnknownEventType);
    }
    // Once the store has it, the deliveries must reach their lanes even if the caller hangs up.
    SeenThrough::new(accept(Arc::clone(context), Arc::clone(route), publication, remember)).await
}

async fn accept(
    context: Context,
    route: Arc<Route>,
    publication: Publication,
    remember: Option<Remember>,
) -> Result<Arc<Message>, PublishError> {
    let (now, recipients) = (context.now(), publication.recipients);
    let id = MessageId::make(&context.ids, &*context.clock, &*context.rng);
    let message = Message {
        id,
        app: route.app.id,
        event_type: publication.event_type,
        event_id: publication.event_id,
        channels: publication.channels,
        tags: publication.tags,
        ordering_key: publication.ordering_key,
        deliver_at: publication.deliver_at.filter(|at| *at > now),
        expire_at: publication.expire_at,
        edited_of: None,
        payload: Some(publication.payload),
    };
    let (trigger, (deliveries, room)) = match recipients {
        Recipients::Interested => (Trigger::Scheduled, plan(&context, &route, &message, &[])),
        Recipients::Only(endpoint) => (Trigger::Manual, (vec![asked_for(endpoint)], context.lanes.room(0))),
    };
    let idempotency = remember.map(|remember| Idempotency {
        key: remember.key,
        request: remember.request,
        status: 202,
        answer: Answer::Message(id),
        now,
    });
    let acceptance =
        Acceptance { message: message.clone(), deliveries: deliveries.clone(), trigger, now, idempotency };
    let accepted = context.store.accept(route.scope, acceptance).await.map_err(PublishError::from)?;

    let message = Arc::new(message);
    let planned = Planned { message: Arc::clone(&message), deliveries, room, trigger, now };
    hand_over(&context, planned, accepted.placements);
    Ok(message)
}

/// A message that the store has, and what was planned for it.
pub(super) struct Planned {
    pub(super) message: Arc<Message>,
    pub(super) deliveries: Vec<NewDelivery>,
    pub(super) room: Room,
    pub(super) trigger: Trigger,
    /// When it was accepted.
    pub(super) now: Timestamp,
}

/// Hands the deliveries of a message to their lanes, as the store has placed them.
pub(super) fn hand_over(context: &Context, planned: Planned, placements: Vec<Placement>) {
    let Planned { message, deliveries, mut room, trigger, now } = planned;
    let app = message.app;
    for (delivery, placement) in deliveries.iter().zip(placements) {
        match placement {
            Placement::Held => room.deliver(Work {
                app,
                endpoint: delivery.endpoint,
                message: Arc::clone(&message),
                attempts: 0,
                uncounted: 0,
                trigger,
                ordered: delivery.order.is_some(),
                due: now,
            }),
            Placement::Waiting { due } if trigger == Trigger::Manual => {
                context.lanes.asked(app, delivery.endpoint, due);
            }
            Placement::Waiting { due } => context.lanes.waiting(app, delivery.endpoint, due),
            Placement::Parked => {}
        }
    }
}

/// The deliveries that `message` gets, and the places reserved for them in their lanes' memory. The endpoints in
/// `left_out`, which is sorted, get none.
pub(super) fn plan(
    context: &Context,
    route: &Route,
    message: &Message,
    left_out: &[EndpointId],
) -> (Vec<NewDelivery>, Room) {
    let key_order = message.ordering_key.as_deref().map(order_of_key);
    let size = message.payload.as_ref().map_or(0, |payload| payload.body.len());
    let mut room = context.lanes.room(size);
    let deliveries = route
        .destinations
        .iter()
        .filter(|destination| route::wants(&destination.endpoint, &message.event_type, &message.channels))
        .filter(|destination| left_out.binary_search(&destination.endpoint.id).is_err())
        .map(|destination| NewDelivery {
            endpoint: destination.endpoint.id,
            hold: message.deliver_at.is_none() && room.reserve(destination.endpoint.id),
            order: match destination.endpoint.ordering {
                Ordering::Fifo => Some(FIFO),
                Ordering::None => key_order,
            },
        })
        .collect();
    (deliveries, room)
}

/// A delivery outside any order that waits in the store, from where its lane takes it even when it is paused.
fn asked_for(endpoint: EndpointId) -> NewDelivery {
    NewDelivery { endpoint, hold: false, order: None }
}

impl From<AcceptError> for PublishError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::NoApp => Self::NoApp,
            AcceptError::EventIdTaken => Self::EventIdTaken,
            AcceptError::Repeated(repeat) => Self::Repeated(repeat),
            AcceptError::Store(error) => Self::Store(error),
        }
    }
}
