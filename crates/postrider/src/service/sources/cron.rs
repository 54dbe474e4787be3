//! Schedules: a source that publishes by itself.
//!
//! A schedule has five fields in the manner of cron (minute, hour, day of the month, month, day of the week), in UTC.
//! When it is due next is stored with the source, and moved on in the commit that makes the message: of several nodes
//! that see it come, one fires. Due times that passed while nothing ran are one firing.

use std::sync::Arc;

use bytes::Bytes;
use postrider_core::filter::{Budget, Filters};
use postrider_core::message::{Payload, Raw};
use postrider_core::names::Invalid;
use postrider_core::reception::{self, Detail, Octets, Received, Reception, Sameness, Standing};
use postrider_core::schedule::Schedule;
use postrider_core::scope::SystemScope;
use postrider_core::source::Source;
use postrider_core::time::Timestamp;
use postrider_store::{AcceptError, Error, Firing};

use crate::context::Context;
use crate::intake::{self, Arriving};

/// The event type of what a schedule publishes.
const EVENT_TYPE: &str = "cron.fired";
/// Sources that fire in one round.
const AT_ONCE: usize = 100;

/// The schedule that `text` is.
pub(super) fn parse(text: &str) -> Result<Schedule, Invalid> {
    text.parse()
        .map_err(|invalid: postrider_core::schedule::InvalidSchedule| Invalid::value(invalid.to_string()))
}

/// When the source is due next after `now`; `None` unless it has a schedule that is ever due.
pub(super) fn next(source: &Source, now: Timestamp) -> Option<Timestamp> {
    next_after(&source.settings.cron.as_ref()?.schedule, now)
}

/// When a schedule is due next after `now`; `None` for text that is none.
#[must_use]
pub fn next_after(schedule: &str, now: Timestamp) -> Option<Timestamp> {
    parse(schedule).ok()?.next_after(now)
}

/// Fires all that is due, a round of them; whether there may be more.
pub async fn fire_due(context: &Context) -> Result<bool, Error> {
    let due = context.store.firings(SystemScope::assume(), context.now(), AT_ONCE).await?;
    let more = due.len() == AT_ONCE;
    for (app, due) in due {
        let Some(source) = context.store.source_by_app(SystemScope::assume(), app).await? else { continue };
        fire(context, &source, due).await?;
    }
    Ok(more)
}

async fn fire(context: &Context, source: &Source, due: Timestamp) -> Result<(), Error> {
    let (Some(cron), Some(route)) = (&source.settings.cron, context.directory.route(source.app).await?)
    else {
        return Ok(());
    };
    let body = Bytes::from(cron.payload.clone().into_bytes());
    let headers = vec![("content-type".to_owned(), cron.content_type().to_owned())];
    // What it publishes has no request; filters see the payload and its content type.
    let of_content = (headers[0].0.clone(), Octets(Bytes::from(headers[0].1.clone())));
    let request = Received {
        method: String::new(),
        tail: String::new(),
        query: None,
        headers: vec![of_content],
        remote: None,
    };
    let left_out = match Filters::of(&source.settings) {
        Ok(filters) => filters.left_out(&request, &body, &Budget::default()),
        // They were good when they were set. Now nobody can say what they let through.
        Err(_) => source.settings.filters.keys().copied().collect(),
    };
    let detail = Detail { left_out, ..Detail::default() };
    let arriving = Arriving {
        event_type: EVENT_TYPE.to_owned(),
        reception: Reception {
            standing: Standing::Verified,
            body_hash: reception::hash(&body),
            duplicate_of: None,
            detail,
        },
        payload: Payload { body, raw: Some(Raw { headers, as_it_came: false }) },
        sameness: Sameness::of_id(&due.to_string()),
    };
    let firing = Firing { due, next: next(source, context.now()) };
    match intake::receive(context, &Arc::clone(&route), vec![arriving], Some(firing)).await {
        Ok(arrived) => {
            metrics::counter!("postrider_cron_firings_total").increment(arrived.len() as u64);
            context.listeners.tell(source.environment, source.app);
            Ok(())
        }
        Err(AcceptError::Store(error)) => Err(error),
        // It was deleted meanwhile.
        Err(AcceptError::NoApp | AcceptError::EventIdTaken | AcceptError::Repeated(_)) => Ok(()),
    }
}
