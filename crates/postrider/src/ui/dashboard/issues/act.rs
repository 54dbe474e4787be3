//! What can be done with an issue.

use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use postrider_core::issue::Said;

use super::Named;
use crate::context::Context;
use crate::service::{audit, issues};
use crate::ui::dashboard::failure::Failure;
use crate::ui::form::Form;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// How long an issue is muted from the page.
const MUTED: Duration = Duration::from_secs(24 * 3_600);

/// Notes what somebody says of it.
pub(super) async fn say(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let said = match form.get("said") {
        "acknowledged" => Said::Acknowledged,
        "muted" => Said::Muted(Some(context.now().after(MUTED))),
        "resolved" => Said::Resolved,
        _ => Said::Open,
    };
    let act = issues::say(&context, visitor.identity(), named.id()?, said);
    let issue = audit::doing(&context, "issue.patch", visitor.doer(), act).await?;
    Ok(see(&format!("{}/{}", visitor.path(Place::Issues), issue.id)))
}

/// Sends again what was given up.
pub(super) async fn replay(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let act = issues::replay(&context, visitor.identity(), named.id()?, None);
    let task = audit::doing(&context, "issue.replay", visitor.doer(), act).await?;
    Ok(see(&format!("{}/{}", visitor.path(Place::Replays), task.id)))
}
