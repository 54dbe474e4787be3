//! What a caller's key reaches, and what its words in a path lead to.
//!
//! An object of another tenant does not exist ([`Error::Missing`]); an act that the key's kind never allows is
//! [`Error::Denied`]. Everything that acts on an application starts with [`app`].

use std::sync::Arc;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{AppId, EndpointId, MessageId, SourceId};
use postrider_core::message::Message;
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Denied, Identity};
use postrider_store::Error as StoreError;

use crate::context::Context;
use crate::directory::Route;
use crate::service::turns::Turn;
use crate::service::{audit, sources};

/// What every act can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key's kind does not allow the act.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Nothing that the caller may see has this id, uid or name.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// The application has too much of this under way.
    #[error("this application has too many {0} under way")]
    Crowded(&'static str),
    /// The application publishes faster than it may.
    #[error("this application publishes too fast")]
    TooFast {
        /// After which time it may publish again.
        retry_after: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An application that the caller may act on.
pub struct Found {
    /// The right to do so.
    pub scope: AppScope,
    /// The application, its environment and its endpoints, as of the last change.
    pub route: Arc<Route>,
}

/// Whose things are meant: an application's, or those of a source, which has a hidden one.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    /// The application that this names.
    App(&'a Ref<AppId>),
    /// The source that this names.
    Source(&'a Ref<SourceId>),
}

impl<'a> From<&'a Ref<AppId>> for Owner<'a> {
    fn from(app: &'a Ref<AppId>) -> Self {
        Self::App(app)
    }
}

impl<'a> From<&'a Ref<SourceId>> for Owner<'a> {
    fn from(source: &'a Ref<SourceId>) -> Self {
        Self::Source(source)
    }
}

/// The application that `owner` names, or the hidden one of the source that it names, for an act that takes `right`.
pub async fn app<'a>(
    context: &Context,
    identity: Identity,
    right: Right,
    owner: impl Into<Owner<'a>>,
) -> Result<Found, Error> {
    match owner.into() {
        Owner::App(app) => {
            identity.lookup(right)?;
            let found = context.directory.find(identity, right, app).await?;
            let (scope, route) = found.ok_or(Error::Missing("application"))?;
            audit::about("app", scope.app());
            Ok(Found { scope, route })
        }
        Owner::Source(source) => {
            let (_, scope) = sources::find(context, identity, right, source).await?;
            let route = context.directory.route(scope.app()).await?;
            Ok(Found { scope, route: route.ok_or(Error::Missing("source"))? })
        }
    }
}

/// Waits for the application's turn to read a list. It is over when the result is dropped: before the answer is written.
pub(super) async fn turn(context: &Context, found: &Found) -> Result<Turn, Error> {
    context.turns.take(found.scope.app()).await.ok_or(Error::Crowded("lists"))
}

/// The endpoint that `endpoint` names.
pub async fn endpoint(
    context: &Context,
    scope: AppScope,
    endpoint: &Ref<EndpointId>,
) -> Result<Endpoint, Error> {
    let found = context.store.endpoint(scope, endpoint).await?.ok_or(Error::Missing("endpoint"))?;
    audit::about("endpoint", found.id);
    Ok(found)
}

/// The message that `message` names.
pub async fn message(
    context: &Context,
    scope: AppScope,
    message: &Ref<MessageId>,
    with_payload: bool,
) -> Result<Message, Error> {
    let found =
        context.store.message(scope, message, with_payload).await?.ok_or(Error::Missing("message"))?;
    audit::about("message", found.id);
    Ok(found)
}

/// Makes a change to an application take effect in routing and in the lanes of its endpoints.
pub(super) fn app_changed(context: &Context, route: &Route) {
    context.directory.forget(route.app.id);
    for destination in &route.destinations {
        context.lanes.changed(route.app.id, destination.endpoint.id);
    }
}

/// Makes a change to an endpoint take effect in routing and in its lane.
pub(super) fn endpoint_changed(context: &Context, app: AppId, endpoint: EndpointId) {
    context.directory.forget(app);
    context.lanes.changed(app, endpoint);
}

/// Lets `?` turn what every act can fail with into an error that has `Access(access::Error)`.
macro_rules! causes {
    ($error:ident) => {
        impl From<postrider_core::scope::Denied> for $error {
            fn from(denied: postrider_core::scope::Denied) -> Self {
                Self::Access(denied.into())
            }
        }

        impl From<postrider_store::Error> for $error {
            fn from(error: postrider_store::Error) -> Self {
                Self::Access(error.into())
            }
        }
    };
}
pub(super) use causes;
