//! One delivery, with everything there is to know of it: for whoever looks into it.
//!
//! What was withheld when an attempt was recorded is not here either. Signing keys are, in the endpoint: a face shows
//! them only to those who have the right.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::attempt::{Attempt, Trigger};
use postrider_core::delivery::{Delivery, State};
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::limits;
use postrider_core::message::Message;
use postrider_core::retry::Schedule;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::time::Timestamp;
use postrider_store::{AttemptFilter, Page};

use super::access::{self, Owner};
use crate::context::Context;
use crate::directory::Route;

/// Attempts that are read, newest first.
const ATTEMPTS: usize = 100;

/// A delivery and what belongs to it.
pub struct Inspected {
    /// The application, or the hidden one of a source, with its environment.
    pub route: Arc<Route>,
    /// The message, with its payload where that is still there.
    pub message: Message,
    /// The endpoint as it is now.
    pub endpoint: Endpoint,
    /// Where the delivery stands.
    pub delivery: Delivery,
    /// Its attempts, the newest first; at most 100.
    pub attempts: Vec<Attempt>,
    /// Attempts that are to come if none succeeds, the next first. Their times are the schedule's, without the spread
    /// that is added when they are planned, but for the first.
    pub planned: Vec<Timestamp>,
}

impl Inspected {
    /// How many attempts there will have been at most; `None` where they go on until one succeeds.
    #[must_use]
    pub fn attempts_in_all(&self) -> Option<u32> {
        let is_ordered = (self.endpoint.ordering == Ordering::Fifo || self.message.ordering_key.is_some())
            && self.message.edited_of.is_none();
        let planned = u32::try_from(self.planned.len()).unwrap_or(u32::MAX);
        (!is_ordered).then(|| self.delivery.attempts.saturating_add(planned))
    }
}

/// Looks into the delivery of `message` to `endpoint`.
pub async fn delivery(
    context: &Context,
    identity: Identity,
    owner: Owner<'_>,
    message: &Ref<MessageId>,
    endpoint: &Ref<EndpointId>,
) -> Result<Inspected, access::Error> {
    let found = access::app(context, identity, Right::Read, owner).await?;
    let message = access::message(context, found.scope, message, true).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let _turn = access::turn(context, &found).await?;
    let all = Page { limit: limits::APP_ENDPOINTS, edge: None, order: None };
    let listed = context.store.deliveries_by_message(found.scope, message.id, all).await?;
    let delivery = listed.rows.into_iter().find(|delivery| delivery.endpoint == endpoint.id);
    let delivery = delivery.ok_or(access::Error::Missing("delivery"))?;
    let filter =
        AttemptFilter { endpoint: Some(endpoint.id), with_content: true, ..AttemptFilter::default() };
    let newest = Page { limit: ATTEMPTS, edge: None, order: None };
    let attempts = context.store.attempts_by_message(found.scope, message.id, filter, newest).await?.rows;
    let schedule = schedule(context, &found.route, &endpoint, &message).await?;
    let mut planned = planned(&schedule, &delivery, &attempts);
    if message.edited_of.is_some() {
        // It is attempted once.
        planned.truncate(1);
    }
    Ok(Inspected { route: found.route, message, endpoint, delivery, attempts, planned })
}

/// The endpoint's own schedule, else its event type's, else the environment's: as dispatch chooses.
async fn schedule(
    context: &Context,
    route: &Route,
    endpoint: &Endpoint,
    message: &Message,
) -> Result<Schedule, access::Error> {
    if let Some(schedule) = &endpoint.retry_schedule {
        return Ok(schedule.clone());
    }
    let event_type = context.directory.event_type(route.lookup(), &message.event_type).await?;
    let own = event_type.and_then(|event_type| event_type.retry_schedule.clone());
    Ok(own.unwrap_or_else(|| route.environment.settings.retry_schedule.clone()))
}

/// The next attempt where it is due, and the others as far behind it as the schedule says.
fn planned(schedule: &Schedule, delivery: &Delivery, attempts: &[Attempt]) -> Vec<Timestamp> {
    let (false, Some(due)) = (delivery.state.is_finished() || delivery.state == State::Parked, delivery.due)
    else {
        return Vec::new();
    };
    let by_hand = attempts.iter().filter(|attempt| attempt.trigger == Trigger::Manual).count();
    let counted = (delivery.attempts as usize).saturating_sub(by_hand);
    let later = schedule.waits().get(counted + 1..).unwrap_or_default();
    let mut at = due;
    let mut times = vec![due];
    for wait in later {
        at = at.after(*wait);
        times.push(at);
    }
    times
}
