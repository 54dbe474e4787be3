//! What can be done with an endpoint.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use postrider_core::rights::Right;
use postrider_core::time::Timestamp;

use super::{Known, Named, settings};
use crate::context::Context;
use crate::service::endpoints::{self, Changes};
use crate::service::replay;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::span::Span;
use crate::ui::form::Form;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;

/// Sends nothing until it is resumed.
pub(super) async fn pause(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    disable(&visitor, &context, &named, true).await
}

/// Sends what waits, and what comes.
pub(super) async fn resume(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    disable(&visitor, &context, &named, false).await
}

async fn disable(
    visitor: &SignedIn,
    context: &Context,
    named: &Named,
    disabled: bool,
) -> Result<Response, Failure> {
    let (whose, endpoint) = named.parts();
    let changes = Changes { disabled: Some(disabled), ..Changes::default() };
    let changing = endpoints::change(context, visitor.identity(), whose.owner(), &endpoint, changes);
    act::done(visitor, context, "endpoint.patch", changing).await?;
    Ok(see(&named.path(visitor)))
}

/// Begins to send again what was given up.
pub(super) async fn recover(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    let known = named.find(&context, &visitor).await?;
    let (identity, endpoint) = (visitor.identity(), named.parts().1);
    let times = (since(&form, &known, context.now()), None);
    let beginning = replay::recover(&context, identity, known.whose.owner(), &endpoint, times, None);
    let task = act::done(&visitor, &context, "endpoint.recover", beginning).await?;
    Ok(see(&format!("{}/{}", visitor.path(Place::Replays), task.id)))
}

/// Begins to send what never went there.
pub(super) async fn replay_missing(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    let known = named.find(&context, &visitor).await?;
    let (identity, endpoint) = (visitor.identity(), named.parts().1);
    let times = (since(&form, &known, context.now()), None);
    let beginning = replay::replay_missing(&context, identity, known.whose.owner(), &endpoint, times, None);
    let task = act::done(&visitor, &context, "endpoint.replay_missing", beginning).await?;
    Ok(see(&format!("{}/{}", visitor.path(Place::Replays), task.id)))
}

/// From when on: one of the spans, or since it fails.
fn since(form: &Form, known: &Known, now: Timestamp) -> Timestamp {
    let chosen = form.get("since");
    match known.endpoint.failing_since {
        Some(since) if chosen == "failing" => since,
        _ => Span::read(&format!("span={chosen}")).since(now),
    }
}

/// Deletes it, if its name was typed.
pub(super) async fn delete(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::ManageEndpoints)?;
    let known = named.find(&context, &visitor).await?;
    if form.get("confirm").trim() != known.confirmation() {
        let ending = Filled::but(&form, "confirm", "This is not what stands above.");
        let filled = super::form::filled(&known.endpoint);
        return Ok(settings::answer(&visitor, &known, &filled, &ending));
    }
    let endpoint = named.parts().1;
    let deleting = endpoints::delete(&context, visitor.identity(), known.whose.owner(), &endpoint);
    act::done(&visitor, &context, "endpoint.delete", deleting).await?;
    Ok(see(&visitor.path(Place::Endpoints)))
}
