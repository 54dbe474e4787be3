//! What paths name. Wherever a path takes an id it takes the caller's own `uid` too.

use axum::extract::FromRequestParts;
use axum::extract::Path as AxumPath;
use http::request::Parts;
use postrider_core::app::Ref;
use postrider_core::id::{
    AppId, AttemptId, EndpointId, IssueId, KeyId, MessageId, PersonId, SourceId, TaskId,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::context::Context;

/// The parameters in a path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Context> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        // Only a path that is not UTF-8 gets here: nothing can have such a name.
        let found = AxumPath::<T>::from_request_parts(parts, context).await;
        found
            .map(|AxumPath(path)| Self(path))
            .map_err(|_| Problem::not_found("There is nothing at this path."))
    }
}

/// An application.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AppPath {
    /// The application's id or `uid`.
    #[param(example = "customer-42")]
    app_id: String,
}

/// An endpoint of an application.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EndpointPath {
    /// The application's id or `uid`.
    #[param(example = "customer-42")]
    app_id: String,
    /// The endpoint's id or `uid`.
    endpoint_id: String,
}

/// A message of an application.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MessagePath {
    /// The application's id or `uid`.
    #[param(example = "customer-42")]
    app_id: String,
    /// The message's id or `eventId`.
    msg_id: String,
}

/// A message on its way to one endpoint.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(clippy::struct_field_names, reason = "the contract names the parameters")]
pub(crate) struct DeliveryPath {
    /// The application's id or `uid`.
    #[param(example = "customer-42")]
    app_id: String,
    /// The message's id or `eventId`.
    msg_id: String,
    /// The endpoint's id or `uid`.
    endpoint_id: String,
}

/// An attempt of a message.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(clippy::struct_field_names, reason = "the contract names the parameters")]
pub(crate) struct AttemptPath {
    /// The application's id or `uid`.
    #[param(example = "customer-42")]
    app_id: String,
    /// The message's id or `eventId`.
    msg_id: String,
    /// The attempt's id.
    attempt_id: String,
}

/// A source.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SourcePath {
    /// The source's id or `uid`.
    #[param(example = "shop")]
    source_id: String,
}

/// An endpoint of a source.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SourceEndpointPath {
    /// The source's id or `uid`.
    #[param(example = "shop")]
    source_id: String,
    /// The endpoint's id or `uid`.
    endpoint_id: String,
}

/// A message that a source received.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ReceptionPath {
    /// The source's id or `uid`.
    #[param(example = "shop")]
    source_id: String,
    /// The message's id.
    reception_id: String,
}

/// A background task.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TaskPath {
    /// The task's id.
    #[param(example = "qtask_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    task_id: String,
}

/// An issue.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct IssuePath {
    /// The issue's id.
    #[param(example = "iss_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    issue_id: String,
}

/// An event type.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EventTypePath {
    /// The event type's name.
    #[param(example = "invoice.paid")]
    pub(crate) event_type_name: String,
}

/// An API key.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct KeyPath {
    /// The key's id.
    key_id: String,
}

/// A user.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserPath {
    /// The user's id.
    user_id: String,
}

/// Methods that name what a part of a path refers to.
macro_rules! refers {
    ($path:ident: $($method:ident $field:ident $id:ident),+) => {
        impl $path {
            $(
                pub(crate) fn $method(&self) -> Ref<$id> {
                    Ref::parse(&self.$field)
                }
            )+
        }
    };
}

refers!(AppPath: app app_id AppId);
refers!(EndpointPath: app app_id AppId, endpoint endpoint_id EndpointId);
refers!(MessagePath: app app_id AppId, message msg_id MessageId);
refers!(DeliveryPath: app app_id AppId, message msg_id MessageId, endpoint endpoint_id EndpointId);
refers!(SourcePath: source source_id SourceId);
refers!(SourceEndpointPath: source source_id SourceId, endpoint endpoint_id EndpointId);
refers!(ReceptionPath: source source_id SourceId);
refers!(AttemptPath: app app_id AppId, message msg_id MessageId);

impl ReceptionPath {
    /// The message; received ones have no names but their ids.
    pub(crate) fn message(&self) -> Result<MessageId, Problem> {
        self.reception_id.parse().map_err(|_| Problem::not_found("There is no such message."))
    }
}

impl TaskPath {
    /// The task; tasks have no names but their ids.
    pub(crate) fn task(&self) -> Result<TaskId, Problem> {
        self.task_id.parse().map_err(|_| Problem::not_found("There is no such background task."))
    }
}

impl IssuePath {
    /// The issue; issues have no names but their ids.
    pub(crate) fn issue(&self) -> Result<IssueId, Problem> {
        self.issue_id.parse().map_err(|_| Problem::not_found("There is no such issue."))
    }
}

impl AttemptPath {
    /// The attempt; attempts have no names but their ids.
    pub(crate) fn attempt(&self) -> Result<AttemptId, Problem> {
        self.attempt_id.parse().map_err(|_| Problem::not_found("There is no such attempt."))
    }
}

impl UserPath {
    /// The user; users have no names but their ids.
    pub(crate) fn user(&self) -> Result<PersonId, Problem> {
        self.user_id.parse().map_err(|_| Problem::not_found("There is no such user."))
    }
}

impl KeyPath {
    /// The key; keys have no names but their ids.
    pub(crate) fn key(&self) -> Result<KeyId, Problem> {
        self.key_id.parse().map_err(|_| Problem::not_found("There is no such key."))
    }
}
