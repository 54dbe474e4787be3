//! The face of request bins: what is sent to `/bin/NAME` or below it, and the page, JSON and live view of what came.
//!
//! What is ours and what is captured, the first that fits:
//!
//! 1. `/bin/shared/TOKEN` and everything below it is a shared link, which only reads.
//! 2. Below `/bin/NAME/-/`, every method: what the page links to and what its forms act on.
//! 3. `GET /bin/NAME` is the page for who asks for HTML and JSON for everybody else; `GET /bin/NAME/live` is the live view;
//!    `GET`, `PUT` and `DELETE /bin/NAME/script` are the script.
//! 4. Everything else is kept and answered as the script says: every other method, and every other path. A script may say
//!    that a `GET` of the address itself belongs to this, too, unless it asks for HTML.
//!
//! In reading order: [`address`] (the rule above), [`capture`], [`withheld`], [`viewer`] (who reads), [`json`], [`page`],
//! [`live`], [`export`], [`act`] (the forms), [`told`] (refusals).
//!
//! Not behind the guard of the API: other servers' webhooks are what is meant to come here, our own above all.

mod act;
mod address;
mod capture;
mod export;
mod json;
mod live;
mod page;
mod told;
mod viewer;
mod withheld;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::{HeaderMap, Method, StatusCode, header};
use tokio::sync::Semaphore;

use self::address::{Address, Door, Place};
use self::viewer::Viewer;
use crate::context::Context;

/// Requests whose bodies are being read at once.
const PLACES: usize = 1_024;

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    context: Context,
    places: Arc<Semaphore>,
}

/// All bins.
pub fn router(context: Context) -> Router {
    let shared = Shared { context, places: Arc::new(Semaphore::new(PLACES)) };
    Router::new().route("/bin/{*address}", any(serve)).with_state(shared)
}

async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Address { door, tail } = Address::read(&path);
    let place = Place::of(request.method(), tail);
    let bins = &shared.context.bins;
    match (door, place) {
        (Door::Bin(name), Place::Other) => capture::serve(&shared, name, tail, request).await,
        (Door::Bin(name), Place::Front) if is_captured(&shared, name, &request) => {
            capture::serve(&shared, name, tail, request).await
        }
        (Door::Bin(name), Place::Own("open")) => viewer::open(&shared.context, name, request).await,
        (door, place) => match Viewer::enter(bins, door, request.headers()) {
            Ok(viewer) => look(&shared.context, viewer, place, request).await,
            Err(refused) => refused.answer(door, wants_page(request.headers())),
        },
    }
}

/// What a viewer asks for.
async fn look(context: &Context, viewer: Viewer, place: Place<'_>, request: Request) -> Response {
    match (place, request.method()) {
        (Place::Front, _) if wants_page(request.headers()) => {
            page::serve(context, &viewer, request.uri().query())
        }
        (Place::Front, _) => json::serve(context, &viewer),
        (Place::Live, _) => live::serve(context, viewer, &request),
        (Place::Script, &Method::GET) => act::script::show(context, &viewer),
        (Place::Script, _) => act::script::change(context, &viewer, request).await,
        (Place::Own(path), &Method::GET) => export::serve(context, &viewer, path),
        (Place::Own(path), &Method::POST) => act::serve(context, &viewer, path, request).await,
        (Place::Own(_) | Place::Other, _) => told::not_found(),
    }
}

/// Whether a `GET` of the bin's own address is a request to be kept.
fn is_captured(shared: &Shared, name: &str, request: &Request) -> bool {
    !wants_page(request.headers()) && shared.context.bins.overview(name).script.capture_get
}

/// Whether a browser asks, which is the only one that prefers HTML.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.to_ascii_lowercase().contains("text/html")
}

/// JSON with the headers that all of it has.
fn answer_json(status: StatusCode, text: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
