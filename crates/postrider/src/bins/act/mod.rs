//! What the forms of a page do.
//!
//! All but the check of a signature change something, so they take the token of the page, and nobody does them by a shared
//! link. What is done is shown by the page itself: after a change by a redirect to it, after a check or a replay in the
//! answer, where nothing of it is kept.

pub(super) mod replay;
pub(super) mod script;
mod signature;

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::page::{self, Finding};
use super::told;
use super::viewer::Viewer;
use crate::context::Context;
use crate::server::Peer;
use crate::service::bins::{LIFETIME_DEFAULT, Mode};
use crate::ui::form::Form;
use crate::ui::page::see;

/// Answers a `POST` below `/-/`.
pub(super) async fn serve(context: &Context, viewer: &Viewer, path: &str, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let Ok(form) = Form::read(context, request).await else { return told::not_from_here() };
    if path == "verify" {
        return signature::check(context, viewer, &form);
    }
    if !viewer.may_act() {
        let detail = "A shared link shows a bin and changes nothing in it.";
        return told::told(StatusCode::FORBIDDEN, "read_only", detail);
    }
    if !context.bins.is_form_token(&viewer.name, form.get("token")) {
        return told::not_from_here();
    }
    if path == "replay" && !may_send(context, peer) {
        return failed(
            context,
            viewer,
            "without a key, requests are sent on for browsers of the same machine alone",
        );
    }
    act(context, viewer, path, &form).await
}

/// Whether requests are sent on for a client at this address. Where bins are open, this machine's own services mostly
/// are, too, and not to the whole network.
fn may_send(context: &Context, peer: Option<Peer>) -> bool {
    let is_near = peer.is_none_or(|Peer(address)| address.to_canonical().is_loopback());
    is_near || context.bins.settings().mode != Mode::Open
}

async fn act(context: &Context, viewer: &Viewer, path: &str, form: &Form) -> Response {
    let (bins, name) = (&context.bins, &viewer.name);
    let number = form.get("request").parse::<u64>();
    match (path, number) {
        ("replay", Ok(number)) => return replay::send(context, viewer, number, form).await,
        ("script", _) => return script::change_by_form(context, viewer, form),
        ("share", _) => {
            let hours =
                form.get("hours").parse().map(|hours: u64| Duration::from_secs(hours.saturating_mul(3600)));
            if let Err(error) = bins.share(name, hours.unwrap_or(LIFETIME_DEFAULT)) {
                return failed(context, viewer, &error.to_string());
            }
        }
        ("unshare", _) => bins.unshare(name, form.get("link")),
        ("note", Ok(number)) => {
            bins.note(name, number, form.get("note"));
            return see(&format!("{}?r={number}", viewer.base));
        }
        ("delete", Ok(number)) => bins.delete(name, number),
        ("clear", _) => bins.clear(name),
        _ => return told::not_found(),
    }
    see(&viewer.base)
}

/// The page with why something was not done.
fn failed(context: &Context, viewer: &Viewer, why: &str) -> Response {
    let page = page::with(context, viewer, None, &Finding::Failed(why.to_owned()));
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response()
}
