//! A message that an application published is sent to endpoints again, as it is or changed by hand.
//!
//! Unchanged, it is the same message ([`deliveries::resend`](crate::service::deliveries::resend) to several). Changed, it
//! is a new message of the same type, channels and tags, which names the one that it was made of. It goes to the endpoints
//! that were named and to nobody else, outside of any order, is attempted once, and is in no sum
//! ([`Message::edited_of`]).
//!
//! What it may hold is what could have been published. Deliberately absent: its event id, which is the original's; its
//! ordering key and its time of delivery, since it goes now.

use std::sync::Arc;

use postrider_core::attempt::Trigger;
use postrider_core::id::MessageId;
use postrider_core::message::{Message, Payload, Raw};
use postrider_core::names::Invalid;
use postrider_core::replay::{Sign, Targets};
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::{app::Ref, headers, id::AppId};
use postrider_store::{AcceptError, Acceptance, NewDelivery};
use serde::de::IgnoredAny;

use super::edits::Checked;
use super::one::{Replayed, again, asked};
use super::{Edits, Error, Named};
use crate::context::Context;
use crate::service::access::{self, Found};
use crate::service::fields::InvalidFields;
use crate::service::finish;
use crate::service::messages::json_payload;
use crate::service::once::Once;

/// Sends a message of an application to the endpoints that are named, with these changes: durable when this returns.
pub async fn published(
    context: &Context,
    identity: Identity,
    (app, message): (&Ref<AppId>, &Ref<MessageId>),
    (to, edits): (Named, Edits),
    once: Option<Once<Replayed>>,
) -> Result<Replayed, Error> {
    let found = access::app(context, identity, Right::Send, app).await?;
    let edits = edits.check(Sign::Postrider, context.limits.body_bytes)?;
    if !edits.is_empty() {
        // Whoever says what is in it, signed with the endpoint's key, publishes.
        identity.needs(Right::Publish)?;
    }
    let message = access::message(context, found.scope, message, true).await?;
    let to = to.resolve(context, found.scope).await?;
    if to.endpoints.is_empty() {
        return Err(InvalidFields::one("endpointIds", Invalid::value("must have at least one entry")).into());
    }
    if message.payload.is_none() {
        return Err(Error::NoPayload);
    }
    if edits.is_empty() {
        return again(context, found.scope, message.id, to, once).await;
    }
    context
        .rates
        .take(found.route.app.id, || context.now())
        .map_err(|retry_after| access::Error::TooFast { retry_after })?;
    new(context, found, &message, (to, &edits), once).await
}

/// A new message.
async fn new(
    context: &Context,
    found: Found,
    original: &Message,
    (to, edits): (Targets, &Checked),
    once: Option<Once<Replayed>>,
) -> Result<Replayed, Error> {
    let now = context.now();
    let id = MessageId::make(&context.ids, &*context.clock, &*context.rng);
    let payload = original.payload.as_ref().ok_or(Error::NoPayload)?;
    let message = Message {
        id,
        event_id: None,
        ordering_key: None,
        deliver_at: None,
        edited_of: Some(original.id),
        payload: Some(changed(payload, edits, context.limits.body_bytes)?),
        ..original.clone()
    };
    let replayed = Replayed { message: id, of: original.id, to };
    let delivery = |endpoint: &_| NewDelivery { endpoint: *endpoint, hold: false, order: None };
    let acceptance = Acceptance {
        message,
        deliveries: replayed.to.endpoints.iter().map(delivery).collect(),
        trigger: Trigger::Manual,
        now,
        idempotency: once.map(|once| once.record(&replayed, now)),
    };
    let (context, endpoints) = (Arc::clone(context), replayed.to.endpoints.clone());
    let step = finish(async move {
        context.store.accept(found.scope, acceptance).await?;
        asked(&context, found.scope, &endpoints, now);
        Ok(())
    });
    match step.await {
        Ok(()) => Ok(replayed),
        Err(AcceptError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(AcceptError::Store(error)) => Err(error.into()),
        Err(AcceptError::NoApp | AcceptError::EventIdTaken) => {
            Err(access::Error::Missing("application").into())
        }
    }
}

/// A payload with the changes, as it could have been published. What was a JSON object stays one, unless it gets a content
/// type of its own: endpoints that expect the one would not expect other text.
fn changed(payload: &Payload, edits: &Checked, body_max: usize) -> Result<Payload, InvalidFields> {
    let refused = |at: &str, invalid| InvalidFields::one(at, invalid).under("edits");
    let mut own = payload.raw.clone().unwrap_or_default().headers;
    edits.apply_to_text_headers(&mut own);
    let own = headers::raw_payload(own).map_err(|invalid| refused("headers", invalid))?;
    let body = edits.apply_to_body(&payload.body, super::compose::is_form(&own))?;
    if body.len() > body_max {
        return Err(refused("body", Invalid::too_long(format!("must have at most {body_max} bytes"))));
    }
    if stays_json(payload, own.iter().map(|(name, _)| name.as_str())) {
        json(&body).and_then(|()| json_payload(&body)).map_err(|invalid| refused("body", invalid))?;
    }
    let raw = (payload.raw.is_some() || !own.is_empty()).then_some(Raw { headers: own, as_it_came: false });
    Ok(Payload { body, raw })
}

/// Whether a payload must stay a JSON object with these headers.
pub fn stays_json<'a>(payload: &Payload, mut names: impl Iterator<Item = &'a str>) -> bool {
    let has_type = names.any(|name| name.eq_ignore_ascii_case("content-type"));
    !has_type && json(&payload.body).and_then(|()| json_payload(&payload.body)).is_ok()
}

/// What a parser has seen to where something is published.
fn json(body: &[u8]) -> Result<(), Invalid> {
    let text = std::str::from_utf8(body).map_err(|_| Invalid::value("must be JSON, and so UTF-8"))?;
    let read = serde_json::from_str::<IgnoredAny>(text);
    read.map(drop).map_err(|error| Invalid::value(format!("must be JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const MAX: usize = 64;

    fn object(body: &'static str) -> Payload {
        Payload { body: Bytes::from_static(body.as_bytes()), raw: None }
    }

    fn raw(body: &'static str, headers: &[(&str, &str)]) -> Payload {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Payload { raw: Some(Raw { headers, as_it_came: false }), ..object(body) }
    }

    fn edits(headers: &[(&str, Option<&str>)], set: &[(&str, &str)], body: Option<&'static str>) -> Edits {
        Edits {
            headers: headers.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect(),
            body: body.map(|body| Bytes::from_static(body.as_bytes())),
            set: set.iter().map(|(path, value)| ((*path).into(), (*value).into())).collect(),
        }
    }

    fn made(payload: &Payload, edits: Edits) -> Result<Payload, InvalidFields> {
        changed(payload, &edits.check(Sign::Postrider, MAX)?, MAX)
    }

    #[test]
    fn what_is_changed_is_what_could_have_been_published() {
        let text = ("content-type", "text/plain");
        for (payload, edits, expected) in [
            (object("{ \"n\":1 }"), edits(&[], &[("n", "2")], None), object("{ \"n\":2 }")),
            (object("{\"n\":1}"), edits(&[], &[("n", "3")], Some("{\"n\":2}")), object("{\"n\":3}")),
            (object("{}"), edits(&[("X-A", Some("1"))], &[], None), raw("{}", &[("x-a", "1")])),
            (object("{}"), edits(&[("X-A", Some("é"))], &[], None), raw("{}", &[("x-a", "é")])),
            (object("{}"), edits(&[("x-a", None)], &[], Some("{\"a\":1}")), object("{\"a\":1}")),
            (
                object("{}"),
                edits(&[("Content-Type", Some("text/plain"))], &[], Some("hello")),
                raw("hello", &[text]),
            ),
            (raw("hello", &[text]), edits(&[], &[], Some("bye")), raw("bye", &[text])),
            (raw("a", &[text, ("x-a", "1")]), edits(&[("x-a", None)], &[], None), raw("a", &[text])),
            (
                raw("a=1&b=2", &[("content-type", "application/x-www-form-urlencoded")]),
                edits(&[], &[("b", "x y")], None),
                raw("a=1&b=x+y", &[("content-type", "application/x-www-form-urlencoded")]),
            ),
        ] {
            assert_eq!(made(&payload, edits.clone()).unwrap(), expected, "{edits:?}");
        }
    }

    #[test]
    fn what_could_not_have_been_published_is_told_in_its_place() {
        let long: &'static str = "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}";
        for (payload, edits, expected) in [
            (object("{}"), edits(&[], &[], Some("[]")), "edits.body"),
            (object("{}"), edits(&[], &[], Some("{")), "edits.body"),
            (object("{}"), edits(&[], &[], Some("{} {}")), "edits.body"),
            (object("{}"), edits(&[], &[], Some(long)), "edits.body"),
            (object("{\"n\":1}"), edits(&[], &[("n", long)], None), "edits.body"),
            (object("{}"), edits(&[("x-a", Some("1"))], &[], Some("hello")), "edits.body"),
            (object("{\"n\":1}"), edits(&[], &[("m", "1")], None), "edits.set.m"),
            (object("{}"), edits(&[("webhook-id", Some("1"))], &[], None), "edits.headers.webhook-id"),
            (object("{}"), edits(&[("Host", Some("x"))], &[], None), "edits.headers.Host"),
            (object("{}"), edits(&[("x-a", Some("a\nb"))], &[], None), "edits.headers.x-a"),
        ] {
            let InvalidFields(told) = made(&payload, edits.clone()).unwrap_err();
            assert_eq!(told[0].at.join("."), expected, "{edits:?}");
        }
    }
}
