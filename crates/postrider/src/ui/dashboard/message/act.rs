//! What can be done with a message.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use postrider_core::app::Ref;
use postrider_core::id::EndpointId;
use postrider_core::rights::Right;

use super::{Named, ROWS};
use crate::context::Context;
use crate::service::deliveries;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::thing::Whose;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Sends it to the endpoints that are ticked.
pub(super) async fn send(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Send)?;
    let (whose, message) = (Whose::named(&named.owner), Ref::parse(&named.message));
    let ticked: Vec<EndpointId> = form.all("endpoint").filter_map(|id| id.parse().ok()).take(ROWS).collect();
    for endpoint in ticked {
        let endpoint = Ref::Id(endpoint);
        let sending =
            deliveries::resend(&context, visitor.identity(), whose.owner(), &message, &endpoint, None);
        act::done(&visitor, &context, "message_attempt.resend", sending).await?;
    }
    Ok(see(&named.path(&visitor)))
}
