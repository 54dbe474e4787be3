//! Environments: made by whoever runs the instance, set up by their owners.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::environment::{Environment, Settings, SignatureHeaders, UnknownEventTypes};
use postrider_core::id::EnvironmentId;
use postrider_core::retry::Schedule;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::body::Json;
use super::caller::Caller;
use super::problem::Problem;
use crate::context::Context;
use crate::service::environments::{self, Changes, Error};

const TAG: &str = "Environment";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(settings, patch_settings))
}

/// An environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Environment)]
struct EnvironmentOut<'a> {
    /// Its id.
    #[schema(value_type = String)]
    id: EnvironmentId,
    /// A name for people.
    name: &'a str,
    /// How it behaves.
    settings: SettingsOut<'a>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// All environments.
#[derive(Debug, Serialize, ToSchema)]
struct EnvironmentsOut<'a> {
    /// Oldest first.
    data: Vec<EnvironmentOut<'a>>,
}

/// An environment to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewEnvironment)]
pub(super) struct EnvironmentIn {
    /// A name for people, 1 to 4,096 bytes.
    #[schema(min_length = 1, example = "staging")]
    name: String,
}

/// How an environment behaves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EnvironmentSettings)]
struct SettingsOut<'a> {
    /// The names of the signature headers: `webhook` (`webhook-id` …), `svix` (`svix-id` …) or `both`.
    #[schema(value_type = String, example = "webhook")]
    signature_headers: SignatureHeaders,
    /// What happens to a message whose event type does not exist: `accept` or `refuse`.
    #[schema(value_type = String, example = "accept")]
    unknown_event_types: UnknownEventTypes,
    /// Days that messages and attempts are kept once they are finished.
    retention_days: u32,
    /// Seconds to wait before each attempt, the first one included.
    #[schema(value_type = Vec<u64>, example = json!([0, 5, 300]))]
    retry_schedule: &'a Schedule,
    /// Whether endpoints must have `https` URLs.
    https_only: bool,
}

/// Changes to how an environment behaves; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = EnvironmentSettingsPatch)]
pub(super) struct SettingsPatch {
    /// The names of the signature headers: `webhook` (`webhook-id` …), `svix` (`svix-id` …) or `both`.
    #[schema(value_type = Option<String>)]
    signature_headers: Option<SignatureHeaders>,
    /// What happens to a message whose event type does not exist: `accept` or `refuse`.
    #[schema(value_type = Option<String>)]
    unknown_event_types: Option<UnknownEventTypes>,
    /// Days that messages and attempts are kept once they are finished.
    #[schema(minimum = 1, maximum = 3650)]
    retention_days: Option<u32>,
    /// Seconds to wait before each attempt, the first one included: 1 to 50 numbers, each at most 30 days.
    #[schema(value_type = Option<Vec<u64>>)]
    retry_schedule: Option<Schedule>,
    /// Whether endpoints must have `https` URLs. Those that exist keep theirs.
    https_only: Option<bool>,
}

impl<'a> From<&'a Environment> for EnvironmentOut<'a> {
    fn from(environment: &'a Environment) -> Self {
        Self {
            id: environment.id,
            name: &environment.name,
            settings: (&environment.settings).into(),
            created_at: environment.created_at,
        }
    }
}

impl<'a> From<&'a Settings> for SettingsOut<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self {
            signature_headers: settings.signature_headers,
            unknown_event_types: settings.unknown_event_types,
            retention_days: settings.retention_days,
            retry_schedule: &settings.retry_schedule,
            https_only: settings.https_only,
        }
    }
}

impl From<SettingsPatch> for Changes {
    fn from(patch: SettingsPatch) -> Self {
        let SettingsPatch {
            signature_headers,
            unknown_event_types,
            retention_days,
            retry_schedule,
            https_only,
        } = patch;
        Self { signature_headers, unknown_event_types, retention_days, retry_schedule, https_only }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
        }
    }
}

/// Lists environments
///
/// Needs a key of scope `instance`.
#[utoipa::path(
    get,
    path = "/api/v1/environment",
    operation_id = "environment.list",
    tag = TAG,
    responses((status = 200, description = "All environments.", body = EnvironmentsOut)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    let environments = environments::list(&context, identity).await?;
    let data = environments.iter().map(EnvironmentOut::from).collect();
    Ok(answer::reply(StatusCode::OK, &EnvironmentsOut { data }))
}

/// Makes an environment
///
/// Needs a key of scope `instance`. Make a key for the new environment next. A request that is sent again makes
/// another environment.
#[utoipa::path(
    post,
    path = "/api/v1/environment",
    operation_id = "environment.create",
    tag = TAG,
    request_body = EnvironmentIn,
    responses((status = 201, description = "The new environment.", body = EnvironmentOut)),
)]
pub(crate) async fn create(
    Caller(identity): Caller,
    State(context): State<Context>,
    Json { value, .. }: Json<EnvironmentIn>,
) -> Result<Response, Problem> {
    let environment = environments::create(&context, identity, value.name).await?;
    Ok(answer::reply(StatusCode::CREATED, &EnvironmentOut::from(&environment)))
}

/// Gets the environment's settings
#[utoipa::path(
    get,
    path = "/api/v1/environment/settings",
    operation_id = "environment.get_settings",
    tag = TAG,
    responses((status = 200, description = "How the key's environment behaves.", body = SettingsOut)),
)]
pub(crate) async fn settings(
    Caller(identity): Caller,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    let environment = environments::get(&context, identity).await?;
    Ok(answer::reply(StatusCode::OK, &SettingsOut::from(&environment.settings)))
}

/// Changes the environment's settings
#[utoipa::path(
    patch,
    path = "/api/v1/environment/settings",
    operation_id = "environment.patch_settings",
    tag = TAG,
    request_body = SettingsPatch,
    responses((status = 200, description = "How the key's environment behaves now.", body = SettingsOut)),
)]
pub(crate) async fn patch_settings(
    Caller(identity): Caller,
    State(context): State<Context>,
    Json { value, .. }: Json<SettingsPatch>,
) -> Result<Response, Problem> {
    let environment = environments::change(&context, identity, value.into()).await?;
    Ok(answer::reply(StatusCode::OK, &SettingsOut::from(&environment.settings)))
}
