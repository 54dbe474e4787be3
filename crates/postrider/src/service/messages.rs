//! Messages: published, read, and their payloads dropped.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::app::Ref;
use postrider_core::headers;
use postrider_core::id::{AppId, MessageId};
use postrider_core::json;
use postrider_core::limits;
use postrider_core::message::{Message, Payload, Raw};
use postrider_core::names::{self, Invalid};
use postrider_core::rights::Right;
use postrider_core::route;
use postrider_core::scope::Identity;
use postrider_core::time::Timestamp;
use postrider_store::{Listed, MessageFilter, Page, Repeat};

use super::access;
use super::fields::{self, Checks, InvalidFields};
use super::{apps, deliveries};
use crate::context::Context;
use crate::intake::{self, Publication, PublishError, Recipients, Remember};

/// A message as a caller words it.
#[derive(Debug, Clone)]
pub struct Draft {
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
    /// How long the payload is kept, if less than the environment's retention.
    pub retention: Option<Duration>,
    /// What is delivered.
    pub content: Content,
    /// The application to make if there is none yet.
    pub application: Option<apps::Changes>,
}

/// What is delivered.
#[derive(Debug, Clone)]
pub enum Content {
    /// The text of a JSON object, delivered byte for byte.
    Json(Bytes),
    /// Any text, with headers such as its content type.
    Raw {
        /// The text.
        text: Bytes,
        /// Its headers.
        headers: Vec<(String, String)>,
    },
}

/// Why an act on messages fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Another message of the application has the event id.
    #[error("a message with this event id exists already")]
    EventIdTaken,
    /// The application that was to be made could not be.
    #[error(transparent)]
    Application(#[from] apps::Error),
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// Publishes a message: it and all its deliveries are durable when this returns `Ok`.
pub async fn publish(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    draft: Draft,
    remember: Option<Remember>,
) -> Result<Arc<Message>, Error> {
    let now = context.now();
    draft.check(now)?;
    let made = apps::find_or_make(context, identity, Right::Publish, app, draft.application.as_ref()).await;
    let found = made.map_err(|error| match error {
        apps::Error::Access(error) => Error::Access(error),
        apps::Error::Invalid(invalid) => Error::Invalid(invalid),
        error => Error::Application(error),
    })?;
    let kept = Duration::from_secs(u64::from(found.route.environment.settings.retention_days) * 24 * 3600);
    let publication = draft.publication(now, kept)?;
    intake::publish(context, &found.route, publication, remember).await.map_err(|error| match error {
        PublishError::UnknownEventType => unknown_event_type().into(),
        PublishError::NoApp => access::Error::Missing("application").into(),
        PublishError::EventIdTaken => Error::EventIdTaken,
        PublishError::Repeated(repeat) => Error::Repeated(repeat),
        PublishError::TooFast { retry_after } => access::Error::TooFast { retry_after }.into(),
        PublishError::Store(error) => error.into(),
    })
}

/// Whether a message of this type on these channels would go to any endpoint.
pub async fn precheck(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    event_type: &str,
    channels: &[String],
) -> Result<bool, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let mut checks = Checks::default();
    checks.check("eventType", names::name(event_type));
    checks.each("channels", channels, limits::CHANNELS, names::channel);
    checks.finish()?;
    let mut destinations = found.route.destinations.iter();
    Ok(destinations.any(|destination| route::wants(&destination.endpoint, event_type, channels)))
}

/// One message.
pub async fn get<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    message: &Ref<MessageId>,
    with_payload: bool,
) -> Result<Message, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    Ok(access::message(context, found.scope, message, with_payload).await?)
}

/// Messages of an application by id.
pub async fn list(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    filter: MessageFilter,
    page: Page<MessageId>,
    with_payload: bool,
) -> Result<Listed<Message, MessageId>, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let _turn = access::turn(context, &found).await?;
    Ok(context.store.messages(found.scope, filter, page, with_payload).await?)
}

/// Drops a message's payload for good. What is unfinished of it is canceled; what was done stays on record.
pub async fn expunge(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    message: &Ref<MessageId>,
) -> Result<(), Error> {
    let found = access::app(context, identity, Right::Manage, app).await?;
    let message = access::message(context, found.scope, message, false).await?;
    if deliveries::expunge(context, &found, &message).await? {
        Ok(())
    } else {
        Err(access::Error::Missing("message").into())
    }
}

/// What a payload must be: the text of a JSON object, not too deep.
pub(super) fn json_payload(text: &[u8]) -> Result<(), Invalid> {
    if !json::is_object(text) {
        return Err(Invalid { message: "must be an object".into(), kind: "type_error.dict" });
    }
    json::check_depth(text).map_err(|deep| Invalid::value(deep.to_string()))
}

/// The environment refuses event types that it does not know, or the caller asked for one to exist.
pub(super) fn unknown_event_type() -> InvalidFields {
    InvalidFields::one("eventType", Invalid::value("there is no such event type"))
}

impl Draft {
    fn check(&self, now: Timestamp) -> Result<(), InvalidFields> {
        let mut checks = Checks::default();
        checks.check("eventType", names::name(&self.event_type));
        checks.optional("eventId", self.event_id.as_ref(), |id| names::uid(id, MessageId::PREFIX));
        checks.each("channels", &self.channels, limits::CHANNELS, names::channel);
        checks.each("tags", &self.tags, limits::TAGS, names::tag);
        checks.optional("orderingKey", self.ordering_key.as_ref(), names::ordering_key);
        if self.deliver_at.is_some_and(|at| at > now.after(limits::DELIVER_AT_MAX)) {
            checks.check::<()>("deliverAt", Err(Invalid::value("must be at most 90 days ahead")));
        }
        if let Content::Json(text) = &self.content {
            checks.check("payload", json_payload(text));
        }
        checks.finish()
    }

    fn publication(self, now: Timestamp, kept: Duration) -> Result<Publication, InvalidFields> {
        let payload = match self.content {
            Content::Json(body) => Payload { body, raw: None },
            Content::Raw { text, headers } => {
                let headers = headers::raw_payload(headers).map_err(|invalid| {
                    InvalidFields::one("headers", invalid).under("transformationsParams")
                })?;
                Payload { body: text, raw: Some(Raw { headers, as_it_came: false }) }
            }
        };
        Ok(Publication {
            event_type: self.event_type,
            event_id: self.event_id,
            channels: fields::distinct(self.channels),
            tags: fields::distinct(self.tags),
            ordering_key: self.ordering_key,
            deliver_at: self.deliver_at,
            expire_at: self
                .retention
                .filter(|retention| *retention < kept)
                .map(|retention| now.after(retention)),
            payload,
            recipients: Recipients::Interested,
        })
    }
}

access::causes!(Error);
