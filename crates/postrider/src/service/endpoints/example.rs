//! An example is sent to one endpoint, so that its owner can try it out.

use std::sync::Arc;

use bytes::Bytes;
use postrider_core::app::Ref;
use postrider_core::event_type::Sight;
use postrider_core::id::EndpointId;
use postrider_core::message::{Message, Payload};
use postrider_core::names::{self, Invalid};
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::{Answer, Error as StoreError, Repeat};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use crate::context::Context;
use crate::intake::{self, Publication, PublishError, Recipients, Remember};
use crate::service::access::{self, Found};
use crate::service::fields::InvalidFields;
use crate::service::messages;

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
/// It is a message like any other, that nothing else receives, accepted together with that one delivery. A repeated
/// request is answered with its message.
pub async fn send_example<'a>(
    context: &Context,
    (identity, sight): (Identity, &Sight),
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    example: Example,
    remember: Option<Remember>,
) -> Result<Arc<Message>, Error> {
    let found = access::app(context, identity, Right::Send, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?.id;
    names::name(&example.event_type).map_err(|invalid| InvalidFields::one("eventType", invalid))?;
    let body = match &example.payload {
        Some(payload) => checked(payload.clone())?,
        None => pick(context, &found, sight, &example).await?,
    };
    let publication = Publication {
        event_type: example.event_type,
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        ordering_key: None,
        deliver_at: None,
        expire_at: None,
        payload: Payload { body, raw: None },
        recipients: Recipients::Only(endpoint),
    };
    match intake::publish(context, &found.route, publication, remember).await {
        Ok(message) => Ok(message),
        Err(PublishError::Repeated(Repeat::Answered { answer: Answer::Message(message), .. })) => {
            Ok(Arc::new(access::message(context, found.scope, &Ref::Id(message), true).await?))
        }
        Err(PublishError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(PublishError::UnknownEventType) => Err(messages::unknown_event_type().into()),
        Err(PublishError::NoApp) => Err(access::Error::Missing("application").into()),
        Err(PublishError::TooFast { retry_after }) => Err(access::Error::TooFast { retry_after }.into()),
        Err(PublishError::Store(error)) => Err(error.into()),
        // It has none that could be taken: the store has broken its word.
        Err(error @ PublishError::EventIdTaken) => Err(StoreError::Engine(error.into()).into()),
    }
}

/// The example of the event type that was asked for, or a small object that names the event type.
async fn pick(context: &Context, found: &Found, sight: &Sight, example: &Example) -> Result<Bytes, Error> {
    let event_type = context.directory.event_type(found.route.lookup(), &example.event_type).await?;
    let event_type = event_type.filter(|event_type| sight.sees(event_type));
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
    use std::pin::pin;

    use postrider_core::id::MessageId;
    use postrider_core::scope::SystemScope;
    use postrider_store::{MessageFilter, Page};

    use super::*;
    use crate::context::fixture::Fixture;

    const PAGE: Page<MessageId> = Page { limit: 10, edge: None, order: None };

    /// Whoever sees the message sees its delivery too, even when the caller hangs up at that moment.
    #[tokio::test]
    async fn an_example_and_its_delivery_are_one_commit() {
        let fixture = Fixture::new().await;
        let (context, endpoint) = (&fixture.context, &fixture.endpoint);
        let route = context.directory.route(endpoint.app).await.unwrap().unwrap();
        let identity = Identity::environment_key(route.app.environment);
        let (app, to) = (Ref::Id(endpoint.app), Ref::Id(endpoint.id));
        let example = Example { event_type: "t".into(), index: 0, payload: Some(Bytes::from_static(b"{}")) };
        let scope = SystemScope::assume().app(route.app.environment, endpoint.app);
        let visible = async {
            loop {
                let listed =
                    context.store.messages(scope, MessageFilter::default(), PAGE, false).await.unwrap();
                if let Some(message) = listed.rows.first() {
                    return message.id;
                }
            }
        };
        let message = {
            let mut sending =
                pin!(send_example(context, (identity, &Sight::Everything), &app, &to, example, None));
            tokio::select! {
                message = visible => message,
                sent = &mut sending => sent.unwrap().id,
            }
        };
        let page = Page { limit: 10, edge: None, order: None };
        let deliveries = context.store.deliveries_by_message(scope, message, page).await.unwrap().rows;
        assert_eq!(deliveries.iter().map(|delivery| delivery.endpoint).collect::<Vec<_>>(), [endpoint.id]);
    }

    #[test]
    fn examples_come_from_the_newest_version_as_they_are_written() {
        let schemas = r#"{"9":{"examples":[{"n":9}]},"10":{"examples":[{"n": 1e2},{"n":11}]}}"#;
        assert_eq!(examples(schemas), [r#"{"n": 1e2}"#, r#"{"n":11}"#]);
        for none in ["{}", r#"{"1":{}}"#, r#"{"1":true}"#, r#"{"1":{"examples":1}}"#] {
            assert!(examples(none).is_empty(), "{none}");
        }
    }
}
