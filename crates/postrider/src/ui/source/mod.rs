//! The page of a source, for whoever has a link to it: what came and what was refused, to look at.
//!
//! The link brings its token in the fragment of the address, which browsers send to nobody. A script hands it over once,
//! and it becomes a cookie for this page, which scripts cannot read. Nothing here changes anything, so that a page
//! elsewhere that makes a visitor's browser ask gains nothing.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use postrider_core::id::MessageId;
use postrider_store::{Edge, Page as Rows};
use tokio::sync::Semaphore;

use crate::context::Context;
use crate::service::sources::{self, PAGE, Viewed};
use crate::ui::form::Form;
use crate::ui::{self, Page, visitor};

/// The cookie with the token.
const COOKIE: &str = "source_key";
/// Received requests on one page.
const ROWS: usize = 50;

/// Pages that are made at once.
const PLACES: usize = 8;

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    context: Context,
    places: Arc<Semaphore>,
}

/// The page, and what takes the token for it.
pub(super) fn router(context: Context) -> Router {
    let shared = Shared { context, places: Arc::new(Semaphore::new(PLACES)) };
    Router::new().route(PAGE, get(show)).route(&format!("{PAGE}/open"), post(open)).with_state(shared)
}

/// What the address asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    /// The event on the right.
    event: Option<MessageId>,
    /// Only what came before this one.
    before: Option<MessageId>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "event" => asked.event = value.parse().ok(),
                "before" => asked.before = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }
}

async fn show(State(Shared { context, places }): State<Shared>, request: Request) -> Response {
    let Ok(_place) = places.acquire().await else { return page::locked(false).into_response() };
    let token = visitor::cookie(request.headers(), COOKIE).unwrap_or_default();
    let asked = Asked::read(request.uri().query().unwrap_or_default());
    match sources::look_through(&context, token).await {
        Ok(Some(viewed)) => shown(&context, &viewed, &asked).await,
        Ok(None) => page::locked(!token.is_empty()).into_response(),
        Err(error) => trouble(&error),
    }
}

async fn shown(context: &Context, viewed: &Viewed, asked: &Asked) -> Response {
    let rows = Rows { limit: ROWS, edge: asked.before.map(Edge::After), order: None };
    let gathered = async {
        let event = match asked.event {
            Some(id) => viewed.reception(context, id).await?,
            None => None,
        };
        Ok((viewed.receptions(context, rows).await?, viewed.refusals(context).await?, event))
    };
    match gathered.await {
        Ok((listed, refused, event)) => page::of(viewed, &listed, &refused, asked, event).into_response(),
        Err(error) => trouble(&error),
    }
}

/// Takes the token from the form of the locked page and makes it a cookie.
async fn open(State(Shared { context, .. }): State<Shared>, request: Request) -> Response {
    let Ok(form) = Form::read(&context, request).await else {
        return page::locked(true).with_status(StatusCode::FORBIDDEN).into_response();
    };
    let token = form.get("key");
    match sources::look_through(&context, token).await {
        Ok(Some(_)) => {
            let mut response = ui::page::see(PAGE);
            visitor::set_cookie(&context, &mut response, COOKIE, token, PAGE);
            response
        }
        Ok(None) => page::locked(true).into_response(),
        Err(error) => trouble(&error),
    }
}

fn trouble(error: &postrider_store::Error) -> Response {
    tracing::warn!(%error, "failed to show a source");
    Page::new("Not now", &[], &page::trouble()).with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}
