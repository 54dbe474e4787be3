//! What went there last.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};

use super::Named;
use super::frame::{Tab, page};
use crate::context::Context;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::recent;
use crate::ui::signed_in::SignedIn;

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let known = named.find(&context, &visitor).await?;
    let q = format!("endpoint:{}", known.endpoint.id);
    let hits = recent::read(&context, visitor.identity(), &q).await?;
    let body = recent::card(&visitor, &hits, &q);
    Ok(page(&visitor, &known, Tab::Deliveries, &body).into_response())
}
