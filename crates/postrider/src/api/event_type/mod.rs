//! Event types: what a product sends, by name.

mod read;
mod write;

use postrider_core::event_type::EventType;
use postrider_core::retry::Schedule;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::patch::present;
use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::event_types::{Changes, Error};

/// The tag of these operations.
pub(super) const TAG: &str = "Event Type";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(read::list, write::create)).routes(routes!(
        read::get,
        write::upsert,
        write::patch,
        write::delete
    ))
}

/// An event type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventTypeOut<'a> {
    /// Its name.
    #[schema(example = "invoice.paid")]
    name: &'a str,
    /// What it means, for people.
    description: &'a str,
    /// Whether lists leave it out.
    archived: bool,
    /// Whether it is shown as out of use.
    deprecated: bool,
    /// JSON Schemas by version; null where none was set, and in lists that did not ask for them.
    #[schema(value_type = Option<Object>)]
    schemas: Option<&'a RawValue>,
    /// The group it is listed under.
    group_name: Option<&'a str>,
    /// Flags that hide it from those who do not have them.
    feature_flags: Option<&'a [String]>,
    /// The first of `featureFlags`, for older clients.
    feature_flag: Option<&'a str>,
    /// Seconds to wait before each attempt, the first one included; null means as the environment says.
    #[schema(value_type = Option<Vec<u64>>, example = json!([0, 5, 300]))]
    retry_schedule: Option<&'a Schedule>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An event type to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventTypeIn {
    /// Its name, unique in the environment.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$", example = "invoice.paid")]
    name: String,
    /// What it means, for people, at most 4,096 bytes.
    description: String,
    /// Whether lists leave it out.
    archived: Option<bool>,
    /// Whether it is shown as out of use.
    deprecated: Option<bool>,
    /// JSON Schemas by version.
    #[schema(value_type = Option<Object>, example = json!({"1": {"type": "object"}}))]
    schemas: Option<Box<RawValue>>,
    /// The group it is listed under.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    group_name: Option<String>,
    /// Flags that hide it from those who do not have them, at most 10.
    feature_flags: Option<Vec<String>>,
    /// Seconds to wait before each attempt, the first one included: 1 to 50 numbers, each at most 30 days.
    #[schema(value_type = Option<Vec<u64>>, example = json!([0, 5, 300]))]
    retry_schedule: Option<Schedule>,
}

/// An event type to be made, or to replace the one with the name in the path.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventTypeUpsertIn {
    /// What it means, for people, at most 4,096 bytes.
    description: String,
    /// Whether lists leave it out.
    archived: Option<bool>,
    /// Whether it is shown as out of use.
    deprecated: Option<bool>,
    /// JSON Schemas by version.
    #[schema(value_type = Option<Object>)]
    schemas: Option<Box<RawValue>>,
    /// The group it is listed under.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    group_name: Option<String>,
    /// Flags that hide it from those who do not have them, at most 10.
    feature_flags: Option<Vec<String>>,
    /// Seconds to wait before each attempt, the first one included; absent leaves as it is.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<u64>>)]
    retry_schedule: Option<Option<Schedule>>,
}

/// Changes to an event type; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EventTypePatch {
    /// What it means, for people, at most 4,096 bytes.
    description: Option<String>,
    /// Whether lists leave it out.
    archived: Option<bool>,
    /// Whether it is shown as out of use.
    deprecated: Option<bool>,
    /// JSON Schemas by version; null removes them.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    schemas: Option<Option<Box<RawValue>>>,
    /// The group it is listed under; null takes it out of any.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    group_name: Option<Option<String>>,
    /// Flags that hide it from those who do not have them, at most 10; null removes them.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    feature_flags: Option<Option<Vec<String>>>,
    /// Seconds to wait before each attempt, the first one included; null means as the environment says.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<u64>>)]
    retry_schedule: Option<Option<Schedule>>,
}

impl<'a> EventTypeOut<'a> {
    fn new(event_type: &'a EventType, with_schemas: bool) -> Self {
        let schemas = event_type.schemas.as_deref().filter(|_| with_schemas);
        Self {
            name: &event_type.name,
            description: &event_type.description,
            archived: event_type.archived,
            deprecated: event_type.deprecated,
            // Kept as the text that was checked when it came in.
            schemas: schemas.and_then(|text| serde_json::from_str(text).ok()),
            group_name: event_type.group_name.as_deref(),
            feature_flags: Some(event_type.feature_flags.as_slice()).filter(|flags| !flags.is_empty()),
            feature_flag: event_type.feature_flags.first().map(String::as_str),
            retry_schedule: event_type.retry_schedule.as_ref(),
            created_at: event_type.created_at,
            updated_at: event_type.updated_at,
        }
    }
}

fn text(json: Box<RawValue>) -> String {
    Box::<str>::from(json).into()
}

impl EventTypeIn {
    fn split(self) -> (String, Changes) {
        let upsert = EventTypeUpsertIn {
            description: self.description,
            archived: self.archived,
            deprecated: self.deprecated,
            schemas: self.schemas,
            group_name: self.group_name,
            feature_flags: self.feature_flags,
            retry_schedule: Some(self.retry_schedule),
        };
        (self.name, upsert.into())
    }
}

impl From<EventTypeUpsertIn> for Changes {
    fn from(event_type: EventTypeUpsertIn) -> Self {
        Self {
            description: Some(event_type.description),
            archived: Some(event_type.archived.unwrap_or(false)),
            deprecated: Some(event_type.deprecated.unwrap_or(false)),
            schemas: Some(event_type.schemas.map(text)),
            group_name: Some(event_type.group_name),
            feature_flags: Some(event_type.feature_flags.unwrap_or_default()),
            retry_schedule: event_type.retry_schedule,
        }
    }
}

impl From<EventTypePatch> for Changes {
    fn from(patch: EventTypePatch) -> Self {
        Self {
            description: patch.description,
            archived: patch.archived,
            deprecated: patch.deprecated,
            schemas: patch.schemas.map(|schemas| schemas.map(text)),
            group_name: patch.group_name,
            feature_flags: patch.feature_flags.map(Option::unwrap_or_default),
            retry_schedule: patch.retry_schedule,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::NameTaken => Self::conflict(sentence(&error)),
            Error::TooMany { .. } => Self::too_many(&error),
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}
