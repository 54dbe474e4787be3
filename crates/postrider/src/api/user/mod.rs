//! Users: who signs in to the dashboard, for whoever runs the instance.

mod model;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_store::Ending;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::body::Json;
use super::caller::Caller;
use super::path::{Path, UserPath};
use super::problem::{Problem, sentence};
use crate::context::Context;
use crate::service::people::{Error, manage, sessions};
use model::{EndedOut, UserIn, UserLinkOut, UserOut, UserPatch, UserSessionsOut, UsersOut};

const TAG: &str = "User";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, patch))
        .routes(routes!(reset))
        .routes(routes!(list_sessions, end_sessions))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Access(error) => error.into(),
            Error::Invalid(invalid) => invalid.into(),
            Error::Taken | Error::LastAdmin | Error::Disabled => Self::conflict(sentence(&error)),
            Error::TooMany { .. } => Self::too_many(&error),
            Error::Busy(_) => {
                let wait = std::time::Duration::from_secs(1);
                Self::passing(StatusCode::SERVICE_UNAVAILABLE, "overloaded", sentence(&error), wait)
            }
        }
    }
}

/// Lists users
///
/// Needs a key of scope `instance`.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "user.list",
    tag = TAG,
    responses((status = 200, description = "All users.", body = UsersOut)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
) -> Result<Response, Problem> {
    let people = manage::list(&context, identity).await?;
    Ok(answer::reply(StatusCode::OK, &UsersOut { data: people.iter().map(UserOut::from).collect() }))
}

/// Invites a user
///
/// Needs a key of scope `instance`. No mail is sent: the answer has a link, to be handed on, with which the user chooses a
/// password. It works once, for 24 hours.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "user.create",
    tag = TAG,
    request_body = UserIn,
    responses((status = 201, description = "The user, and the link for them.", body = UserLinkOut)),
)]
pub(crate) async fn create(
    Caller(identity): Caller,
    State(context): State<Context>,
    Json { value, .. }: Json<UserIn>,
) -> Result<Response, Problem> {
    let (person, issued) = manage::invite(&context, identity, value.into()).await?;
    Ok(answer::reply(StatusCode::CREATED, &UserLinkOut::new(&person, &issued)))
}

/// Gets a user
///
/// Needs a key of scope `instance`.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}",
    operation_id = "user.get",
    tag = TAG,
    params(UserPath),
    responses((status = 200, description = "The user.", body = UserOut)),
)]
pub(crate) async fn get(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<UserPath>,
) -> Result<Response, Problem> {
    let person = manage::get(&context, identity, path.user()?).await?;
    Ok(answer::reply(StatusCode::OK, &UserOut::from(&person)))
}

/// Changes a user
///
/// Needs a key of scope `instance`. What a user may do changes at once, in sessions under way too. The last admin of all
/// environments stays one.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{user_id}",
    operation_id = "user.patch",
    tag = TAG,
    params(UserPath),
    request_body = UserPatch,
    responses((status = 200, description = "The user as they are now.", body = UserOut)),
)]
pub(crate) async fn patch(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<UserPath>,
    Json { value, .. }: Json<UserPatch>,
) -> Result<Response, Problem> {
    let person = manage::change(&context, identity, path.user()?, value.into()).await?;
    Ok(answer::reply(StatusCode::OK, &UserOut::from(&person)))
}

/// Resets a user's password
///
/// Needs a key of scope `instance`. The password is gone and all sessions of the user end; the answer has a link with which
/// they choose another password. It works once, for 24 hours.
#[utoipa::path(
    post,
    path = "/api/v1/users/{user_id}/reset",
    operation_id = "user.reset",
    tag = TAG,
    params(UserPath),
    responses((status = 200, description = "The user, and the link for them.", body = UserLinkOut)),
)]
pub(crate) async fn reset(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<UserPath>,
) -> Result<Response, Problem> {
    let (person, issued) = manage::reset(&context, identity, path.user()?).await?;
    Ok(answer::reply(StatusCode::OK, &UserLinkOut::new(&person, &issued)))
}

/// Lists a user's sessions
///
/// Needs a key of scope `instance`.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}/sessions",
    operation_id = "user.list_sessions",
    tag = TAG,
    params(UserPath),
    responses((status = 200, description = "Where the user is signed in.", body = UserSessionsOut)),
)]
pub(crate) async fn list_sessions(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<UserPath>,
) -> Result<Response, Problem> {
    let sessions = manage::sessions(&context, identity, path.user()?).await?;
    let data = sessions.iter().map(Into::into).collect();
    Ok(answer::reply(StatusCode::OK, &UserSessionsOut { data }))
}

/// Ends a user's sessions
///
/// Needs a key of scope `instance`. They open nothing any more when this answers.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user_id}/sessions",
    operation_id = "user.end_sessions",
    tag = TAG,
    params(UserPath),
    responses((status = 200, description = "How many there were.", body = EndedOut)),
)]
pub(crate) async fn end_sessions(
    Caller(identity): Caller,
    State(context): State<Context>,
    Path(path): Path<UserPath>,
) -> Result<Response, Problem> {
    let ended = sessions::end(&context, identity, path.user()?, Ending::AllBut(None)).await?;
    Ok(answer::reply(StatusCode::OK, &EndedOut { ended }))
}
