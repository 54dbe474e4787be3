//! Signing out.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};

use super::answer::No;
use super::cookie;
use crate::context::Context;
use crate::service::{audit, people::sign_in};
use crate::ui::form::Form;
use crate::ui::page::see;
use crate::ui::signed_in::{Rejection, SIGN_IN, Visitor};

/// Ends the session; whoever is in none is out already.
pub(super) async fn submit(
    State(context): State<Context>,
    visitor: Result<Visitor, Rejection>,
    request: Request,
) -> Response {
    let visitor = match visitor {
        Ok(visitor) => visitor,
        Err(Rejection::Anonymous(_)) => return see(SIGN_IN),
        Err(rejection) => return rejection.into_response(),
    };
    if Form::read_signed(&visitor, &context, request).await.is_err() {
        return No::not_ours().alone("Not signed out");
    }
    let ending = sign_in::out(&context, visitor.entered());
    match audit::doing(&context, "session.end", visitor.doer(), ending).await {
        Ok(()) => {
            let mut response = see(SIGN_IN);
            cookie::forget_session(&context, &mut response);
            response
        }
        Err(error) => No::from(sign_in::Error::from(error)).alone("Not signed out"),
    }
}
