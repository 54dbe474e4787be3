//! What can be done with a delivery.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::StatusCode;
use postrider_core::app::Ref;
use postrider_core::id::{EndpointId, MessageId};

use super::Named;
use crate::context::Context;
use crate::service::{audit, deliveries};
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::thing::Whose;
use crate::ui::form::Form;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Sends it again, now.
pub(super) async fn resend(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let (whose, message, endpoint) = named.parts();
    let act = deliveries::resend(&context, visitor.identity(), whose.owner(), &message, &endpoint, None);
    audit::doing(&context, "message_attempt.resend", visitor.doer(), act).await?;
    Ok(see(&named.path(&visitor)))
}

/// Gives it up.
pub(super) async fn skip(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let (whose, message, endpoint) = named.parts();
    let act = deliveries::skip(&context, visitor.identity(), whose.owner(), &message, &endpoint);
    audit::doing(&context, "delivery.skip", visitor.doer(), act).await?;
    Ok(see(&named.path(&visitor)))
}

impl Named {
    pub(super) fn parts(&self) -> (Whose, Ref<MessageId>, Ref<EndpointId>) {
        (Whose::named(&self.owner), Ref::parse(&self.message), Ref::parse(&self.endpoint))
    }

    fn path(&self, visitor: &SignedIn) -> String {
        super::path(visitor.environment().id, &self.owner, &self.message, &self.endpoint)
    }
}

impl From<deliveries::Error> for Failure {
    fn from(error: deliveries::Error) -> Self {
        match error {
            deliveries::Error::Access(error) => error.into(),
            deliveries::Error::NoPayload | deliveries::Error::Repeated(_) => {
                Self::new(StatusCode::CONFLICT, "Cannot be sent", format!("{error}."))
            }
        }
    }
}
