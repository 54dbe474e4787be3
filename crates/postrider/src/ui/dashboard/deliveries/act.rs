//! Selected deliveries are sent again.

use axum::extract::{Request, State};
use axum::response::Response;
use postrider_core::app::Ref;

use super::address;
use crate::context::Context;
use crate::service::{access, audit, deliveries};
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::thing::Whose;
use crate::ui::form::Form;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Deliveries that are sent again at once: what a page selects. More are a replay.
const MOST: usize = 200;

/// Sends those that are picked again. One that cannot be is left out, as is one that is gone meanwhile: each shows in the
/// list how it stands.
pub(super) async fn resend(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    for pick in form.all("pick").take(MOST) {
        let mut parts = pick.split('/');
        let (Some(owner), Some(message), Some(endpoint)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let (whose, message, endpoint) = (Whose::named(owner), Ref::parse(message), Ref::parse(endpoint));
        let identity = visitor.identity();
        let act = deliveries::resend(&context, identity, whose.owner(), &message, &endpoint, None);
        match audit::doing(&context, "message_attempt.resend", visitor.doer(), act).await {
            Ok(())
            | Err(
                deliveries::Error::NoPayload
                | deliveries::Error::Repeated(_)
                | deliveries::Error::Access(access::Error::Missing(_)),
            ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(see(&address(&visitor.path(Place::Deliveries), form.get("q"), None)))
}
