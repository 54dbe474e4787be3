//! Access to the portal: given, left and ended.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::role::Capability;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::application::ApplicationIn;
use super::body::Json;
use super::caller::{Caller, Holder};
use super::path::{AppPath, Path};
use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::portal::{self, Access, Error};

const TAG: &str = "Authentication";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(grant)).routes(routes!(logout)).routes(routes!(expire))
}

/// What a session of the portal may be allowed to do.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
enum AppPortalCapability {
    /// See endpoints, messages and attempts.
    ViewBase,
    /// See signing keys.
    ViewEndpointSecret,
    /// Replace signing keys.
    ManageEndpointSecret,
    /// Change transformations.
    ManageTransformations,
    /// Send examples, send again, recover and replay.
    CreateAttempts,
    /// Make, change and delete endpoints.
    ManageEndpoint,
}

/// What access is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppPortalAccessIn {
    /// The application to make if there is none with the `uid` in the path yet.
    application: Option<ApplicationIn>,
    /// Only `ViewBase`, whatever `capabilities` says.
    #[schema(deprecated)]
    read_only: Option<bool>,
    /// What the session may do; everything in this list when absent.
    capabilities: Option<Vec<AppPortalCapability>>,
    /// Event types with flags are seen if one of theirs is here, at most 25. Those without flags are always seen.
    feature_flags: Option<Vec<String>>,
    /// Seconds that the session lasts.
    #[schema(minimum = 3_600, maximum = 604_800, default = 604_800)]
    expiry: Option<u64>,
    /// A name for the session, to end it by. Several sessions may have the same one.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-zA-Z0-9@_-]+$")]
    session_id: Option<String>,
}

/// Access, given.
#[derive(Debug, Serialize, ToSchema)]
struct AppPortalAccessOut<'a> {
    /// The portal with a one-time key in the fragment. It opens one session within 10 minutes.
    #[schema(example = "https://hooks.example.com/portal#key=prk_2fJ0mJx9Q1yqQz4b3v6X8AxZ0aBcDeFg")]
    url: &'a str,
    /// A key of the application that may do what the session may.
    token: &'a str,
}

/// Which sessions end, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationTokenExpireIn {
    /// Seconds that they may go on; they end at once when absent.
    #[schema(minimum = 0, maximum = 259_200)]
    expiry: Option<u64>,
    /// Those with one of these names, at most 1,000; all when absent.
    session_ids: Option<Vec<String>>,
}

impl From<AppPortalCapability> for Capability {
    fn from(capability: AppPortalCapability) -> Self {
        match capability {
            AppPortalCapability::ViewBase => Self::ViewBase,
            AppPortalCapability::ViewEndpointSecret => Self::ViewEndpointSecret,
            AppPortalCapability::ManageEndpointSecret => Self::ManageEndpointSecret,
            AppPortalCapability::ManageTransformations => Self::ManageTransformations,
            AppPortalCapability::CreateAttempts => Self::CreateAttempts,
            AppPortalCapability::ManageEndpoint => Self::ManageEndpoint,
        }
    }
}

impl From<AppPortalAccessIn> for Access {
    fn from(asked: AppPortalAccessIn) -> Self {
        let given = asked.capabilities.map(|all| all.into_iter().map(Into::into).collect());
        Self {
            application: asked.application.map(Into::into),
            capabilities: if asked.read_only == Some(true) {
                Some(vec![Capability::ViewBase])
            } else {
                given
            },
            feature_flags: asked.feature_flags.unwrap_or_default(),
            expiry_seconds: asked.expiry,
            session: asked.session_id,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::Application(error) => error.into(),
            Error::NotASession => Self::plain(StatusCode::FORBIDDEN, "insufficient access", sentence(&error)),
        }
    }
}

/// Gives access to an application's portal
///
/// The link is for one person and one page view: ask for it when somebody opens the page. A request that is sent again
/// gives access again.
#[utoipa::path(
    post,
    path = "/api/v1/auth/app-portal-access/{app_id}",
    operation_id = "authentication.app_portal_access",
    tag = TAG,
    params(AppPath),
    request_body = AppPortalAccessIn,
    responses((status = 200, description = "The link and a token.", body = AppPortalAccessOut)),
)]
pub(crate) async fn grant(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Json { value, .. }: Json<AppPortalAccessIn>,
) -> Result<Response, Problem> {
    let granted = portal::grant(&context, identity, &path.app(), value.into()).await?;
    let out = AppPortalAccessOut { url: &granted.url, token: granted.token.expose() };
    Ok(answer::reply(StatusCode::OK, &out))
}

/// Ends the caller's session
///
/// For tokens of the portal. An API key is revoked instead.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    operation_id = "authentication.logout",
    tag = TAG,
    responses((status = 204, description = "The token opens nothing any more.")),
)]
pub(crate) async fn logout(
    _: Caller,
    Holder(holder): Holder,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    portal::logout(&context, holder).await?;
    Ok(answer::empty())
}

/// Ends sessions of an application's portal
#[utoipa::path(
    post,
    path = "/api/v1/auth/app/{app_id}/expire-all",
    operation_id = "authentication.expire_all",
    tag = TAG,
    params(AppPath),
    request_body = ApplicationTokenExpireIn,
    responses((status = 204, description = "They have ended, or will.")),
)]
pub(crate) async fn expire(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<AppPath>,
    Json { value, .. }: Json<ApplicationTokenExpireIn>,
) -> Result<Response, Problem> {
    portal::expire(&context, identity, &path.app(), value.session_ids, value.expiry).await?;
    Ok(answer::empty())
}
