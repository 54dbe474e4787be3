//! What can be done with an application.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use postrider_core::rights::Right;

use super::{Named, called, form, settings};
use crate::context::Context;
use crate::service::apps;
use crate::service::portal::{self, Access};
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// How long a portal stays open that somebody opened from here.
const LOOK_SECONDS: u64 = 3_600;

/// Deletes it, if its name was typed.
pub(super) async fn delete(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Manage)?;
    let app = named.find(&context, &visitor).await?;
    if form.get("confirm").trim() != called(&app).trim() {
        let ending = Filled::but(&form, "confirm", "This is not what stands above.");
        return Ok(settings::answer(&visitor, &app, &form::filled(&app), &ending));
    }
    let name = named.app();
    let deleting = apps::delete(&context, visitor.identity(), &name);
    act::done(&visitor, &context, "application.delete", deleting).await?;
    Ok(see(&visitor.path(Place::Applications)))
}

/// Opens the portal as its customer sees it.
pub(super) async fn open_portal(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let access = Access {
        expiry_seconds: Some(LOOK_SECONDS),
        session: Some("dashboard".to_owned()),
        ..Access::default()
    };
    let name = named.app();
    let granting = portal::grant(&context, visitor.identity(), &name, access);
    let granted = act::done(&visitor, &context, "authentication.app_portal_access", granting).await?;
    // The dashboard's own server has the portal too: a browser is not led elsewhere from a form of this page.
    Ok(see(granted.url.strip_prefix(context.public_url()).unwrap_or(&granted.url)))
}
