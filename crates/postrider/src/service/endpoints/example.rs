//! An example is sent to one endpoint, so that its owner can try it out.

use std::sync::Arc;

use bytes::Bytes;
use postrider_core::app::Ref;
use postrider_core::id::{AppId, EndpointId, MessageId};
use postrider_core::message::{Message, Payload};
use postrider_core::names::{self, Invalid};
use postrider_core::scope::Identity;
use postrider_store::{Answer, Page, Repeat, ResendError};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use crate::context::Context;
use crate::directory::Route;
use crate::intake::{self, Publication, PublishError, Remember};
use crate::service::access::{self, Found};
use crate::service::fields::InvalidFields;
use crate::service::{deliveries, messages};

/// What is sent as an example.
#[derive(Debug, Clone)]
pub struct Example {
    /// The name of the event type.
    pub event_type: String,
    /// Which of the `examples` in the newest schema of the event type, counted from 0.
    pub index: usize,
    /// What to send instead: the text of a JSON object.
    pub payload: Option<Bytes>,
}

/// Sends an example to this endpoint alone, whatever it filters, as a delivery that a person asked for.
///
/// It is a message like any other, that nothing else receives. A repeated request is answered with its message.
pub async fn send_example(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    endpoint: &Ref<EndpointId>,
    example: Example,
    remember: Option<Remember>,
) -> Result<Arc<Message>, Error> {
    let found = access::app(context, identity, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?.id;
    names::name(&example.event_type).map_err(|invalid| InvalidFields::one("eventType", invalid))?;
    let body = match &example.payload {
        Some(payload) => checked(payload.clone())?,
        None => pick(context, &found, &example).await?,
    };
    let message = match publish_to_nobody(context, &found, example.event_type, body, remember).await {
        Ok(message) => message,
        Err(Error::Repeated(Repeat::Answered { answer: Answer::Message(message), .. })) => {
            let message = access::message(context, found.scope, &Ref::Id(message), true).await?;
            if has_delivery(context, &found, message.id).await? {
                return Ok(Arc::new(message));
            }
            Arc::new(message)
        }
        Err(error) => return Err(error),
    };
    // The delivery that is not there yet is made by asking for it again: due at once, and a manual one.
    match deliveries::send(context, found.scope, message.id, endpoint, None).await {
        Ok(()) => Ok(message),
        Err(ResendError::NoMessage | ResendError::NoPayload) => Err(access::Error::Missing("message").into()),
        Err(ResendError::NoEndpoint) => Err(access::Error::Missing("endpoint").into()),
        Err(ResendError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(ResendError::Store(error)) => Err(error.into()),
    }
}

async fn publish_to_nobody(
    context: &Context,
    found: &Found,
    event_type: String,
    body: Bytes,
    remember: Option<Remember>,
) -> Result<Arc<Message>, Error> {
    let publication = Publication {
        event_type,
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        ordering_key: None,
        deliver_at: None,
        expire_at: None,
        payload: Payload { body, raw: None },
    };
    let route = &found.route;
    let nobody = Arc::new(Route {
        app: route.app.clone(),
        scope: route.scope,
        environment: Arc::clone(&route.environment),
        destinations: Vec::new(),
    });
    intake::publish(context, &nobody, publication, remember).await.map_err(|error| match error {
        PublishError::UnknownEventType => messages::unknown_event_type().into(),
        PublishError::NoApp => access::Error::Missing("application").into(),
        PublishError::Repeated(repeat) => Error::Repeated(repeat),
        PublishError::Store(error) => error.into(),
        PublishError::EventIdTaken => Error::UidTaken,
    })
}

async fn has_delivery(context: &Context, found: &Found, message: MessageId) -> Result<bool, Error> {
    let page = Page { limit: 1, edge: None, order: None };
    Ok(!context.store.deliveries_by_message(found.scope, message, page).await?.rows.is_empty())
}

/// The example of the event type that was asked for, or a small object that names the event type.
async fn pick(context: &Context, found: &Found, example: &Example) -> Result<Bytes, Error> {
    let event_type = context.directory.event_type(found.route.lookup(), &example.event_type).await?;
    let event_type = event_type.ok_or_else(messages::unknown_event_type)?;
    let examples = event_type.schemas.as_deref().map(examples).unwrap_or_default();
    match examples.into_iter().nth(example.index) {
        Some(text) => Ok(checked(text.into())?),
        None if example.index == 0 => {
            let small = serde_json::json!({ "type": example.event_type, "example": true });
            Ok(small.to_string().into())
        }
        None => Err(InvalidFields::one("exampleIndex", Invalid::value("there is no such example")).into()),
    }
}

/// The texts of the examples in the newest of `schemas`, which are an object by version.
fn examples(schemas: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Schema<'a> {
        #[serde(borrow, default)]
        examples: Vec<&'a RawValue>,
    }
    let versions: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(schemas).unwrap_or_default();
    let newest = versions.iter().max_by_key(|(version, _)| (version.parse::<u64>().ok(), *version));
    let schema = newest.and_then(|(_, schema)| serde_json::from_str::<Schema<'_>>(schema.get()).ok());
    schema.map_or_else(Vec::new, |schema| schema.examples.iter().map(|text| text.get().to_owned()).collect())
}

fn checked(payload: Bytes) -> Result<Bytes, InvalidFields> {
    messages::json_payload(&payload).map_err(|invalid| InvalidFields::one("payload", invalid))?;
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::examples;

    #[test]
    fn examples_come_from_the_newest_version_as_they_are_written() {
        let schemas = r#"{"9":{"examples":[{"n":9}]},"10":{"examples":[{"n": 1e2},{"n":11}]}}"#;
        assert_eq!(examples(schemas), [r#"{"n": 1e2}"#, r#"{"n":11}"#]);
        for none in ["{}", r#"{"1":{}}"#, r#"{"1":true}"#, r#"{"1":{"examples":1}}"#] {
            assert!(examples(none).is_empty(), "{none}");
        }
    }
}
