//! Applications: one for each customer of the product.

mod read;
mod write;

use std::collections::BTreeMap;

use postrider_core::app::App;
use postrider_core::id::AppId;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::patch::present;
use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::apps::{Changes, Error};

/// The tag of these operations.
pub(super) const TAG: &str = "Application";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(read::list, write::create)).routes(routes!(
        read::get,
        write::upsert,
        write::patch,
        write::delete
    ))
}

/// An application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationOut<'a> {
    /// Its id.
    #[schema(value_type = String, example = "app_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: AppId,
    /// The caller's own id.
    #[schema(example = "customer-42")]
    uid: Option<&'a str>,
    /// A name for people.
    #[schema(example = "Customer 42")]
    name: &'a str,
    /// Deliveries a second over all endpoints, at most.
    throttle_rate: Option<u32>,
    /// The caller's notes.
    metadata: &'a BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An application to be made, or to replace one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationIn {
    /// A name for people, 1 to 4,096 bytes.
    #[schema(min_length = 1, example = "Customer 42")]
    name: String,
    /// The caller's own id, unique in the environment; it works wherever a path takes the id.
    #[schema(max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$", example = "customer-42")]
    uid: Option<String>,
    /// Deliveries a second over all endpoints, at most. No limit when null.
    #[schema(minimum = 1, maximum = 65535)]
    throttle_rate: Option<u32>,
    /// Notes by name, at most 16 KiB.
    metadata: Option<BTreeMap<String, String>>,
}

/// Changes to an application; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ApplicationPatch {
    /// A name for people, 1 to 4,096 bytes.
    #[schema(min_length = 1)]
    name: Option<String>,
    /// The caller's own id; null gives it up.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 256, pattern = r"^[a-zA-Z0-9\-_.]+$")]
    uid: Option<Option<String>>,
    /// Deliveries a second over all endpoints, at most; null lifts the limit.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 65535)]
    throttle_rate: Option<Option<u32>>,
    /// Notes by name, at most 16 KiB; they replace those before.
    metadata: Option<BTreeMap<String, String>>,
}

impl<'a> From<&'a App> for ApplicationOut<'a> {
    fn from(app: &'a App) -> Self {
        Self {
            id: app.id,
            uid: app.uid.as_deref(),
            name: &app.name,
            throttle_rate: app.throttle_rate,
            metadata: &app.metadata,
            created_at: app.created_at,
            updated_at: app.updated_at,
        }
    }
}

impl From<ApplicationIn> for Changes {
    fn from(app: ApplicationIn) -> Self {
        Self {
            name: Some(app.name),
            uid: Some(app.uid),
            throttle_rate: Some(app.throttle_rate),
            metadata: Some(app.metadata.unwrap_or_default()),
        }
    }
}

impl From<ApplicationPatch> for Changes {
    fn from(patch: ApplicationPatch) -> Self {
        let ApplicationPatch { name, uid, throttle_rate, metadata } = patch;
        Self { name, uid, throttle_rate, metadata }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::UidTaken => Self::conflict(sentence(&error)),
            Error::TooMany { .. } => Self::too_many(&error),
            Error::Repeated(repeat) => repeat.into(),
        }
    }
}
