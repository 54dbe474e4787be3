//! API keys, for whoever runs the instance.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_core::app::Ref;
use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::Key;
use postrider_core::scope;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::body::Json;
use super::caller::Caller;
use super::path::{KeyPath, Path};
use super::problem::Problem;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::keys::{self, Error, NewKey, Reach};

const TAG: &str = "Key";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(revoke))
}

/// What a key may reach.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyScope {
    /// Environments and keys, but no data.
    Instance,
    /// Everything in one environment.
    Environment,
    /// One application: its endpoints, messages and attempts.
    App,
}

/// An API key, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KeyOut<'a> {
    /// Its id.
    #[schema(value_type = String)]
    id: KeyId,
    /// A name for people.
    name: &'a str,
    /// What it may reach.
    scope: KeyScope,
    /// The environment it reaches into.
    #[schema(value_type = Option<String>)]
    environment: Option<EnvironmentId>,
    /// The application it is bound to.
    #[schema(value_type = Option<String>)]
    app: Option<AppId>,
    /// The first characters of the token, to recognise it by.
    hint: &'a str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on it is refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Since when it is refused because someone revoked it.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A new API key, with its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewKeyOut<'a> {
    #[serde(flatten)]
    key: KeyOut<'a>,
    /// The token, to be sent as `Authorization: Bearer …`. It is shown only here.
    token: &'a str,
}

/// All API keys.
#[derive(Debug, Serialize, ToSchema)]
struct KeysOut<'a> {
    /// Oldest first, revoked and expired ones too.
    data: Vec<KeyOut<'a>>,
}

/// An API key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyIn {
    /// A name for people, 1 to 4,096 bytes.
    #[schema(min_length = 1, example = "billing service")]
    name: String,
    /// What it may reach.
    scope: KeyScope,
    /// The environment, for the scopes `environment` and `app`.
    #[schema(value_type = Option<String>)]
    environment: Option<EnvironmentId>,
    /// The application's id or `uid`, for the scope `app`.
    app: Option<String>,
    /// From when on it is refused; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl<'a> From<&'a Key> for KeyOut<'a> {
    fn from(key: &'a Key) -> Self {
        let (scope, environment, app) = match key.identity.reach() {
            scope::Reach::Instance => (KeyScope::Instance, None, None),
            scope::Reach::Environment(environment) => (KeyScope::Environment, Some(environment), None),
            scope::Reach::App(environment, app) => (KeyScope::App, Some(environment), Some(app)),
        };
        Self {
            id: key.id,
            name: &key.name,
            scope,
            environment,
            app,
            hint: &key.hint,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl KeyIn {
    fn reach(&self) -> Result<Reach, InvalidFields> {
        let environment = || self.environment.ok_or_else(|| InvalidFields::missing("environment"));
        match self.scope {
            KeyScope::Instance => Ok(Reach::Instance),
            KeyScope::Environment => Ok(Reach::Environment(environment()?)),
            KeyScope::App => {
                let app = self.app.as_deref().ok_or_else(|| InvalidFields::missing("app"))?;
                Ok(Reach::App(environment()?, Ref::parse(app)))
            }
        }
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

/// Lists API keys
///
/// Needs a key of scope `instance`.
#[utoipa::path(
    get,
    path = "/api/v1/key",
    operation_id = "key.list",
    tag = TAG,
    responses((status = 200, description = "All keys.", body = KeysOut)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    let keys = keys::list(&context, identity).await?;
    Ok(answer::reply(StatusCode::OK, &KeysOut { data: keys.iter().map(KeyOut::from).collect() }))
}

/// Makes an API key
///
/// Needs a key of scope `instance`. The token is in this answer and nowhere else, so a request that is sent again
/// makes another key.
#[utoipa::path(
    post,
    path = "/api/v1/key",
    operation_id = "key.create",
    tag = TAG,
    request_body = KeyIn,
    responses((status = 201, description = "The new key with its token.", body = NewKeyOut)),
)]
pub(crate) async fn create(
    Caller(identity): Caller,
    State(context): State<Context>,
    Json { value, .. }: Json<KeyIn>,
) -> Result<Response, Problem> {
    let reach = value.reach()?;
    let new = NewKey { reach, name: value.name, expires_at: value.expires_at };
    let (key, token) = keys::create(&context, identity, new).await?;
    Ok(answer::reply(StatusCode::CREATED, &NewKeyOut { key: KeyOut::from(&key), token: token.expose() }))
}

/// Revokes an API key
///
/// Needs a key of scope `instance`. The key opens nothing any more when this answers.
#[utoipa::path(
    delete,
    path = "/api/v1/key/{key_id}",
    operation_id = "key.revoke",
    tag = TAG,
    params(KeyPath),
    responses((status = 204, description = "It is revoked.")),
)]
pub(crate) async fn revoke(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<KeyPath>,
) -> Result<Response, Problem> {
    keys::revoke(&context, identity, path.key()?).await?;
    Ok(answer::empty())
}
