//! All event types with their schemas, as JSON.

use postrider_core::event_type::EventType;
use serde_json::{Value, json};

use crate::ui::docs::Asked;
use crate::ui::docs::events::link;

/// The document.
pub(super) fn events(asked: &Asked<'_>) -> Value {
    let published = asked.published;
    let event_types: Vec<Value> =
        published.event_types.iter().map(|event_type| out(asked, event_type)).collect();
    json!({
        "title": asked.site.title,
        "eventTypes": event_types,
        "isComplete": !published.is_cut && published.without_schemas.is_empty(),
    })
}

fn out(asked: &Asked<'_>, event_type: &EventType) -> Value {
    let EventType { name, description, deprecated, group_name, created_at, updated_at, .. } = event_type;
    json!({
        "name": name,
        "description": description,
        "groupName": group_name,
        "deprecated": deprecated,
        "schemas": schemas(event_type),
        "createdAt": created_at.to_string(),
        "updatedAt": updated_at.to_string(),
        "url": format!("{}{}", asked.site.url, link(name)),
    })
}

fn schemas(event_type: &EventType) -> Value {
    event_type.schemas.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
