//! Requests that were refused are kept for people to look at: a few of each source, and never so many at once that
//! whoever sends them could keep the store busy.

use std::num::NonZeroU32;
use std::sync::Arc;

use postrider_core::id::RefusalId;
use postrider_core::inbound::Reason;
use postrider_core::limits;
use postrider_core::reception::{Refusal, Ring};
use tokio::sync::Semaphore;

use super::inlets::Inlet;
use super::receive::Incoming;
use crate::context::Context;
use crate::intake::Rates;

/// Refusals of one source that are kept a second; the others are only counted.
const A_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");
/// Refusals of all sources that are being written.
const AT_ONCE: usize = 8;
const RING: Ring = Ring { count: limits::REFUSALS, bytes: limits::REFUSAL_BYTES };

/// What bounds the keeping of refusals.
pub struct Refusals {
    rates: Rates,
    places: Arc<Semaphore>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { rates: Rates::new(Some(A_SECOND)), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// Why a request was refused.
pub(super) struct Refused {
    /// A stable word.
    pub(super) code: &'static str,
    /// A sentence.
    pub(super) reason: String,
}

impl Refused {
    pub(super) fn of(reason: &Reason) -> Self {
        Self { code: reason.code(), reason: reason.to_string() }
    }
}

/// Keeps the request if there is room for it. Nobody waits for that: the provider's answer does not depend on it.
pub(super) fn keep(context: &Context, inlet: &Inlet, incoming: &Incoming, refused: Refused) {
    metrics::counter!("postrider_received_refused_total", "reason" => refused.code).increment(1);
    let Refusals { rates, places } = &context.refusals;
    if rates.take(inlet.source.app, || context.now()).is_err() {
        return;
    }
    let Ok(place) = Arc::clone(places).try_acquire_owned() else { return };
    let body = &incoming.body;
    let refusal = Refusal {
        id: RefusalId::make(&context.ids, &*context.clock, &*context.rng),
        at: context.now(),
        request: incoming.received.clone(),
        code: refused.code.to_owned(),
        reason: refused.reason,
        body_bytes: body.len() as u64,
        body: body.slice(..body.len().min(limits::REFUSAL_BODY_BYTES)),
    };
    let (context, scope) = (Arc::clone(context), inlet.scope);
    tokio::spawn(async move {
        if let Err(error) = context.store.refuse(scope, refusal, RING).await {
            tracing::warn!(%error, "failed to keep a refused request");
        }
        drop(place);
    });
}
