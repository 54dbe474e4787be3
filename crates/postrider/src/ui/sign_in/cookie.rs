//! The cookies of signing in: of the session, and of the way to the identity provider and back.
//!
//! They go with a person who follows a link from elsewhere to the dashboard (`SameSite=Lax`), since they are signed in
//! there; and with nothing that another site sends. Scripts cannot read them.

use axum::response::Response;
use http::{HeaderValue, header};
use postrider_core::session::{LENGTH, Ticket};

use crate::context::Context;
use crate::ui::signed_in::session_cookie;

/// Seconds that a person may stay at the identity provider.
const AWAY_S: u64 = 600;

/// Has the browser keep a session.
pub(super) fn keep_session(context: &Context, response: &mut Response, ticket: &Ticket) {
    set(context, response, session_cookie(context), ticket.expose(), LENGTH.as_secs());
}

/// Has the browser forget its session.
pub(super) fn forget_session(context: &Context, response: &mut Response) {
    set(context, response, session_cookie(context), "", 0);
}

/// The cookie of the way to the identity provider.
pub(super) fn way(context: &Context) -> &'static str {
    if is_secure(context) { "__Host-postrider-oidc" } else { "postrider-oidc" }
}

/// Has the browser keep what it takes to come back from there.
pub(super) fn keep_way(context: &Context, response: &mut Response, value: &str) {
    set(context, response, way(context), value, AWAY_S);
}

/// Has the browser forget it.
pub(super) fn forget_way(context: &Context, response: &mut Response) {
    set(context, response, way(context), "", 0);
}

fn is_secure(context: &Context) -> bool {
    context.public_url().starts_with("https://")
}

fn set(context: &Context, response: &mut Response, name: &str, value: &str, seconds: u64) {
    let secure = if is_secure(context) { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
