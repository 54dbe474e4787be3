//! Accepting what a source received: one message, or those of a batch.
//!
//! As [`publish`](super::publish) does, with what is known of each message beside it, all in one commit. A repetition is
//! kept and goes nowhere; that is for the store to say, since only it sees all requests.

use std::sync::Arc;

use postrider_core::attempt::Trigger;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::limits::{DUPLICATE_WINDOW, LEFT_OUT};
use postrider_core::message::{Message, Payload};
use postrider_core::reception::{Reception, Sameness};
use postrider_core::route;
use postrider_store::{AcceptError, Acceptance, Arrival, Firing, Intake};

use super::publish::{Planned, hand_over, plan};
use super::seen_through::SeenThrough;
use crate::context::Context;
use crate::directory::Route;

/// One message of what was received.
#[derive(Debug, Clone)]
pub struct Arriving {
    /// The name of its event type.
    pub event_type: String,
    /// What is delivered.
    pub payload: Payload,
    /// What is known of it. The endpoints that it names as left out, sorted, get no delivery.
    pub reception: Reception,
    /// What it has in common with its repetitions.
    pub sameness: Sameness,
}

/// What became of an [`Arriving`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Its message.
    pub message: MessageId,
    /// The message that it repeats.
    pub duplicate_of: Option<MessageId>,
}

/// Accepts all of it for the hidden application of `route`: durable when this returns `Ok`. Nothing where `firing` was
/// another node's.
pub async fn receive(
    context: &Context,
    route: &Arc<Route>,
    arriving: Vec<Arriving>,
    firing: Option<Firing>,
) -> Result<Vec<Arrived>, AcceptError> {
    // Once the store has it, the deliveries must reach their lanes even if the provider hangs up.
    SeenThrough::new(accept(Arc::clone(context), Arc::clone(route), arriving, firing)).await
}

async fn accept(
    context: Context,
    route: Arc<Route>,
    arriving: Vec<Arriving>,
    firing: Option<Firing>,
) -> Result<Vec<Arrived>, AcceptError> {
    let now = context.now();
    let (mut arrivals, mut plans) = (Vec::with_capacity(arriving.len()), Vec::with_capacity(arriving.len()));
    let mut first = None;
    for Arriving { event_type, payload, mut reception, sameness } in arriving {
        let id = MessageId::make(&context.ids, &*context.clock, &*context.rng);
        match first {
            None => first = Some(id),
            Some(first) => reception.detail.batch = Some(first),
        }
        let message = Message {
            id,
            app: route.app.id,
            event_type,
            event_id: None,
            channels: Vec::new(),
            tags: Vec::new(),
            ordering_key: None,
            deliver_at: None,
            expire_at: None,
            edited_of: None,
            payload: Some(payload),
        };
        let (deliveries, room) = plan(&context, &route, &message, &reception.detail.left_out);
        keep_the_wanting(&mut reception.detail.left_out, &route, &message);
        let acceptance = Acceptance {
            message: message.clone(),
            deliveries: deliveries.clone(),
            trigger: Trigger::Scheduled,
            now,
            idempotency: None,
        };
        arrivals.push(Arrival { acceptance, reception, sameness });
        plans.push((Arc::new(message), deliveries, room));
    }
    let intake = Intake { arrivals, since: now.before(DUPLICATE_WINDOW), firing };
    let taken = context.store.receive(route.scope, intake).await?;

    let mut arrived = Vec::with_capacity(taken.len());
    for ((message, deliveries, room), taken) in plans.into_iter().zip(taken) {
        let id = message.id;
        let planned = Planned { message, deliveries, room, trigger: Trigger::Scheduled, now };
        hand_over(&context, planned, taken.accepted.placements);
        arrived.push(Arrived { message: id, duplicate_of: taken.duplicate_of });
    }
    Ok(arrived)
}

/// Of the endpoints that were left out, those that would have got the message, as many as are kept.
fn keep_the_wanting(left_out: &mut Vec<EndpointId>, of: &Route, message: &Message) {
    let wants = |id: &EndpointId| {
        let mut all = of.destinations.iter().map(|destination| &destination.endpoint);
        all.any(|endpoint| endpoint.id == *id && route::wants(endpoint, &message.event_type, &[]))
    };
    if !left_out.is_empty() {
        *left_out = left_out.iter().copied().filter(wants).take(LEFT_OUT).collect();
    }
}
