//! The catalogue as a document of `AsyncAPI` 3.0: one channel, the endpoint, with a message for each event type.

use postrider_core::event_type::EventType;
use serde_json::{Map, Value, json};

use crate::telemetry::build;
use crate::ui::catalog::{header_names, versions};
use crate::ui::docs::Asked;
use crate::ui::docs::events::{first_line, link};

/// The document.
pub(super) fn asyncapi(asked: &Asked<'_>) -> Value {
    let (published, site) = (asked.published, &asked.site);
    let mut messages = Map::new();
    let mut in_channel = Map::new();
    let mut schemas = Map::new();
    for event_type in &published.event_types {
        let name = &event_type.name;
        schemas.insert(name.clone(), schema(event_type));
        messages.insert(name.clone(), message(asked, event_type));
        in_channel.insert(name.clone(), json!({ "$ref": format!("#/components/messages/{name}") }));
    }
    let intro = asked.catalog.settings().intro.as_deref();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": site.title,
            "version": published.revision.get(..12).unwrap_or_default(),
            "description": intro.unwrap_or("Events that are sent as webhooks."),
            "externalDocs": { "url": format!("{}/docs/events", site.url) },
            "x-generator": format!("Postrider {}", build::VERSION),
        },
        "defaultContentType": "application/json",
        "channels": { "endpoint": {
            "address": Value::Null,
            "title": "Your endpoint",
            "description": "The URL that you have given for your endpoint.",
            "messages": in_channel,
        } },
        "operations": { "deliver": {
            "action": "send",
            "channel": { "$ref": "#/channels/endpoint" },
            "summary": "Each event is sent as a signed POST request, again and again until the endpoint answers with 2xx.",
            "bindings": { "http": { "method": "POST", "bindingVersion": "0.3.0" } },
        } },
        "components": {
            "messages": messages,
            "schemas": schemas,
            "messageTraits": { "signed": { "headers": headers(asked) } },
        },
    })
}

fn message(asked: &Asked<'_>, event_type: &EventType) -> Value {
    let name = &event_type.name;
    let mut message = json!({
        "name": name,
        "title": name,
        "summary": first_line(&event_type.description),
        "description": event_type.description,
        "contentType": "application/json",
        "payload": { "$ref": format!("#/components/schemas/{name}") },
        "traits": [{ "$ref": "#/components/messageTraits/signed" }],
        "externalDocs": { "url": format!("{}{}", asked.site.url, link(name)) },
    });
    if event_type.deprecated {
        message["x-deprecated"] = true.into();
    }
    if let Some(group) = &event_type.group_name {
        message["tags"] = json!([{ "name": group }]);
    }
    message
}

fn headers(asked: &Asked<'_>) -> Value {
    let sets = header_names(asked.published.environment.settings.signature_headers);
    let words = [
        "Names the event.",
        "When the attempt was made, in seconds since 1970.",
        "Signatures of id, time and body.",
    ];
    let properties: Map<String, Value> = sets
        .iter()
        .flat_map(|set| set.iter().zip(words))
        .map(|(name, about)| ((*name).to_owned(), json!({ "type": "string", "description": about })))
        .collect();
    json!({ "type": "object", "required": properties.keys().collect::<Vec<_>>(), "properties": properties })
}

/// The newest schema, in its new place.
fn schema(event_type: &EventType) -> Value {
    let newest = versions(event_type.schemas.as_deref()).into_iter().next();
    let schema = newest.and_then(|(_, text)| serde_json::from_str(text.get()).ok());
    let mut schema = schema
        .filter(|schema: &Value| schema.is_object() || schema.is_boolean())
        .unwrap_or_else(|| json!({ "type": "object" }));
    move_references(&mut schema, &format!("#/components/schemas/{}", event_type.name));
    schema
}

/// References within the schema lead to its own places, which are below `place` now.
///
/// Recursion ends: schemas are nested no deeper than payloads.
fn move_references(schema: &mut Value, place: &str) {
    match schema {
        Value::Object(map) => {
            for (keyword, value) in map {
                match value {
                    Value::String(reference) if keyword == "$ref" && reference.starts_with('#') => {
                        *reference = format!("{place}{}", &reference[1..]);
                    }
                    value => move_references(value, place),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_references(item, place)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_their_schema() {
        let mut schema = json!({
            "$ref": "#/$defs/a", "items": [{"$ref": "#"}, {"$ref": "https://example.com/#/x"}], "properties": {"$ref": {"type": "string"}}
        });
        move_references(&mut schema, "#/components/schemas/a.b");
        assert_eq!(
            schema,
            json!({
                "$ref": "#/components/schemas/a.b/$defs/a",
                "items": [{"$ref": "#/components/schemas/a.b"}, {"$ref": "https://example.com/#/x"}],
                "properties": {"$ref": {"type": "string"}}
            })
        );
    }
}
