//! What the acts of pages have in common: their form is from a page of ours, and they are in the audit log.

use axum::extract::Request;
use futures_util::future::BoxFuture;

use super::failure::Failure;
use crate::context::Context;
use crate::service::audit;
use crate::ui::form::Form;
use crate::ui::signed_in::SignedIn;

/// The form that the visitor has sent.
pub(super) async fn form(visitor: &SignedIn, context: &Context, request: Request) -> Result<Form, Failure> {
    Form::read_signed(visitor, context, request).await.map_err(|_| Failure::not_ours())
}

/// Does something for the visitor and records it as `action`, which is what the API calls it. Acts are large while they
/// are under way, so they are in a box.
pub(super) fn done<'a, T: Send + 'a, E: Send + 'a>(
    visitor: &SignedIn,
    context: &'a Context,
    action: &'a str,
    act: impl Future<Output = Result<T, E>> + Send + 'a,
) -> BoxFuture<'a, Result<T, E>> {
    Box::pin(audit::doing(context, action, visitor.doer(), act))
}
