//! A request comes to a source.
//!
//! What happens, in this order: it is checked, at the time when it came; a handshake is answered and forgotten; what
//! fails is refused in the provider's way and kept for people to look at; the rest becomes messages, durable before the
//! provider hears the answer that it expects.
//!
//! A refusal is for the provider's mistakes. Where the trouble is ours the answer is an error, which a face turns into
//! one that the provider tries again.

use std::sync::Arc;

use bytes::Bytes;
use postrider_core::filter::Budget;
use postrider_core::inbound::{
    Answer, Check, Effect, Fetched, Item, MAX_FETCHES, Preset, Reason, Reply, Request, Verdict, Verifier,
};
use postrider_core::limits;
use postrider_core::message::{Payload, Raw};
use postrider_core::reception::{self, Detail, Received, Reception, Sameness, Standing};
use postrider_core::source::Forward;
use postrider_core::time::Timestamp;
use postrider_store::{AcceptError, Error as StoreError};

use super::forward;
use super::inlets::Inlet;
use super::refusals::{self, Refused};
use super::write;
use crate::context::Context;
use crate::intake::{self, Arriving};
use crate::service::listen;

/// The event type of what says nothing of its type.
const UNNAMED: &str = "webhook.received";
/// What a request that came so often through servers like this one is: a loop.
const HOPS_MAX: u32 = 8;

/// A request, read to its end.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// All but its body and the token.
    pub received: Received,
    /// Its URL as the provider knows it: the configured public one, and path and query as they came.
    pub url: String,
    /// Its body.
    pub body: Bytes,
}

/// What is to be answered.
#[derive(Debug)]
pub enum Outcome {
    /// It is no event: a challenge, a ping, a method that carries none.
    Handshake(Reply),
    /// It is durable.
    Taken(Reply),
    /// It is refused.
    Refused(Reply),
    /// It has come through servers like this one too often.
    Loop,
}

/// Our own trouble. The provider should try again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source is gone, or being deleted.
    #[error("there is no such source")]
    Gone,
    /// The check could not be done.
    #[error("check the request: {0}")]
    Unchecked(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers a request to the source of `inlet`. What is taken is durable when this returns.
pub async fn receive(context: &Context, inlet: &Arc<Inlet>, incoming: Incoming) -> Result<Outcome, Error> {
    let hops = forward::hops(&incoming.received.headers);
    if hops >= HOPS_MAX {
        return Ok(Outcome::Loop);
    }
    if let Some(broken) = &inlet.broken {
        return Err(Error::Unchecked(broken.clone()));
    }
    let headers: Vec<(&[u8], &[u8])> =
        incoming.received.headers.iter().map(|(name, value)| (name.as_bytes(), &value.0[..])).collect();
    let request = Request {
        method: &incoming.received.method,
        url: &incoming.url,
        headers: &headers,
        body: &incoming.body,
    };
    let now = context.now();
    let Some(verifier) = &inlet.verifier else { return unchecked(context, inlet, &incoming, hops).await };
    let verdict = check(context, inlet, verifier, &request, now).await;
    note_skew(&verdict, now);
    let awaiting = inlet.source.settings.awaits_handshake;
    if let Some(answer) = verifier.handshake(&request, &verdict, awaiting) {
        return shake(context, inlet, &incoming, answer).await;
    }
    let preset = verifier.preset();
    let standing = match takes(inlet, &verdict) {
        Ok(standing) => standing,
        Err(reason @ (Reason::KeyFetch { .. } | Reason::KeyUnusable { .. })) => {
            return Err(Error::Unchecked(reason.to_string()));
        }
        Err(reason) => {
            refusals::keep(context, inlet, &incoming, Refused::of(&reason));
            return Ok(Outcome::Refused(preset.refusal(&reason)));
        }
    };
    let found = Found { standing, verdict: &verdict, hops, budget: Budget::default() };
    let arriving = messages(inlet, &incoming, Some((preset, &request)), &found);
    let answer = take(context, inlet, arriving).await?;
    Ok(Outcome::Taken(answer.unwrap_or_else(|| preset.ack(&request))))
}

/// What was found out about a request.
struct Found<'a> {
    standing: Standing,
    verdict: &'a Verdict,
    hops: u32,
    /// What filters may still look at.
    budget: Budget,
}

/// Checks a request, with the keys that the provider publishes where it asks for them.
async fn check(
    context: &Context,
    inlet: &Inlet,
    verifier: &Verifier,
    request: &Request<'_>,
    now: Timestamp,
) -> Verdict {
    let app = inlet.source.app;
    let (mut fetched, mut last) = (Fetched::none(), None);
    for _ in 0..=MAX_FETCHES {
        match verifier.check(request, now, &fetched) {
            Check::Done(Verdict::Failed(Reason::UnknownKey { .. }))
                if last.take().is_some_and(|key| context.keys.outgrown(app, &key, now)) =>
            {
                fetched = Fetched::none();
            }
            Check::Done(verdict) => {
                if let (Verdict::Failed(Reason::KeyUnusable { .. }), Some(key)) = (&verdict, &last) {
                    context.keys.spoilt(app, key, now);
                }
                return verdict;
            }
            Check::NeedsKey(key) => {
                context.keys.fetch(app, &key, &mut fetched, now).await;
                last = Some(key);
            }
        }
    }
    Verdict::Failed(Reason::KeyFetch { url: String::new(), why: "too many keys are asked for".to_owned() })
}

/// Whether the source takes a request with this verdict, and how it stands then.
fn takes(inlet: &Inlet, verdict: &Verdict) -> Result<Standing, Reason> {
    let settings = &inlet.source.settings;
    // Without a secret nobody has asked for a check, unless the secret is still to come.
    let nothing_to_check = inlet.source.private.credentials.is_empty() && !settings.awaits_handshake;
    match verdict {
        Verdict::Verified(_) => Ok(Standing::Verified),
        Verdict::Authenticated(_) => Ok(Standing::Authenticated),
        Verdict::Failed(_) if settings.accept_unverified => Ok(Standing::Failed),
        Verdict::Failed(reason) => Err(reason.clone()),
        Verdict::Unverified if settings.accept_unverified || nothing_to_check => Ok(Standing::Unverified),
        Verdict::Unverified => Err(Reason::NoMatch { secrets: 0 }),
    }
}

/// A source without a preset takes what can be an event, from anybody who knows its address.
async fn unchecked(
    context: &Context,
    inlet: &Arc<Inlet>,
    incoming: &Incoming,
    hops: u32,
) -> Result<Outcome, Error> {
    let plain = |status| Reply { status, content_type: None, headers: Vec::new(), body: Vec::new() };
    match incoming.received.method.as_str() {
        "POST" | "PUT" | "PATCH" | "DELETE" => {}
        "GET" | "HEAD" => return Ok(Outcome::Handshake(plain(200))),
        _ => return Ok(Outcome::Handshake(plain(405))),
    }
    let found = Found {
        standing: Standing::Unverified,
        verdict: &Verdict::Unverified,
        hops,
        budget: Budget::default(),
    };
    let arriving = messages(inlet, incoming, None, &found);
    let answer = take(context, inlet, arriving).await?;
    Ok(Outcome::Taken(answer.unwrap_or_else(|| plain(200))))
}

/// Does what a handshake asks for before it is answered.
async fn shake(
    context: &Context,
    inlet: &Arc<Inlet>,
    incoming: &Incoming,
    answer: Answer,
) -> Result<Outcome, Error> {
    match answer.effect {
        None => {}
        Some(Effect::LearnSecret(secret)) => write::learn(context, inlet, &secret).await?,
        // A person follows the link, which is kept with the request.
        Some(Effect::ConfirmSubscription { url }) => {
            let reason = format!("the provider asks to confirm the subscription: open {url}");
            refusals::keep(context, inlet, incoming, Refused { code: "confirm_subscription", reason });
        }
    }
    Ok(Outcome::Handshake(answer.reply))
}

/// The messages that a request becomes: one, or one for each item of a batch.
fn messages(
    inlet: &Inlet,
    incoming: &Incoming,
    known: Option<(&Arc<Preset>, &Request<'_>)>,
    found: &Found<'_>,
) -> Vec<Arriving> {
    let event_type = known.and_then(|(preset, request)| preset.event_type(request));
    let event_id = known.and_then(|(preset, request)| preset.event_id(request));
    let items = known
        .filter(|_| inlet.source.settings.split)
        .and_then(|(preset, _)| preset.split(&incoming.body))
        .filter(|items| (1..=limits::BATCH_ITEMS).contains(&items.len()));
    let Some(items) = items else {
        let event_type = named(event_type.as_deref());
        return vec![arriving(inlet, incoming, incoming.body.clone(), (event_type, event_id), found, true)];
    };
    let of_item = |(index, item): (usize, Item<'_>)| {
        let body = incoming.body.slice_ref(item.body);
        let event_type = named(item.event_type.as_deref().or(event_type.as_deref()));
        arriving(inlet, incoming, body, (event_type, item.event_id), found, index == 0)
    };
    items.into_iter().enumerate().map(of_item).collect()
}

fn arriving(
    inlet: &Inlet,
    incoming: &Incoming,
    body: Bytes,
    (event_type, event_id): (String, Option<String>),
    found: &Found<'_>,
    is_first: bool,
) -> Arriving {
    let Incoming { received, .. } = incoming;
    let body_hash = reception::hash(&body);
    let sameness = if let Some(event_id) = &event_id {
        Sameness::of_id(event_id)
    } else {
        let query = received.query.as_deref().unwrap_or_default();
        let what = format!("{event_type} {} {}?{query}", received.method, received.tail);
        Sameness::of_body(&body_hash, &what)
    };
    let (reason, secret) = match found.verdict {
        Verdict::Failed(reason) => (Some(reason.to_string()), None),
        Verdict::Verified(proof) | Verdict::Authenticated(proof) => (None, proof.secret),
        Verdict::Unverified => (None, None),
    };
    let request = is_first.then(|| received.clone());
    let left_out = inlet.filters.left_out(received, &body, &found.budget);
    let detail = Detail { request, reason, secret, event_id, left_out, ..Detail::default() };
    let raw = match inlet.source.settings.forward {
        Forward::AsItCame => {
            Raw { headers: forward::as_it_came(&received.headers, found.hops), as_it_came: true }
        }
        Forward::Resigned => {
            Raw { headers: forward::resigned(&received.headers, found.hops), as_it_came: false }
        }
    };
    Arriving {
        event_type,
        payload: Payload { body, raw: Some(raw) },
        reception: Reception { standing: found.standing, body_hash, duplicate_of: None, detail },
        sameness,
    }
}

/// An event type in the alphabet that filters can name: everything else becomes a dot.
pub(in crate::service) fn named(event_type: Option<&str>) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '.' };
    let name: String = event_type.unwrap_or_default().chars().take(limits::NAME_CHARS).map(plain).collect();
    if name.bytes().all(|byte| byte == b'.') { UNNAMED.to_owned() } else { name }
}

/// Makes messages of a request, and tells listeners. The answer is one of theirs, where the source lets them answer.
async fn take(context: &Context, inlet: &Inlet, arriving: Vec<Arriving>) -> Result<Option<Reply>, Error> {
    let only = if let [one] = &arriving[..] { Some(one.event_type.clone()) } else { None };
    let route = context.directory.route(inlet.source.app).await?.ok_or(Error::Gone)?;
    let arrived = intake::receive(context, &route, arriving, None).await.map_err(|error| match error {
        AcceptError::Store(error) => Error::Store(error),
        AcceptError::NoApp | AcceptError::EventIdTaken | AcceptError::Repeated(_) => Error::Gone,
    })?;
    let again = arrived.iter().filter(|arrived| arrived.duplicate_of.is_some()).count();
    metrics::counter!("postrider_received_messages_total").increment(arrived.len() as u64);
    metrics::counter!("postrider_received_duplicates_total").increment(again as u64);
    let received = arrived.first().map(|arrived| arrived.message).zip(only);
    Ok(listen::told(context, &inlet.source, received).await)
}

/// How far the provider's clock, or its queue, is behind ours.
fn note_skew(verdict: &Verdict, now: Timestamp) {
    let (Verdict::Verified(proof) | Verdict::Authenticated(proof)) = verdict else { return };
    if let Some(signed) = proof.timestamp {
        let skew = now.since(signed).max(signed.since(now));
        metrics::histogram!("postrider_received_skew_seconds").record(skew.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_can_be_named_by_filters() {
        for (given, expected) in [
            (Some("invoice.paid"), "invoice.paid"),
            (Some("orders/create"), "orders.create"),
            (Some("zen:event-type:user.created"), "zen.event-type.user.created"),
            (Some(""), UNNAMED),
            (Some("//"), UNNAMED),
            (None, UNNAMED),
        ] {
            assert_eq!(named(given), expected, "{given:?}");
            postrider_core::names::name(&named(given)).unwrap();
        }
        assert_eq!(named(Some(&"é".repeat(300))), UNNAMED);
        assert_eq!(named(Some(&"a".repeat(300))).len(), limits::NAME_CHARS);
    }
}
