//! Endpoints: where an application's messages go.

mod everywhere;
mod example;
mod headers;
mod secret;
mod settings;
mod write;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::EndpointId;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::secret::SigningKey;
use postrider_core::time::Timestamp;
use postrider_store::{DeliveryStats, Listed, Page, Repeat};

pub use everywhere::{Everywhere, Spot, Which, everywhere};
pub use example::{Example, send_example};
pub use headers::{HeaderChanges, change_headers, set_headers};
pub use secret::{Rotation, rotate_secret};
pub use settings::Changes;
pub use write::{change, create, delete, upsert};

use super::access;
use super::fields::InvalidFields;
use crate::context::Context;

/// Why an act on endpoints fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Another endpoint of the application has the uid.
    #[error("an endpoint with this uid exists already")]
    UidTaken,
    /// The application has as many endpoints as it may have.
    #[error("an application has at most {limit} endpoints")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// Endpoints of an application by id.
pub async fn list<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    page: Page<EndpointId>,
) -> Result<Listed<Endpoint, EndpointId>, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let _turn = access::turn(context, &found).await?;
    Ok(context.store.endpoints(found.scope, page).await?)
}

/// One endpoint. Its signing keys are in it, for what signs; to show one is [`secret`], which takes another right.
pub async fn get<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
) -> Result<Endpoint, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    Ok(access::endpoint(context, found.scope, endpoint).await?)
}

/// The current signing key of an endpoint.
pub async fn secret<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
) -> Result<SigningKey, Error> {
    let found = access::app(context, identity, Right::ReadSecrets, app).await?;
    Ok(access::endpoint(context, found.scope, endpoint).await?.keys.current)
}

/// How many of an endpoint's deliveries of messages from `since` to before `until` stand where.
pub async fn stats<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    (since, until): (Timestamp, Timestamp),
) -> Result<DeliveryStats, Error> {
    let found = access::app(context, identity, Right::Read, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let _turn = access::turn(context, &found).await?;
    Ok(context.store.stats(found.scope, endpoint.id, since, until).await?)
}

access::causes!(Error);
