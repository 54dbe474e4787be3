//! What can be done with an event type.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use postrider_core::rights::Right;

use super::{Named, form, path, settings};
use crate::context::Context;
use crate::service::event_types::{self, Changes};
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Takes it out of lists.
pub(super) async fn archive(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let archiving = event_types::delete(&context, visitor.identity(), &named.name, false);
    act::done(&visitor, &context, "event_type.delete", archiving).await?;
    Ok(see(&path(&visitor, &named.name)))
}

/// Brings it back into lists.
pub(super) async fn restore(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let changes = Changes { archived: Some(false), ..Changes::default() };
    let restoring = event_types::change(&context, visitor.identity(), &named.name, changes);
    act::done(&visitor, &context, "event_type.patch", restoring).await?;
    Ok(see(&path(&visitor, &named.name)))
}

/// Deletes it for good, if its name was typed.
pub(super) async fn delete(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Manage)?;
    let event_type = named.find(&context, &visitor).await?;
    if form.get("confirm").trim() != event_type.name {
        let ending = Filled::but(&form, "confirm", "This is not what stands above.");
        return Ok(settings::answer(&visitor, &event_type, &form::filled(&event_type), &ending));
    }
    let deleting = event_types::delete(&context, visitor.identity(), &event_type.name, true);
    act::done(&visitor, &context, "event_type.delete", deleting).await?;
    Ok(see(&visitor.path(Place::EventTypes)))
}
