//! One attempt: sign, send, and say what came of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use postrider_core::attempt::{Attempt, Failure, FailureClass, Timings};
use postrider_core::delivery::Work;
use postrider_core::environment::SignatureHeaders;
use postrider_core::headers::is_sensitive;
use postrider_core::id::AttemptId;
use postrider_core::retry::{self, Verdict};
use postrider_core::time::Timestamp;
use postrider_core::{limits, retry_after};
use postrider_egress::{Answer, Client, Exchange, Request};
use postrider_store::{Settlement, Then};

use super::lanes::Event;
use super::scheduler::{Ended, Outcome};
use super::settle::Settler;
use crate::context::Context;
use crate::directory::Destination;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("Postrider/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What is recorded instead of a credential.
const WITHHELD: &[u8] = b"(withheld)";

/// The names of one set of signature headers: id, timestamp, signature.
struct Names([HeaderName; 3]);

const WEBHOOK: Names = Names([
    HeaderName::from_static("webhook-id"),
    HeaderName::from_static("webhook-timestamp"),
    HeaderName::from_static("webhook-signature"),
]);
const SVIX: Names = Names([
    HeaderName::from_static("svix-id"),
    HeaderName::from_static("svix-timestamp"),
    HeaderName::from_static("svix-signature"),
]);

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

/// What came of an attempt, before it is judged.
struct Tried {
    status_code: u16,
    failure: Option<Failure>,
    retry_after: Option<Duration>,
    remote: Option<std::net::SocketAddr>,
    timings: Timings,
    request_headers: Bytes,
    response_headers: Bytes,
    response: Bytes,
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

    /// Attempts a delivery. Whatever happens, its outcome goes to be settled and its lane is told; a panic is an
    /// attempt that failed through our fault.
    pub(super) async fn deliver(self: Arc<Self>, work: Work, destination: Arc<Destination>) {
        let started = self.context.now();
        let tried = AssertUnwindSafe(self.attempt(&work, &destination, started))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Tried::failed(FailureClass::Internal, "an error inside Postrider"));
        let result = tried.outcome();
        if result == Outcome::Arrived { &self.arrived } else { &self.failed }.increment(1);
        self.seconds.record(tried.timings.total.as_secs_f64());

        let ended = Ended { endpoint: work.endpoint, size: work.payload_len(), started, result };
        let app = work.app;
        let settlement = self.judge(work, &destination, tried, started).await;
        self.settler.attempted(app, settlement);
        self.context.lanes.tell(Event::Ended(ended));
    }

    async fn attempt(&self, work: &Work, destination: &Destination, now: Timestamp) -> Tried {
        let target = match &destination.target {
            Ok(target) => target,
            Err(refused) => return Tried::failed(FailureClass::Blocked, &refused.to_string()),
        };
        let Some(payload) = &work.message.payload else {
            return Tried::failed(FailureClass::Internal, "the payload is gone");
        };
        let headers = headers(work, destination, &payload.body, now);
        // An endpoint's own headers are sealed at rest: a record of what was sent must not lay them open.
        let request_headers =
            header_lines(&headers, usize::MAX, |name| destination.headers.contains_key(name));
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
    async fn judge(&self, work: Work, destination: &Destination, tried: Tried, at: Timestamp) -> Settlement {
        let number = work.attempts + 1;
        let succeeded = (200..300).contains(&tried.status_code);
        let then = if succeeded { Then::Succeeded } else { self.next(&work, destination, &tried).await };
        let attempt = Attempt {
            id: AttemptId::make(&self.context.ids, &*self.context.clock, &*self.context.rng),
            message: work.message.id,
            endpoint: work.endpoint,
            number,
            at,
            trigger: work.trigger,
            succeeded,
            status_code: tried.status_code,
            failure: tried.failure,
            url: destination.endpoint.url.clone(),
            remote: tried.remote,
            timings: tried.timings,
            request_headers: tried.request_headers,
            response_headers: tried.response_headers,
            response: Some(tried.response),
        };
        Settlement { attempt, then }
    }

    async fn next(&self, work: &Work, destination: &Destination, tried: &Tried) -> Then {
        let lookup =
            postrider_core::scope::SystemScope::assume().environment(destination.environment.id).lookup();
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
        let ended = retry::Ended {
            status_code: tried.status_code,
            retry_after: tried.retry_after,
            counted: (work.attempts + 1).saturating_sub(work.uncounted),
            ordered: work.ordered,
        };
        match retry::verdict(schedule, &ended, self.context.now(), &*self.context.rng) {
            Verdict::Succeeded => Then::Succeeded,
            Verdict::Retry { at } | Verdict::Gone { retry: Some(at) } => Then::Waiting { due: at },
            Verdict::Failed | Verdict::Gone { retry: None } => Then::Failed,
        }
    }
}

fn headers(work: &Work, destination: &Destination, body: &[u8], now: Timestamp) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8 + destination.headers.len());
    headers.insert(USER_AGENT, AGENT);
    headers.insert(CONTENT_TYPE, JSON);
    let id = work.message.id.to_string();
    let signature = destination.signer(now).signature(&id, now.as_seconds(), body);
    let id = HeaderValue::try_from(id).expect("an id is base62");
    let signature = HeaderValue::try_from(signature).expect("a signature is base64");
    let sets: &[&Names] = match destination.environment.settings.signature_headers {
        SignatureHeaders::Webhook => &[&WEBHOOK],
        SignatureHeaders::Svix => &[&SVIX],
        SignatureHeaders::Both => &[&WEBHOOK, &SVIX],
    };
    for Names([id_name, timestamp_name, signature_name]) in sets {
        headers.insert(id_name, id.clone());
        headers.insert(timestamp_name, HeaderValue::from(now.as_seconds()));
        headers.insert(signature_name, signature.clone());
    }
    let raw = work.message.payload.as_ref().and_then(|payload| payload.raw.as_ref());
    for (name, value) in raw.into_iter().flat_map(|raw| &raw.headers) {
        // Checked when the message was accepted.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    for (name, value) in &destination.headers {
        headers.insert(name, value.clone());
    }
    headers
}

/// The lines of `headers`, whole ones up to `max` bytes. What is secret, or may be a credential by its name, is neither
/// kept nor shown.
fn header_lines(headers: &HeaderMap, max: usize, is_secret: impl Fn(&HeaderName) -> bool) -> Bytes {
    let mut lines = BytesMut::with_capacity(headers.len() * 48);
    for (name, value) in headers {
        let withheld = is_sensitive(name.as_str()) || is_secret(name);
        let value = if withheld { WITHHELD } else { value.as_bytes() };
        let length = name.as_str().len() + value.len() + 3;
        if lines.len() + length > max {
            break;
        }
        lines.put_slice(name.as_str().as_bytes());
        lines.put_slice(b": ");
        lines.put_slice(value);
        lines.put_u8(b'\n');
    }
    lines.freeze()
}

impl Tried {
    fn failed(class: FailureClass, sentence: &str) -> Self {
        Self {
            status_code: 0,
            failure: Some(Failure { class, sentence: sentence.to_owned() }),
            retry_after: None,
            remote: None,
            timings: Timings::default(),
            request_headers: Bytes::new(),
            response_headers: Bytes::new(),
            response: Bytes::new(),
        }
    }

    fn from_exchange(exchange: Exchange, request_headers: Bytes, now: Timestamp) -> Self {
        let timings = Timings {
            dns: exchange.timings.dns,
            connect: exchange.timings.connect,
            tls: exchange.timings.tls,
            first_byte: exchange.timings.first_byte,
            total: exchange.timings.total,
        };
        let tried = match exchange.result {
            Ok(answer) => Self::answered(answer, now),
            Err(failure) => Self::failed(class_of(&failure), &failure.to_string()),
        };
        Self { remote: exchange.remote, timings, request_headers, ..tried }
    }

    fn answered(answer: Answer, now: Timestamp) -> Self {
        // Who says two things says nothing.
        let mut asked = answer.headers.get_all(RETRY_AFTER).iter();
        let retry_after = match (asked.next(), asked.next()) {
            (Some(value), None) => retry_after::parse(value.as_bytes(), now),
            _ => None,
        };
        Self {
            status_code: answer.status,
            failure: None,
            retry_after,
            response_headers: header_lines(&answer.headers, limits::RESPONSE_HEADER_BYTES, |_| false),
            response: answer.body,
            ..Self::failed(FailureClass::Internal, "")
        }
    }

    fn outcome(&self) -> Outcome {
        match (self.status_code, self.failure.as_ref().map(|failure| failure.class)) {
            (200..300, _) => Outcome::Arrived,
            (410, _) => Outcome::Gone,
            (0, Some(FailureClass::Internal)) => Outcome::Internal,
            (0, Some(FailureClass::Blocked | FailureClass::TooLarge | FailureClass::Protocol)) => {
                Outcome::Refused
            }
            (0 | 429 | 502..=504, _) => Outcome::Overloaded,
            _ => Outcome::Refused,
        }
    }
}

fn class_of(failure: &postrider_egress::Failure) -> FailureClass {
    use postrider_egress::Failure as F;
    match failure {
        F::Blocked { .. } => FailureClass::Blocked,
        F::Dns { .. } => FailureClass::Dns,
        F::Connect { .. } => FailureClass::Connect,
        F::Tls { .. } => FailureClass::Tls,
        F::Timeout { .. } => FailureClass::Timeout,
        F::TooLarge { .. } => FailureClass::TooLarge,
        F::Protocol { .. } => FailureClass::Protocol,
    }
}
