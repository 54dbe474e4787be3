//! Whether the server answers, and who the caller is.

use axum::response::Response;
use http::StatusCode;
use postrider_core::id::{AppId, EnvironmentId};
use postrider_core::rights::Rights;
use postrider_core::scope::Reach;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::caller::Caller;
use super::key::KeyScope;
use crate::context::Context;

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(health)).routes(routes!(whoami))
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WhoamiOut {
    /// How the caller proved it: always `ApiKey`.
    permission_source: &'static str,
    /// What the key may reach.
    scope: KeyScope,
    /// The environment it reaches into.
    #[schema(value_type = Option<String>)]
    env_id: Option<EnvironmentId>,
    /// The application it is bound to.
    #[schema(value_type = Option<String>)]
    app_id: Option<AppId>,
    /// What the key may do there: `read`, `read_secrets`, `manage_secrets`, `send`, `manage_endpoints`,
    /// `manage_transformations`, `publish`, `manage`.
    #[schema(value_type = Vec<String>)]
    rights: Rights,
}

/// Says that the server answers
///
/// Needs no key. Whether it also accepts messages is told by `/readyz`.
#[utoipa::path(
    get,
    path = "/api/v1/health",
    operation_id = "health.get",
    tag = "Health",
    security(()),
    responses((status = 204, description = "It answers.")),
)]
pub(crate) async fn health() -> Response {
    answer::empty()
}

/// Says who the caller is
#[utoipa::path(
    get,
    path = "/api/v1/auth/whoami",
    operation_id = "authentication.whoami",
    tag = "Authentication",
    responses((status = 200, description = "What the key may reach.", body = WhoamiOut)),
)]
pub(crate) async fn whoami(Caller(identity): Caller) -> Response {
    let (scope, env_id, app_id) = match identity.reach() {
        Reach::Instance => (KeyScope::Instance, None, None),
        Reach::Environment(environment) => (KeyScope::Environment, Some(environment), None),
        Reach::App(environment, app) => (KeyScope::App, Some(environment), Some(app)),
    };
    let rights = identity.rights();
    answer::reply(StatusCode::OK, &WhoamiOut { permission_source: "ApiKey", scope, env_id, app_id, rights })
}
