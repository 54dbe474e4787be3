//! The portal: where a customer looks after the endpoints of one application, in a tab or inside of the operator's page.
//!
//! A link brings a one-time key in the fragment of its address. The [`door`] is a page whose script exchanges it for a
//! session. From there on the browser's cookie opens the pages; where a browser keeps no cookies for pages inside of other
//! sites' pages, the script holds the session's token in memory, fetches each page with it, and puts it in the place of the
//! one before. Pages are the same for both, and know nothing of it.
//!
//! Invariants:
//! - Every page asks the services with what the session reaches and may do ([`Customer`](customer::Customer)): what is
//!   hidden is refused too, and nothing of another application is found.
//! - Only the sites of `portal.origins` may show a page inside of theirs, and only they are told anything ([`embedders`]);
//!   the dashboard shows one that says that it is a preview.
//! - No page has a style of its own: colours are checked, and stand in a stylesheet ([`theme`]).

mod activity;
mod catalog;
mod contrast;
mod customer;
mod delivery;
mod door;
mod embedders;
mod endpoint;
mod failure;
mod frame;
mod look;
mod subscriptions;
mod theme;

use std::sync::Arc;

use axum::extract::{FromRef, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderName, HeaderValue, header};

pub(super) use self::contrast::{Contrast, Reading, readings};
pub(super) use self::look::Look;
pub(super) use self::theme::FONTS;

use self::embedders::Embedders;
use self::failure::Failure;
use super::assets;
use crate::context::Context;
use crate::service::portal::PAGE;

/// What the pages share.
#[derive(Clone)]
struct Shared {
    context: Context,
    embedders: Arc<Embedders>,
}

impl FromRef<Shared> for Context {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.context)
    }
}

/// All pages, and the script for sites that show them inside of theirs. `origins` are these sites.
pub(crate) fn router(context: Context, origins: &[String]) -> Router {
    let shared = Shared { context, embedders: Arc::new(Embedders::new(origins)) };
    let pages = Router::new()
        .merge(door::router())
        .merge(endpoint::router())
        .merge(activity::router())
        .merge(delivery::router())
        .merge(catalog::router())
        .route(&format!("{PAGE}/{{*rest}}"), get(missing))
        .layer(from_fn_with_state(shared.clone(), dress))
        .with_state(shared);
    pages.merge(theme::router()).route("/portal.js", get(embed).layer(middleware::from_fn(for_others)))
}

/// Gives an answer what all answers of the portal have: who may show it inside of their pages. A failure becomes a page.
async fn dress(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let look = Look::of(request.headers());
    // The door is told by its address; the pages behind it by what it kept.
    let is_preview = look.is_preview || Look::read(request.uri().query().unwrap_or_default()).is_preview;
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = frame::failure(&failure, &look).into_response();
    }
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(shared.embedders.policy(is_preview)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Of the two, this one cannot name several sites: the policy says it all.
    headers.remove(header::X_FRAME_OPTIONS);
    headers.remove(HeaderName::from_static("cross-origin-opener-policy"));
    open_to_others(&mut response);
    response
}

/// A page that asks for isolation may show only what says that it lets itself be shown.
fn open_to_others(response: &mut Response) {
    let name = HeaderName::from_static("cross-origin-resource-policy");
    response.headers_mut().insert(name, HeaderValue::from_static("cross-origin"));
}

async fn for_others(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    open_to_others(&mut response);
    response
}

/// The script of the site that shows the portal. Its path has no hash, since others wrote it down: it is asked for anew.
async fn embed() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, assets::EMBED).into_response()
}

async fn missing() -> Failure {
    Failure::missing("page")
}
