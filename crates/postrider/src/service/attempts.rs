//! Attempts: what happened each time a delivery was tried.

use std::collections::HashMap;

use postrider_core::app::Ref;
use postrider_core::attempt::Attempt;
use postrider_core::id::{AppId, AttemptId, EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity};
use postrider_store::{AttemptFilter, Listed, PAGE_BYTES, Page};

use super::access;
use super::page_size::{is_backwards, payload_len, shorten};
use crate::context::Context;

/// An attempt with its message, where that was asked for and is still there.
pub type WithMessage = (Attempt, Option<Message>);

/// Attempts at one endpoint by id, with their messages if `with_message` says so (and then with their payloads or
/// not).
pub async fn by_endpoint(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    endpoint: &Ref<EndpointId>,
    filter: AttemptFilter,
    page: Page<AttemptId>,
    with_message: bool,
) -> Result<Listed<WithMessage, AttemptId>, access::Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let with_payload = filter.with_content;
    let _turn = access::turn(context, &found).await?;
    let listed = context.store.attempts_by_endpoint(found.scope, endpoint.id, filter, page.clone()).await?;
    let messages = if !with_message {
        HashMap::new()
    } else if is_backwards(&page) {
        messages(context, found.scope, listed.rows.iter().rev(), with_payload).await?
    } else {
        messages(context, found.scope, listed.rows.iter(), with_payload).await?
    };
    let with_message = |attempt: Attempt| {
        let message = messages.get(&attempt.message).cloned();
        (attempt, message)
    };
    let rows = listed.rows.into_iter().map(with_message).collect();
    let weigh = |(_, message): &WithMessage| message.as_ref().map_or(0, payload_len);
    Ok(shorten(Listed { rows, next: listed.next }, &page, PAGE_BYTES, |(attempt, _)| attempt.id, weigh))
}

/// Attempts of one message by id, at all endpoints or only at `endpoint`.
pub async fn by_message(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    message: &Ref<MessageId>,
    endpoint: Option<&Ref<EndpointId>>,
    mut filter: AttemptFilter,
    page: Page<AttemptId>,
) -> Result<Listed<Attempt, AttemptId>, access::Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let message = access::message(context, found.scope, message, false).await?;
    if let Some(endpoint) = endpoint {
        filter.endpoint = Some(access::endpoint(context, found.scope, endpoint).await?.id);
    }
    let _turn = access::turn(context, &found).await?;
    Ok(context.store.attempts_by_message(found.scope, message.id, filter, page).await?)
}

/// One attempt of one message.
pub async fn get(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    message: &Ref<MessageId>,
    attempt: AttemptId,
) -> Result<Attempt, access::Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let message = access::message(context, found.scope, message, false).await?;
    let attempt = context.store.attempt(found.scope, message.id, attempt).await?;
    attempt.ok_or(access::Error::Missing("attempt"))
}

/// Drops what was recorded of an attempt's answer for good. That it happened stays on record.
pub async fn expunge(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    message: &Ref<MessageId>,
    attempt: AttemptId,
) -> Result<(), access::Error> {
    let found = access::app(context, identity, Right::Manage, app).await?;
    let message = access::message(context, found.scope, message, false).await?;
    let expunged = context.store.expunge_attempt(found.scope, message.id, attempt).await?;
    if expunged { Ok(()) } else { Err(access::Error::Missing("attempt")) }
}

/// The messages of `attempts`, each read once, until one more does not fit on a page.
async fn messages(
    context: &Context,
    scope: AppScope,
    attempts: impl Iterator<Item = &Attempt>,
    with_payload: bool,
) -> Result<HashMap<MessageId, Message>, access::Error> {
    let (mut messages, mut bytes) = (HashMap::new(), 0);
    for attempt in attempts {
        if !messages.contains_key(&attempt.message) {
            let message = context.store.message(scope, &Ref::Id(attempt.message), with_payload).await?;
            messages.extend(message.map(|message| (attempt.message, message)));
        }
        bytes += messages.get(&attempt.message).map_or(0, payload_len);
        if bytes > PAGE_BYTES {
            break;
        }
    }
    Ok(messages)
}
