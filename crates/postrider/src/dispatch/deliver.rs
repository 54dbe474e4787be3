//! One attempt: sign, send, and say what came of it.

mod headers;
mod tried;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use postrider_core::attempt::{Attempt, FailureClass};
use postrider_core::delivery::Work;
use postrider_core::id::AttemptId;
use postrider_core::retry::{self, Schedule, Verdict};
use postrider_core::scope::SystemScope;
use postrider_core::time::Timestamp;
use postrider_egress::{Client, Request};
use postrider_store::{Settlement, Then};

pub(super) use self::tried::Tried;
use super::exec;
use super::lanes::{Event, Lanes};
use super::scheduler::{Ended, Outcome};
use super::settle::Settler;
use crate::context::Context;
use crate::directory::Destination;

/// Carries deliveries to their endpoints.
pub(super) struct Courier {
    context: Context,
    client: Arc<Client>,
    settler: Settler,
    timeout: Duration,
    arrived: metrics::Counter,
    failed: metrics::Counter,
    seconds: metrics::Histogram,
}

/// A slot of the scheduler. Its lane is told that the attempt has ended when this is dropped, however that comes about.
struct Slot<'a> {
    lanes: &'a Lanes,
    ended: Ended,
}

impl Courier {
    pub(super) fn new(context: Context, client: Arc<Client>, settler: Settler, timeout: Duration) -> Self {
        Self {
            context,
            client,
            settler,
            timeout,
            arrived: metrics::counter!("postrider_attempts_total", "result" => "arrived"),
            failed: metrics::counter!("postrider_attempts_total", "result" => "failed"),
            seconds: metrics::histogram!("postrider_attempt_seconds"),
        }
    }

    /// Attempts a delivery. Whatever happens, its lane is told, and its outcome goes to be settled first; a panic is
    /// our fault and never the endpoint's. While this node may be taken for dead nothing is sent: another one may be
    /// doing so.
    pub(super) async fn deliver(self: Arc<Self>, work: Work, destination: Arc<Destination>) {
        let started = self.context.now();
        let mut slot = Slot::taken(&self.context.lanes, &work, started);
        if !self.context.lanes.cluster().in_lease() {
            return self.settler.release(&[work]);
        }
        let tried = match contained(self.attempt(&work, &destination, started)).await {
            Some(Some(tried)) => tried,
            // We stopped before there was an outcome: it is no attempt.
            Some(None) => return self.settler.release(&[work]),
            None => Tried::through_our_fault(0),
        };
        let status_code = tried.status_code;
        // What a person has made by hand says nothing of how the endpoint fares.
        slot.ended.result = if is_edited(&work) { Outcome::Internal } else { tried.outcome() };
        if tried.arrived() { &self.arrived } else { &self.failed }.increment(1);
        self.seconds.record(tried.timings.total.as_secs_f64());

        let settlement = match contained(self.judge(&work, &destination, tried, started)).await {
            Some(settlement) => Some(settlement),
            None => contained(async { self.make_do(&work, &destination, status_code, started) }).await,
        };
        if let Some(settlement) = settlement {
            self.settler.attempted(settlement);
        } else {
            metrics::counter!("postrider_dispatch_left_out_total").increment(1);
            tracing::error!(
                message = %work.message.id, endpoint = %work.endpoint, status_code,
                "failed to say what follows from an attempt: the delivery is attempted anew after a restart"
            );
        }
    }

    /// `None` when we stopped before there was an outcome.
    async fn attempt(&self, work: &Work, destination: &Destination, now: Timestamp) -> Option<Tried> {
        match postrider_core::exec::name_of(&destination.endpoint.url) {
            Some(command) => exec::attempt(&self.context, command, work, destination).await,
            None => Some(self.send(work, destination, now).await),
        }
    }

    async fn send(&self, work: &Work, destination: &Destination, now: Timestamp) -> Tried {
        let target = match &destination.target {
            Ok(target) => target,
            Err(refused) => return Tried::failed(FailureClass::Blocked, &refused.to_string()),
        };
        let Some(payload) = &work.message.payload else {
            return Tried::failed(FailureClass::Internal, "the payload is gone");
        };
        let headers = headers::of_request(work, destination, &payload.body, now);
        // An endpoint's own headers are sealed at rest: a record of what was sent must not lay them open.
        let request_headers =
            headers::lines(&headers, usize::MAX, |name| destination.headers.contains_key(name));
        let exchange = self
            .client
            .send(Request {
                partition: work.app.row() as u64,
                target,
                headers,
                body: payload.body.clone(),
                deadline: destination.endpoint.timeout.unwrap_or(self.timeout),
            })
            .await;
        Tried::from_exchange(exchange, request_headers, self.context.now())
    }

    /// Decides what becomes of the delivery, and writes the attempt down.
    async fn judge(&self, work: &Work, destination: &Destination, tried: Tried, at: Timestamp) -> Settlement {
        let then = if tried.arrived() { Then::Succeeded } else { self.next(work, destination, &tried).await };
        self.write_down(work, destination, tried, at, then)
    }

    /// As [`Courier::judge`], with as little as can be done: for when that has failed through our fault.
    fn make_do(&self, work: &Work, destination: &Destination, status_code: u16, at: Timestamp) -> Settlement {
        let tried = Tried::through_our_fault(status_code);
        let then = self.follows(work, &tried, &destination.environment.settings.retry_schedule);
        self.write_down(work, destination, tried, at, then)
    }

    fn write_down(
        &self,
        work: &Work,
        destination: &Destination,
        tried: Tried,
        at: Timestamp,
        then: Then,
    ) -> Settlement {
        let attempt = Attempt {
            id: AttemptId::make(&self.context.ids, &*self.context.clock, &*self.context.rng),
            message: work.message.id,
            endpoint: work.endpoint,
            number: work.attempts + 1,
            at,
            trigger: work.trigger,
            succeeded: tried.arrived(),
            status_code: tried.status_code,
            failure: tried.failure,
            url: destination.endpoint.url.clone(),
            remote: tried.remote,
            timings: tried.timings,
            request_headers: tried.request_headers,
            response_headers: tried.response_headers,
            response: Some(tried.response),
        };
        Settlement {
            attempt,
            app: work.app,
            event_type: work.message.event_type.clone(),
            counted: !is_edited(work),
            then,
        }
    }

    async fn next(&self, work: &Work, destination: &Destination, tried: &Tried) -> Then {
        let lookup = SystemScope::assume().environment(destination.environment.id).lookup();
        // A schedule that cannot be read now is no reason to lose the outcome: the environment's takes its place.
        let event_type = match &destination.endpoint.retry_schedule {
            Some(_) => None,
            None => self.context.directory.event_type(lookup, &work.message.event_type).await.ok().flatten(),
        };
        let schedule = destination
            .endpoint
            .retry_schedule
            .as_ref()
            .or_else(|| event_type.as_ref()?.retry_schedule.as_ref())
            .unwrap_or(&destination.environment.settings.retry_schedule);
        self.follows(work, tried, schedule)
    }

    fn follows(&self, work: &Work, tried: &Tried, schedule: &Schedule) -> Then {
        let ended = retry::Ended {
            status_code: tried.status_code,
            retry_after: tried.retry_after,
            counted: (work.attempts + 1).saturating_sub(work.uncounted),
            ordered: work.ordered,
        };
        match retry::verdict(schedule, &ended, self.context.now(), &*self.context.rng) {
            Verdict::Succeeded => Then::Succeeded,
            // A person looks at what came of it, and sends it again if they want to.
            Verdict::Retry { .. } | Verdict::Gone { .. } if is_edited(work) => Then::Failed,
            Verdict::Retry { at } | Verdict::Gone { retry: Some(at) } => Then::Waiting { due: at },
            Verdict::Failed | Verdict::Gone { retry: None } => Then::Failed,
        }
    }
}

/// Whether it is somebody's test: attempted once, and counted nowhere.
fn is_edited(work: &Work) -> bool {
    work.message.edited_of.is_some()
}

impl<'a> Slot<'a> {
    fn taken(lanes: &'a Lanes, work: &Work, started: Timestamp) -> Self {
        let (endpoint, size) = (work.endpoint, work.payload_len());
        Self { lanes, ended: Ended { endpoint, size, started, result: Outcome::Internal } }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.lanes.tell(Event::Ended(self.ended));
    }
}

/// What `act` gives; `None` when it panics. Not an `async fn`, which would keep room for `act` twice.
fn contained<T>(act: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    AssertUnwindSafe(act).catch_unwind().map(Result::ok)
}

#[cfg(test)]
mod tests;
